//! OpenAI's Chat Completions API, and the many servers that are compatible with it.

use syntopen_shared::secret::Secret;

pub mod error;
pub mod request;
pub mod response;
pub mod stream;

/// Where completions are asked for. `base_url` may end in a slash.
#[must_use]
pub fn url(base_url: &str) -> String {
    format!("{}/chat/completions", base_url.trim_end_matches('/'))
}

/// The header, name and value, that shows the gateway's credential.
#[must_use]
pub fn authorization(credential: &Secret) -> (&'static str, Secret) {
    ("authorization", Secret::new(format!("Bearer {}", credential.expose())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_authorizes() {
        assert_eq!(url("https://api.openai.com/v1"), "https://api.openai.com/v1/chat/completions");
        assert_eq!(url("http://127.0.0.1:9000/v1/"), "http://127.0.0.1:9000/v1/chat/completions");
        let (name, value) = authorization(&Secret::new("sk-1".to_owned()));
        assert_eq!((name, value.expose()), ("authorization", "Bearer sk-1"));
    }
}
