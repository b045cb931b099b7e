//! Values that must not be shown.

use std::fmt;
use std::hint::black_box;
use std::str::FromStr;

/// A credential. It has no `Display`, its `Debug` hides it, and it is not serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a credential.
    #[must_use]
    pub const fn new(value: String) -> Self {
        Self(value)
    }

    /// Whether `shown` is this credential. Takes a time that tells of the lengths alone, so that it cannot be guessed
    /// byte by byte.
    #[must_use]
    pub fn is(&self, shown: &[u8]) -> bool {
        let pairs = shown.iter().zip(self.0.as_bytes());
        let differing = pairs.fold(0, |differing, (one, other)| black_box(differing | (one ^ other)));
        shown.len() == self.0.len() && differing == 0
    }

    /// The credential itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_credential_is_the_same() {
        let secret = Secret::new("secret".to_owned());
        assert!(secret.is(b"secret"));
        for wrong in ["", "s", "secre", "secrets", "Secret", "secreT"] {
            assert!(!secret.is(wrong.as_bytes()), "{wrong}");
        }
    }
}
