//! Whether an event is Stripe's: `Stripe-Signature: t=<seconds>,v1=<hex>,…` over `<seconds>.<body>`.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use syntopen_shared::secret::Secret;

/// How far Stripe's clock may be from ours, either way: what is older may be a replay.
const TOLERANCE_S: i64 = 300;
const SHA256_BYTES: usize = 32;

/// A signature that was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Signature<'a> {
    /// The text of the seconds, as they were signed.
    seconds: &'a str,
    /// One for each secret that is valid: while a secret is replaced there are two.
    proofs: Vec<[u8; SHA256_BYTES]>,
}

/// Why a signature is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// It cannot be read.
    #[error("the signature cannot be read")]
    Unreadable,
    /// Its time is too far from ours.
    #[error("the signature's time is more than {TOLERANCE_S} seconds from ours")]
    OutOfTime,
    /// It is another's, or of another body.
    #[error("the signature is not that of this body")]
    Wrong,
}

impl<'a> Signature<'a> {
    /// Reads the header, and looks at the time before anybody reads a body.
    ///
    /// # Errors
    /// [`Forged`].
    pub fn read(header: &'a str, now_ms: i64) -> Result<Self, Forged> {
        let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
        let seconds = parts().find(|(name, _)| *name == "t").map(|(_, value)| value).ok_or(Forged::Unreadable)?;
        let proofs: Vec<_> = parts().filter(|(name, _)| *name == "v1").filter_map(|(_, value)| unhex(value)).collect();
        if proofs.is_empty() || !seconds.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Forged::Unreadable);
        }
        let signed: i64 = seconds.parse().map_err(|_| Forged::Unreadable)?;
        let distance = (now_ms.div_euclid(1_000)).abs_diff(signed);
        if distance > TOLERANCE_S.unsigned_abs() {
            return Err(Forged::OutOfTime);
        }
        Ok(Self { seconds, proofs })
    }

    /// Whether one of the proofs is that of the body. Takes a time that does not tell how much of it is right.
    ///
    /// # Errors
    /// [`Forged::Wrong`].
    pub fn verify(&self, body: &[u8], secret: &Secret) -> Result<(), Forged> {
        let is_right = |proof: &[u8; SHA256_BYTES]| {
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return false };
            mac.update(self.seconds.as_bytes());
            mac.update(b".");
            mac.update(body);
            mac.verify_slice(proof).is_ok()
        };
        if self.proofs.iter().any(is_right) { Ok(()) } else { Err(Forged::Wrong) }
    }
}

fn unhex(text: &str) -> Option<[u8; SHA256_BYTES]> {
    let mut bytes = [0; SHA256_BYTES];
    if text.len() != 2 * SHA256_BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_test";
    const BODY: &[u8] = br#"{"id":"evt_1"}"#;
    /// What Stripe's own library for Python makes of them.
    const BY_STRIPE: &str = "b335f55649a9bc67e317b91684e07afa85fa6d3cafa524de9af4ea60a21e9f47";
    const NOW_MS: i64 = 1_795_549_346_250;

    fn sign(seconds: i64, body: &[u8], secret: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{seconds}.").as_bytes());
        mac.update(body);
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn check(header: &str, body: &[u8]) -> Result<(), Forged> {
        Signature::read(header, NOW_MS)?.verify(body, &Secret::new(SECRET.to_owned()))
    }

    #[test]
    fn one_right_proof_among_others_is_enough() {
        let now = NOW_MS / 1_000;
        assert_eq!(check(&format!("t={now},v1={BY_STRIPE}"), BODY), Ok(()));
        let (right, other) = (sign(now, BODY, SECRET), sign(now, BODY, "whsec_old"));
        assert_eq!(check(&format!("t={now},v1={right}"), BODY), Ok(()));
        assert_eq!(check(&format!("t={now},v1={other},v1={right},v0=abc"), BODY), Ok(()));
        assert_eq!(check(&format!("t={now},v1={other}"), BODY), Err(Forged::Wrong));
        assert_eq!(check(&format!("t={now},v1={right}"), b"{}"), Err(Forged::Wrong));
        assert_eq!(check(&format!("t={},v1={right}", now - 1), BODY), Err(Forged::Wrong));
        assert_eq!(check(&format!("t={now},v0={right}"), BODY), Err(Forged::Unreadable));
    }

    #[test]
    fn the_time_is_bounded_both_ways() {
        let now = NOW_MS / 1_000;
        for (seconds, expected) in [
            (now - 300, Ok(())),
            (now - 301, Err(Forged::OutOfTime)),
            (now + 300, Ok(())),
            (now + 301, Err(Forged::OutOfTime)),
        ] {
            assert_eq!(check(&format!("t={seconds},v1={}", sign(seconds, BODY, SECRET)), BODY), expected, "{seconds}");
        }
    }

    #[test]
    fn rubbish_is_refused() {
        for header in ["", "t=", "t=1", "v1=00", "t=-1,v1=00", "t=99999999999999999999,v1=00", "t=1,v1=zz", ",,,=,=="] {
            assert_eq!(check(header, BODY), Err(Forged::Unreadable), "{header}");
        }
    }
}
