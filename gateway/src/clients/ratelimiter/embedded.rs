//! The windows of this process.

use async_trait::async_trait;
use syntopen_ratelimiter::window::MemoryWindow;
use syntopen_shared::wire::ratelimiter::{Check, Decision};

use super::RateLimiterClient;
use crate::clients::Unavailable;

/// The windows of this process.
pub struct Embedded(pub MemoryWindow);

#[async_trait]
impl RateLimiterClient for Embedded {
    async fn check(&self, check: Check) -> Result<Decision, Unavailable> {
        Ok(self.0.decide(&check))
    }
}
