//! Who may ask, and in which version of the protocol.

use syntopen_shared::secret::Secret;

use super::error::Refusal;
use crate::simulator::http::Request;
use crate::simulator::leaks;

/// The version of the protocol that is simulated.
const VERSION: &str = "2023-06-01";

/// Refuses a request whose key or version is wrong, or that carries what belongs to a customer of the gateway.
pub(super) fn check(request: &Request, api_key: Option<&Secret>) -> Result<(), Refusal> {
    // The service takes a key in either header, and newer clients use the second.
    let bearer = || request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let (own, given) = match request.header("x-api-key") {
        None => ("authorization", bearer()),
        given => ("x-api-key", given),
    };
    if let Some(name) = leaks::find(request, own) {
        return Err(Refusal::new(&format!("The header {name} must not reach a provider.")));
    }
    match (given, api_key) {
        (None | Some(""), _) => return Err(Refusal::of_status(401, "x-api-key header is required")),
        (Some(given), Some(expected)) if given != expected.expose() => {
            return Err(Refusal::of_status(401, "invalid x-api-key"));
        }
        _ => {}
    }
    match request.header("anthropic-version") {
        Some(VERSION) => {}
        None => return Err(Refusal::new("anthropic-version: header is required")),
        Some(other) => {
            return Err(Refusal::new(&format!("anthropic-version: \"{other}\" is not a valid version")));
        }
    }
    match request.header("content-type") {
        Some(kind) if kind.starts_with("application/json") => Ok(()),
        _ => Err(Refusal::new("content-type: must be application/json")),
    }
}
