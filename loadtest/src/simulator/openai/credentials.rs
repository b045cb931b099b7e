//! Who may ask, and the proof that a gateway in front keeps its customers' credentials to itself.

use syntopen_shared::secret::Secret;

use super::error::Refusal;
use crate::simulator::http::Request;

/// How every key begins that the gateway gives to its customers.
const CUSTOMER_KEY: &str = "sk-syn-";
/// Where clients put credentials, apart from `Authorization`, which OpenAI reads.
const CREDENTIAL_HEADERS: [&str; 6] =
    ["cookie", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "x-auth-token"];
/// The cookie that answers set, which a client that keeps cookies sends back.
pub(in crate::simulator) const OWN_COOKIE: &str = "__cf_bm=simulator";
/// How every header begins that is between the gateway and its customers.
const GATEWAY_HEADER: &str = "x-syntopen-";

/// Refuses a request whose key is wrong, or that carries what belongs to a customer of the gateway.
pub(super) fn check(request: &Request, api_key: Option<&Secret>) -> Result<(), Refusal> {
    for (name, value) in &request.headers {
        let leaks = value.contains(CUSTOMER_KEY)
            || (CREDENTIAL_HEADERS.contains(&name.as_str()) && value != OWN_COOKIE)
            || name.starts_with(GATEWAY_HEADER);
        if leaks {
            return Err(Refusal::of_param(name, &format!("The header {name} must not reach a provider.")));
        }
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
