//! Who may ask.

use syntopen_shared::secret::Secret;

use super::error::Refusal;
use crate::simulator::http::Request;
use crate::simulator::leaks;

/// Refuses a request whose key is wrong, or that carries what belongs to a customer of the gateway.
pub(super) fn check(request: &Request, api_key: Option<&Secret>) -> Result<(), Refusal> {
    if let Some(name) = leaks::find(request, "authorization") {
        return Err(Refusal::of_param(name, &format!("The header {name} must not reach a provider.")));
    }
    let given = request.header("authorization").and_then(|value| value.split_once(' '));
    let given = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, key)| key.trim());
    match (given, api_key) {
        (None | Some(""), _) => Err(Refusal::new(401, "You didn't provide an API key.")),
        (Some(given), Some(expected)) if given != expected.expose() => {
            Err(Refusal::new(401, "Incorrect API key provided."))
        }
        _ => Ok(()),
    }
}
