//! Who may ask.

use serde_json::json;
use syntopen_shared::secret::Secret;

use super::error::Refusal;
use crate::simulator::http::Request;
use crate::simulator::leaks;

/// Refuses a request whose key is wrong, or that carries what belongs to a customer of the gateway. A key in the query
/// is not looked at: it ends up in logs.
pub(super) fn check(request: &Request, api_key: Option<&Secret>) -> Result<(), Refusal> {
    if let Some(name) = leaks::find(request, "x-goog-api-key") {
        return Err(Refusal::new(&format!("The header {name} must not reach a provider.")));
    }
    match (request.header("x-goog-api-key"), api_key) {
        (None | Some(""), _) => {
            let text = "Method doesn't allow unregistered callers (callers without established identity). Please use API \
                Key or other form of API consumer identity to call this API.";
            Err(Refusal::of_status(403, text))
        }
        (Some(given), Some(expected)) if given != expected.expose() => Err(invalid_key()),
        _ => Ok(()),
    }
}

/// A wrong key is no 401 here.
pub(super) fn invalid_key() -> Refusal {
    let text = "API key not valid. Please pass a valid API key.";
    let details = json!([
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com",
            "metadata": {"service": "generativelanguage.googleapis.com"}},
        {"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": text},
    ]);
    Refusal::new(text).with_details(details)
}
