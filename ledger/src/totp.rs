//! Codes of the second factor (TOTP, RFC 6238: six digits, 30 s, SHA-1, as every authenticator app knows it), and
//! recovery codes. Time is an argument.

use rand::rngs::OsRng;
use rand::{RngCore as _, TryRngCore as _};
use sha2::{Digest as _, Sha256};
use totp_rs::{Builder, Secret, Totp};

const ISSUER: &str = "Syntopen";
const DIGITS: usize = 6;
/// How many recovery codes there are at once.
const CODES: usize = 10;
/// So many wrong codes are forgiven, then each makes the wait twice as long: whoever has the password gets a few
/// dozen tries a day at a million codes.
const FREE_FAILURES: i64 = 5;
const FIRST_WAIT_MS: i64 = 30_000;
const DOUBLINGS_MAX: i64 = 7;

/// A new secret of 160 bits, in base32.
pub(crate) fn new_secret() -> String {
    base32::<20>()
}

/// The secret as authenticator apps read it. `None` where it is none.
pub(crate) fn uri(secret: &str, email: &str) -> Option<String> {
    // A colon would end the issuer's name.
    let account = email.replace(':', "_");
    let builder = builder(secret)?.with_issuer(Some(ISSUER)).with_account_name(account);
    builder.build().ok()?.to_url().ok()
}

/// The time step of which this is the code, now or just before or after.
pub(crate) fn step_of(secret: &str, code: &str, now_ms: i64) -> Option<i64> {
    let is_code = code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = u64::try_from(now_ms / 1_000).ok()?;
    let totp: Totp = builder(secret)?.build().ok()?;
    totp.check(code, seconds).filter(|_| is_code).and_then(|step| i64::try_from(step).ok())
}

/// How long codes are refused after so many wrong ones in a row, the last of them at `failed_ms`.
pub(crate) fn refused_until_ms(failed: i64, failed_ms: i64) -> i64 {
    if failed < FREE_FAILURES {
        return 0;
    }
    failed_ms.saturating_add(FIRST_WAIT_MS << (failed - FREE_FAILURES).min(DOUBLINGS_MAX))
}

/// New recovery codes of 80 bits each, in groups of four.
pub(crate) fn new_recovery_codes() -> Vec<String> {
    let grouped = |code: String| {
        let lower = code.to_lowercase();
        let groups: Vec<_> = (0..lower.len()).step_by(4).filter_map(|at| lower.get(at..at + 4)).collect();
        groups.join("-")
    };
    (0..CODES).map(|_| grouped(base32::<10>())).collect()
}

/// What is stored of a recovery code, however it is typed.
pub(crate) fn recovery_hash(code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    Sha256::digest(plain).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn builder(secret: &str) -> Option<Builder> {
    Secret::try_from_base32(secret).ok().map(|secret| Builder::new().with_secret(secret))
}

/// Unguessable bytes of the operating system; without any, no secret is better than a weak one.
fn base32<const N: usize>() -> String {
    let mut bytes = [0; N];
    OsRng.unwrap_err().fill_bytes(&mut bytes);
    Secret::from(bytes.to_vec()).to_base32()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn codes_of_the_standard() {
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(step_of(SECRET, code, seconds * 1_000), Some(seconds / 30));
            assert_eq!(step_of(SECRET, code, (seconds + 30) * 1_000), Some(seconds / 30), "a slow hand");
            assert_eq!(step_of(SECRET, code, (seconds + 90) * 1_000), None);
        }
        for code in ["", "28708", "2870822", "28708a", "287 082", "２８７０８２"] {
            assert_eq!(step_of(SECRET, code, 59_000), None, "{code}");
        }
        assert_eq!(step_of("no base32!", "287082", 59_000), None);
    }

    #[test]
    fn secrets_and_uris() {
        let (one, other) = (new_secret(), new_secret());
        assert_eq!((one.len(), one == other), (32, false));
        let uri = uri(&one, "a:da+x@example.com").unwrap();
        assert!(uri.starts_with("otpauth://totp/Syntopen:") && uri.contains(&format!("secret={one}")), "{uri}");
    }

    #[test]
    fn recovery_codes_are_read_however_they_are_typed() {
        let codes = new_recovery_codes();
        assert_eq!(codes.len(), CODES);
        assert_eq!(codes[0].len(), 19);
        assert_ne!(codes[0], codes[1]);
        assert_eq!(recovery_hash(&codes[0]), recovery_hash(&format!(" {} ", codes[0].replace('-', "").to_uppercase())));
        assert_ne!(recovery_hash(&codes[0]), recovery_hash(&codes[1]));
    }

    #[test]
    fn wrong_codes_cost_time() {
        assert_eq!(refused_until_ms(4, 1_000), 0);
        assert_eq!(refused_until_ms(5, 1_000), 31_000);
        assert_eq!(refused_until_ms(6, 1_000), 61_000);
        assert_eq!(refused_until_ms(1_000_000, 0), 64 * 60_000);
    }
}
