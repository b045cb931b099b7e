//! Anthropic's Messages API.

use syntopen_shared::secret::Secret;

pub mod error;
pub mod request;
pub mod response;
pub mod stream;

/// The version whose rules the requests keep; later ones refuse sampling parameters.
pub const HEADERS: [(&str, &str); 1] = [("anthropic-version", "2023-06-01")];

/// The tool by which a model is asked for JSON that has no other way to promise it. A client cannot have a tool of this
/// name beside it, since such a request with tools is refused.
pub(crate) const JSON_TOOL: &str = "syntopen_json_answer";

/// Where messages are asked for. `base_url` may end in a slash.
#[must_use]
pub fn url(base_url: &str) -> String {
    format!("{}/v1/messages", base_url.trim_end_matches('/'))
}

/// The header, name and value, that shows the gateway's credential.
#[must_use]
pub fn authorization(credential: &Secret) -> (&'static str, Secret) {
    ("x-api-key", credential.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_authorizes() {
        assert_eq!(url("https://api.anthropic.com"), "https://api.anthropic.com/v1/messages");
        assert_eq!(url("http://127.0.0.1:9000/"), "http://127.0.0.1:9000/v1/messages");
        let (name, value) = authorization(&Secret::new("sk-ant-1".to_owned()));
        assert_eq!((name, value.expose()), ("x-api-key", "sk-ant-1"));
    }
}
