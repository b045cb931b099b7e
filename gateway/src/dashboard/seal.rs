//! The secret with which the dashboard proves what it has made itself.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use syntopen_shared::secret::Secret;
use syntopen_shared::token::Token;

use crate::config::{Config, Profile};

/// The file in the data directory that keeps the secret.
const SECRET_FILE: &str = "session-secret";
/// What the secret of a cluster is for, which has one token for everything.
const OF_A_CLUSTER: &str = "dashboard";

/// Makes and checks proofs (HMAC-SHA-256, RFC 2104). The same in all replicas.
pub struct Seal(Secret);

impl Seal {
    /// The seal of a gateway with these settings.
    ///
    /// # Errors
    /// When the data directory keeps none and takes none.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let secret = match (&config.dashboard.session_secret, &config.profile) {
            (Some(secret), _) => secret.clone(),
            (None, Profile::Embedded(data_dir)) => kept(&data_dir.join(SECRET_FILE))?,
            (None, Profile::Cluster(cluster)) => Secret::new(Self(cluster.token.clone()).prove(OF_A_CLUSTER, "")),
        };
        Ok(Self(secret))
    }

    /// The proof that `purpose` was granted to `text` here.
    #[must_use]
    pub fn prove(&self, purpose: &str, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(purpose, text).finalize().into_bytes())
    }

    /// Whether that is the proof. Takes a time that does not tell how much of it is right.
    #[must_use]
    pub fn is_proof(&self, (purpose, text): (&str, &str), proof: &str) -> bool {
        let decoded = URL_SAFE_NO_PAD.decode(proof);
        decoded.is_ok_and(|proof| self.mac(purpose, text).verify_slice(&proof).is_ok())
    }

    fn mac(&self, purpose: &str, text: &str) -> Hmac<Sha256> {
        // A key of any length is taken: what is too long is hashed first.
        let mut mac = Hmac::new_from_slice(self.0.expose().as_bytes()).unwrap_or_else(|_| Hmac::new(&[0; 64].into()));
        mac.update(purpose.as_bytes());
        mac.update(b"\0");
        mac.update(text.as_bytes());
        mac
    }
}

fn kept(path: &Path) -> anyhow::Result<Secret> {
    let cannot = || format!("the secret of the dashboard cannot be kept in {}", path.display());
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            let token = Token::generate();
            file.write_all(token.expose().as_bytes()).and_then(|()| file.sync_all()).with_context(cannot)?;
            Ok(Secret::new(token.expose().to_owned()))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let text = std::fs::read_to_string(path).with_context(cannot)?;
            let token = Token::parse(&text).with_context(|| format!("{} is damaged: remove it", path.display()))?;
            Ok(Secret::new(token.expose().to_owned()))
        }
        Err(error) => Err(error).with_context(cannot),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_are_of_one_purpose_text_and_secret() {
        let (seal, other) = (Seal(Secret::new("one".to_owned())), Seal(Secret::new("other".to_owned())));
        let proof = seal.prove("form", "token");
        assert!(seal.is_proof(("form", "token"), &proof));
        assert!(!seal.is_proof(("link", "token"), &proof));
        assert!(!seal.is_proof(("form", "tokens"), &proof));
        assert!(!other.is_proof(("form", "token"), &proof));
        assert!(!seal.is_proof(("form", "token"), ""));
    }

    #[test]
    fn a_kept_secret_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        let (made, found) = (kept(&path).unwrap(), kept(&path).unwrap());
        assert!(made.is(found.expose().as_bytes()));
        std::fs::write(&path, "damaged").unwrap();
        assert!(kept(&path).is_err());
    }
}
