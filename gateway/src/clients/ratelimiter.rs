//! The rate limiter, as the life of a request needs it.

use async_trait::async_trait;
use syntopen_shared::wire::ratelimiter::{Check, Decision};

use super::Unavailable;

mod embedded;
mod refused;
mod remote;

pub use embedded::Embedded;
pub use remote::{Remote, RemoteSettings};

/// A rate limiter, wherever it runs.
#[async_trait]
pub trait RateLimiterClient: Send + Sync {
    /// Asks for slots in a key's window.
    async fn check(&self, check: Check) -> Result<Decision, Unavailable>;
}
