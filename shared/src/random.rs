//! Unguessable text from the operating system.

use rand::rngs::OsRng;
use rand::{RngCore as _, TryRngCore as _};

/// Characters of this alphabet are worth 5.95 bits each: 43 of them are 256 bits.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Appends base62 characters until the text has this length.
///
/// # Panics
/// When the operating system has no randomness to give: then no secret is better than a weak one.
pub(crate) fn fill(text: &mut String, length: usize) {
    let mut random = OsRng.unwrap_err();
    let mut pool = [0_u8; 64];
    while text.len() < length {
        random.fill_bytes(&mut pool);
        let missing = length - text.len();
        // Bytes from 248 = 4 × 62 on are drawn again, or the first characters of the alphabet would be likelier.
        let drawn = pool.iter().filter(|byte| **byte < 248).take(missing);
        text.extend(drawn.map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])));
    }
}
