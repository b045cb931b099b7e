//! Google's Gemini API.

use std::fmt::Write as _;

use syntopen_shared::secret::Secret;

use crate::protocol::ChatRequest;

pub mod error;
pub mod request;
pub mod response;
pub mod stream;

/// How the answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// As a whole.
    Generate,
    /// In server-sent events.
    Stream,
}

impl Method {
    /// How the client wants the answer.
    #[must_use]
    pub const fn of(request: &ChatRequest) -> Self {
        if request.is_stream() { Self::Stream } else { Self::Generate }
    }
}

/// Where content is asked for. `base_url` may end in a slash, and `model` may begin with `models/`.
#[must_use]
pub fn url(base_url: &str, model: &str, method: Method) -> String {
    let method = match method {
        Method::Generate => "generateContent",
        Method::Stream => "streamGenerateContent?alt=sse",
    };
    let model = one_segment(model.strip_prefix("models/").unwrap_or(model));
    format!("{}/v1beta/models/{model}:{method}", base_url.trim_end_matches('/'))
}

/// The header, name and value, that shows the gateway's credential.
#[must_use]
pub fn authorization(credential: &Secret) -> (&'static str, Secret) {
    ("x-goog-api-key", credential.clone())
}

/// A name as one segment of a path: what has a meaning there, a slash or a colon above all, is escaped.
fn one_segment(name: &str) -> String {
    let mut segment = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            segment.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _written = write!(segment, "%{byte:02X}");
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_authorizes() {
        let base = "https://generativelanguage.googleapis.com";
        assert_eq!(
            url(base, "gemini-1.5-pro", Method::Generate),
            format!("{base}/v1beta/models/gemini-1.5-pro:generateContent")
        );
        assert_eq!(
            url("http://127.0.0.1:9000/", "models/gemini-2.0-flash-exp", Method::Stream),
            "http://127.0.0.1:9000/v1beta/models/gemini-2.0-flash-exp:streamGenerateContent?alt=sse"
        );
        let (name, value) = authorization(&Secret::new("k-1".to_owned()));
        assert_eq!((name, value.expose()), ("x-goog-api-key", "k-1"));
    }

    #[test]
    fn a_model_is_one_segment_of_the_path() {
        for (model, segment) in
            [("a/../b", "a%2F..%2Fb"), ("a:b@1", "a%3Ab%401"), ("a?b#c d", "a%3Fb%23c%20d"), ("é", "%C3%A9")]
        {
            let expected = format!("http://u/v1beta/models/{segment}:generateContent");
            assert_eq!(url("http://u", model, Method::Generate), expected);
        }
    }
}
