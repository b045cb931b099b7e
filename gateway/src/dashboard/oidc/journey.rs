//! What a browser carries while it is at the identity provider.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use syntopen_shared::token::Token;

use crate::dashboard::seal::Seal;

const PURPOSE: &str = "oidc";
/// So long may it take to sign in there.
const MINUTES: i64 = 10;
/// A cookie has no room for more.
const NEXT_BYTES_MAX: usize = 1_000;

/// A sign-in that is under way elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Journey {
    token: Token,
    /// Where it leads in the end.
    pub(crate) next: String,
    expires_ms: i64,
}

/// What the provider is told, and has to say again or to prove.
pub(crate) struct Secrets {
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
}

#[derive(Deserialize, Serialize)]
struct Written<'a>(&'a str, &'a str, i64);

impl Journey {
    /// A new one, which leads to `next`.
    pub(crate) fn begin(next: String, now_ms: i64) -> Self {
        let next = if next.len() <= NEXT_BYTES_MAX { next } else { String::new() };
        Self { token: Token::generate(), next, expires_ms: now_ms + MINUTES * 60_000 }
    }

    /// What follows from it, for whoever knows the dashboard's secret.
    pub(crate) fn secrets(&self, seal: &Seal) -> Secrets {
        let of = |what| seal.prove(what, self.token.expose());
        Secrets { state: of("oidc.state"), nonce: of("oidc.nonce"), verifier: of("oidc.verifier") }
    }

    /// Whether the provider has brought back the state of this one.
    pub(crate) fn is_of(&self, seal: &Seal, state: &str) -> bool {
        seal.is_proof(("oidc.state", self.token.expose()), state)
    }

    /// The cookie's value.
    pub(crate) fn sealed(&self, seal: &Seal) -> String {
        let written = serde_json::to_string(&Written(self.token.expose(), &self.next, self.expires_ms));
        let written = URL_SAFE_NO_PAD.encode(written.unwrap_or_default());
        let proof = seal.prove(PURPOSE, &written);
        format!("{written}.{proof}")
    }

    /// What a cookie says, where it was made here and is not too old.
    pub(crate) fn open(seal: &Seal, cookie: &str, now_ms: i64) -> Option<Self> {
        let (written, proof) = cookie.split_once('.')?;
        if !seal.is_proof((PURPOSE, written), proof) {
            return None;
        }
        let read = URL_SAFE_NO_PAD.decode(written).ok()?;
        let Written(token, next, expires_ms) = serde_json::from_slice(&read).ok()?;
        let token = Token::parse(token).filter(|_| now_ms < expires_ms)?;
        Some(Self { token, next: next.to_owned(), expires_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn only_what_was_made_here_is_believed() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::read([("SYNTOPEN_DATA_DIR", dir.path().to_str().unwrap())].into()).unwrap();
        let seal = Seal::open(&config).unwrap();
        let journey = Journey::begin("/dashboard/keys".to_owned(), 1_000);
        let cookie = journey.sealed(&seal);

        let found = Journey::open(&seal, &cookie, 2_000).unwrap();
        assert_eq!(found.next, "/dashboard/keys");
        let (secrets, others) = (found.secrets(&seal), Journey::begin(String::new(), 1_000).secrets(&seal));
        assert!(journey.is_of(&seal, &secrets.state) && !journey.is_of(&seal, &others.state));
        assert!(!cookie.contains(&secrets.verifier) && secrets.verifier.len() == 43);
        assert!(Journey::open(&seal, &cookie, 601_000).is_none(), "too old");
        let (written, proof) = cookie.split_once('.').unwrap();
        let forged = URL_SAFE_NO_PAD.encode(format!("[\"{}\",\"x\",99999999]", "A".repeat(43)));
        for wrong in [format!("{forged}.{proof}"), format!("{written}."), String::new(), "é".to_owned()] {
            assert!(Journey::open(&seal, &wrong, 2_000).is_none(), "{wrong}");
        }
        assert_eq!(Journey::begin("x".repeat(2_000), 0).next, "");
    }
}
