//! Tokens of the dashboard: what a browser's cookie or a link in a message carries. 43 base62 characters, 256 bits from
//! the operating system; stored is SHA-256 of it.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::random;

const CHARS: usize = 43;

/// The plaintext of a token. It is never stored or logged, and its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new token.
    ///
    /// # Panics
    /// When the operating system has no randomness to give.
    #[must_use]
    pub fn generate() -> Self {
        let mut token = String::with_capacity(CHARS);
        random::fill(&mut token, CHARS);
        Self(token)
    }

    /// Reads a token that a client sent; `None` where it has not the form of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        well_formed.then(|| Self(text.to_owned()))
    }

    /// What is stored and looked up instead of the token.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The token itself, for the one cookie or link that carries it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// SHA-256 of a token, as 64 lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(String);

impl TokenHash {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_tokens_parse_and_differ() {
        let (one, other) = (Token::generate(), Token::generate());
        assert_ne!(one, other);
        assert_ne!(one.hash(), other.hash());
        assert_eq!(Token::parse(one.expose()), Some(one.clone()));
        assert_eq!(one.hash().as_str().len(), 64);
        for text in ["", "short", &"é".repeat(21), &format!("{}x", one.expose()), &one.expose()[1..]] {
            assert_eq!(Token::parse(text), None, "{text}");
        }
        assert!(!format!("{one:?}{:?}", one.hash()).contains(one.expose()));
    }
}
