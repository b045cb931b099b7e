//! Sealed secrets of second factors (AES-256-GCM), each of one user.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest as _, Sha256};
use syntopen_shared::id::UserId;

use crate::config::SecondFactorKey;
use crate::error::Unavailable;

/// Before what is sealed; no secret of a second factor begins so.
const SEALED: &str = "sealed:";
/// What the key is for, so that the same text serves nothing else.
const PURPOSE: &[u8] = b"second factor\0";

/// Seals what is stored, where there is a key, and opens it.
pub(crate) struct Seal(Option<LessSafeKey>);

impl Seal {
    pub(crate) fn new(key: Option<&SecondFactorKey>) -> Self {
        let key = key.and_then(|key| {
            let digest = Sha256::new().chain_update(PURPOSE).chain_update(key.expose()).finalize();
            UnboundKey::new(&AES_256_GCM, &digest).ok()
        });
        Self(key.map(LessSafeKey::new))
    }

    /// Whether this is stored as it is although it could be sealed.
    pub(crate) fn is_open(&self, stored: &str) -> bool {
        self.0.is_some() && !stored.starts_with(SEALED)
    }

    /// What is stored of a secret.
    pub(crate) fn seal(&self, user: UserId, secret: &str) -> Result<String, Unavailable> {
        let Some(key) = &self.0 else { return Ok(secret.to_owned()) };
        let mut nonce = [0; NONCE_LEN];
        OsRng.try_fill_bytes(&mut nonce).map_err(|_| Unavailable)?;
        let mut sealed = secret.as_bytes().to_vec();
        let of = Aad::from(user.to_string());
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), of, &mut sealed).map_err(|_| Unavailable)?;
        Ok(format!("{SEALED}{}", STANDARD_NO_PAD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// The secret of what is stored; what was stored before there was a key is itself.
    pub(crate) fn open(&self, user: UserId, stored: &str) -> Result<String, Unavailable> {
        let Some(sealed) = stored.strip_prefix(SEALED) else { return Ok(stored.to_owned()) };
        self.unseal(user, sealed).ok_or_else(|| {
            tracing::error!(%user, "a second factor was sealed with another {}", SecondFactorKey::NAME);
            Unavailable
        })
    }

    fn unseal(&self, user: UserId, sealed: &str) -> Option<String> {
        let mut bytes = STANDARD_NO_PAD.decode(sealed).ok()?;
        let (nonce, rest) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let secret = self.0.as_ref()?.open_in_place(nonce, Aad::from(user.to_string()), rest).ok()?;
        String::from_utf8(secret.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn with(letter: &str) -> Seal {
        Seal::new(Some(&letter.repeat(43).parse().unwrap()))
    }

    #[test]
    fn what_is_sealed_is_of_one_user_and_one_key() {
        let (seal, user) = (with("a"), UserId::mint());
        let (one, other) = (seal.seal(user, SECRET).unwrap(), seal.seal(user, SECRET).unwrap());
        assert!(one != other && !one.contains(SECRET) && !seal.is_open(&one), "{one}");
        assert_eq!(seal.open(user, &one).unwrap(), SECRET);
        assert_eq!(seal.open(user, &other).unwrap(), SECRET);
        assert!(seal.open(UserId::mint(), &one).is_err());
        assert!(with("b").open(user, &one).is_err() && Seal::new(None).open(user, &one).is_err());
        for damaged in [&one[..one.len() - 2], "sealed:", "sealed:!", "sealed:AAAA"] {
            assert!(seal.open(user, damaged).is_err(), "{damaged}");
        }
    }

    #[test]
    fn without_a_key_it_is_stored_as_it_is() {
        let (none, user) = (Seal::new(None), UserId::mint());
        assert_eq!(none.seal(user, SECRET).unwrap(), SECRET);
        assert!(!none.is_open(SECRET) && with("a").is_open(SECRET));
        assert_eq!(with("a").open(user, SECRET).unwrap(), SECRET, "what was there before goes on working");
    }
}
