//! The rate limiter, as the life of a request needs it.

use async_trait::async_trait;
use syntopen_ratelimiter::window::MemoryWindow;
use syntopen_shared::wire::ratelimiter::{Check, Decision};

use super::Unavailable;

/// A rate limiter, wherever it runs.
#[async_trait]
pub trait RateLimiterClient: Send + Sync {
    /// Asks for slots in a key's window.
    async fn check(&self, check: Check) -> Result<Decision, Unavailable>;
}

/// The windows of this process.
pub struct Embedded(pub MemoryWindow);

#[async_trait]
impl RateLimiterClient for Embedded {
    async fn check(&self, check: Check) -> Result<Decision, Unavailable> {
        Ok(self.0.decide(&check))
    }
}
