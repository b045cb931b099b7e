//! Questions to the rate limiter and its answers.

use serde::{Deserialize, Serialize};

use crate::id::KeyId;

/// How long the window is, in milliseconds.
pub const WINDOW_MS: u64 = 60_000;

/// The code of a refusal, with status 503, by a replica that is about to stop: it has counted nothing of what it was
/// sent, and another one may be asked.
pub const LEAVING: &str = "leaving";

/// May `key` make `count` more requests, one after the other?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Whose window.
    pub key: KeyId,
    /// Requests allowed in any window of 60 s; 0 allows none.
    pub limit: u32,
    /// How many requests ask at once; at least 1.
    pub count: u32,
}

/// The answer to one [`Check`]: the first `admitted` of its requests may go on, the others not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// How many were admitted; refused ones consume nothing.
    pub admitted: u32,
    /// How many more would be admitted now.
    pub remaining: u32,
    /// Microseconds until the next slot frees; 0 when the window is empty.
    pub next_us: u64,
}
