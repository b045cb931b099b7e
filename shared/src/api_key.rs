//! The API key that a customer holds: `sk-syn-` and 43 base62 characters, 256 bits from the operating system.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::random;

const PREFIX: &str = "sk-syn-";
const RANDOM_CHARS: usize = 43;
const SHOWN_CHARS: usize = 4;

/// The plaintext of an API key. It lives for one answer: it is never stored or logged, and its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// A new key.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: then no key is better than a weak one.
    #[must_use]
    pub fn generate() -> Self {
        let mut key = String::with_capacity(PREFIX.len() + RANDOM_CHARS);
        key.push_str(PREFIX);
        random::fill(&mut key, PREFIX.len() + RANDOM_CHARS);
        Self(key)
    }

    /// Reads a key that a client sent; `None` where it has not the form of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let random = text.strip_prefix(PREFIX)?;
        let well_formed = random.len() == RANDOM_CHARS && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
        well_formed.then(|| Self(text.to_owned()))
    }

    /// What is stored and looked up instead of the key.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(self.0.as_bytes()).into())
    }

    /// The beginning of the key, by which its owner recognises it in a list.
    #[must_use]
    pub fn display_prefix(&self) -> String {
        format!("{}…", &self.0[..PREFIX.len() + SHOWN_CHARS])
    }

    /// The key itself, for the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(sk-syn-***)")
    }
}

/// SHA-256 of a whole API key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest as 64 lower-case hexadecimal digits, the form in which the book stores it.
    #[must_use]
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_keys_parse_and_differ() {
        let (one, other) = (ApiKey::generate(), ApiKey::generate());
        assert_ne!(one, other);
        assert_eq!(one.expose().len(), 50);
        assert_eq!(ApiKey::parse(one.expose()), Some(one.clone()));
        assert!(one.expose().starts_with(one.display_prefix().trim_end_matches('…')));
        assert!(!format!("{one:?}").contains(&one.expose()[7..]));
    }

    #[test]
    fn refuses_what_is_no_key() {
        let key = ApiKey::generate();
        for text in [
            "",
            "sk-syn-",
            "sk-proj-abc",
            &key.expose()[..49],
            &format!("{}x", key.expose()),
            &key.expose().replace("sk-syn-", "SK-SYN-"),
        ] {
            assert_eq!(ApiKey::parse(text), None, "{text}");
        }
        assert_eq!(ApiKey::parse(&format!("sk-syn-{}", "é".repeat(21) + "a")), None);
    }
}
