//! The proof that a gateway in front keeps its customers' credentials to itself.

use crate::simulator::http::Request;

/// How every key begins that the gateway gives to its customers.
const CUSTOMER_KEY: &str = "sk-syn-";
/// Where clients put credentials, of which each provider reads one.
const CREDENTIAL_HEADERS: [&str; 7] =
    ["authorization", "cookie", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "x-auth-token"];
/// The cookie that answers set, which a client that keeps cookies sends back.
pub(super) const OWN_COOKIE: &str = "__cf_bm=simulator";
/// How every header begins that is between the gateway and its customers.
const GATEWAY_HEADER: &str = "x-syntopen-";

/// The name of a header that carries what belongs to a customer of the gateway; `own` is the one that the provider
/// reads its key from.
pub(super) fn find<'a>(request: &'a Request, own: &str) -> Option<&'a str> {
    let leaks = |(name, value): &&(String, String)| {
        let is_foreign = name != own && CREDENTIAL_HEADERS.contains(&name.as_str()) && value != OWN_COOKIE;
        is_foreign || value.contains(CUSTOMER_KEY) || name.starts_with(GATEWAY_HEADER)
    };
    request.headers.iter().find(leaks).map(|(name, _)| name.as_str())
}
