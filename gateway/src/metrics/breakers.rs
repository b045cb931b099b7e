//! What is shown of the breakers.

use prometheus::{IntCounterVec, IntGaugeVec};

use super::Registered;
use crate::breaker::BreakerMetrics;

/// States and openings of all breakers.
pub struct AllBreakerMetrics {
    upstream_state: IntGaugeVec,
    upstream_opened: IntCounterVec,
    credential_state: IntGaugeVec,
    credential_opened: IntCounterVec,
}

impl AllBreakerMetrics {
    pub(super) fn new(registered: &Registered<'_>) -> Result<Self, prometheus::Error> {
        const STATES: &str = "0 closed, 1 half-open, 2 open.";
        Ok(Self {
            upstream_state: registered.gauges(
                "gateway_upstream_breaker_state",
                &format!("The breaker of an upstream: {STATES}"),
                &["upstream"],
            )?,
            upstream_opened: registered.counters(
                "gateway_upstream_breaker_opened_total",
                "How often the breaker of an upstream opened.",
                &["upstream"],
            )?,
            credential_state: registered.gauges(
                "gateway_credential_breaker_state",
                &format!("The breaker of a credential, by the variable that holds it: {STATES}"),
                &["upstream", "credential"],
            )?,
            credential_opened: registered.counters(
                "gateway_credential_breaker_opened_total",
                "How often the breaker of a credential opened: it was refused, or its quota was used up.",
                &["upstream", "credential"],
            )?,
        })
    }

    /// Those of an upstream.
    #[must_use]
    pub fn upstream(&self, upstream: &str) -> BreakerMetrics {
        let labels = [upstream];
        let state = self.upstream_state.with_label_values(&labels);
        BreakerMetrics { state, opened: self.upstream_opened.with_label_values(&labels) }
    }

    /// Those of one of its credentials.
    #[must_use]
    pub fn credential(&self, upstream: &str, credential: &str) -> BreakerMetrics {
        let labels = [upstream, credential];
        let state = self.credential_state.with_label_values(&labels);
        BreakerMetrics { state, opened: self.credential_opened.with_label_values(&labels) }
    }
}
