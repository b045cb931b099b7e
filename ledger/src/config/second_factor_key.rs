//! What secrets of second factors are sealed with.

use std::str::FromStr;

use syntopen_shared::secret::Secret;

/// As many characters as a key of 256 bits has in base64.
const CHARS_MIN: usize = 43;

/// `SYNTOPEN_SECOND_FACTOR_KEY`, unset by default: with it the secrets of second factors are sealed in the book.
///
/// Without it they are stored as they are. It is not replaced: what it sealed is read with no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactorKey(Secret);

impl SecondFactorKey {
    /// Its name in the environment.
    pub const NAME: &'static str = "SYNTOPEN_SECOND_FACTOR_KEY";

    /// Its text.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for SecondFactorKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.chars().count() < CHARS_MIN {
            return Err(format!("must have at least {CHARS_MIN} characters, such as `openssl rand -base64 32` prints"));
        }
        Ok(Self(Secret::new(text.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_long_and_not_shown() {
        let (short, long) = ("x".repeat(CHARS_MIN - 1), "x".repeat(CHARS_MIN));
        assert!(!short.parse::<SecondFactorKey>().unwrap_err().contains("xx"));
        assert!(!format!("{:?}", long.parse::<SecondFactorKey>().unwrap()).contains("xx"));
    }
}
