//! The sliding window of a key: the contract that every backend keeps.

mod memory;
mod redis;
mod ring;

use async_trait::async_trait;
use syntopen_shared::wire::ratelimiter::{Check, Decision, WINDOW_MS};

pub use memory::MemoryWindow;
pub use redis::RedisWindow;
pub use ring::{EXACT_LIMIT, GRANULARITY_US, MAX_ENTRIES, Ring};

/// How long the window is, in microseconds: the unit in which every backend reckons.
pub const WINDOW_US: i64 = WINDOW_MS as i64 * 1_000;

/// Decides how many requests a key may make.
///
/// * **Never too many**: no window of 60 s holds more admissions than the limit of its last one, both of its ends
///   counted. So an admission at `t` still counts at `t + 60 s` sharp and is gone a microsecond later; and because
///   clocks are read in whole microseconds, two admissions that take the same slot are truly more than 60 s apart.
/// * **Never too few**: up to limits of 1,000 ([`EXACT_LIMIT`]) a request is refused only when that window is full.
///   Above, a slot may free up to 1/256 of the window late ([`GRANULARITY_US`]), never early.
/// * Refused requests consume nothing.
/// * A changed limit keeps the history. A lowered one admits nothing until enough has left the window.
/// * A limit of 0 admits nothing, and its `next_us` is the whole window.
/// * A `count` of 0 asks without consuming.
#[async_trait]
pub trait Window: Send + Sync {
    /// Admits the first so many of the requests as the window has room for, and counts them at once.
    ///
    /// # Errors
    /// When the window cannot be asked. The requests may have been counted all the same.
    async fn check(&self, check: Check) -> Result<Decision, Unavailable>;

    /// Decides many checks, each as if those before it had been decided first.
    async fn check_all(&self, checks: &[Check]) -> Vec<Result<Decision, Unavailable>> {
        let mut decisions = Vec::with_capacity(checks.len());
        for check in checks {
            decisions.push(self.check(*check).await);
        }
        decisions
    }

    /// Whether windows can be asked now.
    ///
    /// # Errors
    /// When they cannot.
    async fn ready(&self) -> Result<(), Unavailable> {
        Ok(())
    }
}

/// The window could not be asked; nobody knows whether there is room in it.
#[derive(Debug, thiserror::Error)]
#[error("the rate limit window cannot be asked")]
pub struct Unavailable(#[source] pub anyhow::Error);
