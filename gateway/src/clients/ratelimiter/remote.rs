//! The rate limiter as a service, and how to do without it.
//!
//! While it is gone this replica admits its own share of each key's limit, by windows of its own: never silently
//! without a limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::Arbiter;
use async_trait::async_trait;
use syntopen_ratelimiter::window::MemoryWindow;
use syntopen_shared::clock::Clock;
use syntopen_shared::wire::ratelimiter::{Check, Decision};

use super::RateLimiterClient;
use super::refused::{Asked, Refused};
use crate::actors::batcher::{Batcher, Command, Gather};
use crate::clients::Unavailable;
use crate::clients::service::{Repeat, Route, ServiceSettings, Watch};
use crate::metrics::Metrics;

/// How long a replica may take unless a setting says otherwise.
const TIMEOUT: Duration = Duration::from_millis(100);

/// What the client needs besides the service.
pub struct RemoteSettings {
    /// The service.
    pub service: ServiceSettings,
    /// How many gateways share a limit while it is gone.
    pub gateways: u32,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The replicas of the rate limiter.
pub struct Remote {
    checks: Batcher<Checks>,
    refused: Refused,
    local: MemoryWindow,
    gateways: u32,
    is_gone: AtomicBool,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

impl Remote {
    /// A client that speaks from the thread of `arbiter`.
    #[must_use]
    pub fn start(arbiter: &Arbiter, settings: RemoteSettings) -> Self {
        let RemoteSettings { service, gateways, clock } = settings;
        let (metrics, local) = (Arc::clone(&service.metrics), MemoryWindow::new(Arc::clone(&clock)));
        let checks = Batcher::start(arbiter, service);
        Self { checks, refused: Refused::default(), local, gateways, is_gone: AtomicBool::new(false), clock, metrics }
    }

    fn decide_alone(&self, check: &Check) -> Decision {
        if !self.is_gone.swap(true, Ordering::Relaxed) {
            let share = format!("1/{}", self.gateways);
            tracing::error!(
                share,
                "the rate limiter is gone: windows of this gateway decide, over its share of limits"
            );
            self.metrics.cluster.windows_local.set(1);
        }
        self.metrics.cluster.checks_local.inc();
        self.local.decide(&Check { limit: share(check.limit, self.gateways), ..*check })
    }

    fn is_back(&self) {
        if self.is_gone.load(Ordering::Relaxed) && self.is_gone.swap(false, Ordering::Relaxed) {
            tracing::info!("the rate limiter is back");
            self.metrics.cluster.windows_local.set(0);
        }
    }
}

#[async_trait]
impl RateLimiterClient for Remote {
    async fn check(&self, check: Check) -> Result<Decision, Unavailable> {
        let sent_us = self.clock.monotonic_us();
        if let Some(decision) = self.refused.repeat(&check, sent_us) {
            self.metrics.cluster.refused_again.inc();
            return Ok(decision);
        }
        let Ok(decision) = self.checks.ask(check).await else {
            return Ok(self.decide_alone(&check));
        };
        self.is_back();
        if decision.admitted == 0 {
            self.refused.remember(&check, &decision, Asked { sent_us, answered_us: self.clock.monotonic_us() });
        }
        Ok(decision)
    }
}

/// What one of so many gateways may admit of a limit. Limits that are smaller than their number are exceeded, rather
/// than that nobody is served.
fn share(limit: u32, gateways: u32) -> u32 {
    if limit == 0 { 0 } else { (limit / gateways.max(1)).max(1) }
}

struct Checks;

impl Command for Checks {
    type Ask = Check;
    type Answer = Decision;
    /// A check that may have been counted is not asked again, which would count it twice.
    const ROUTE: Route = Route { path: "/check", timeout: TIMEOUT, repeat: Repeat::Undone, watch: Watch::Quiet };
    const GATHER: Gather = Gather::InBatches;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_all_gateways_make_up_the_limit() {
        for (limit, gateways, expected) in [(0, 3, 0), (1, 3, 1), (2, 3, 1), (60, 3, 20), (61, 3, 20), (60, 0, 60)] {
            assert_eq!(share(limit, gateways), expected, "{limit} over {gateways}");
        }
    }
}
