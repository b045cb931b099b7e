//! What a gateway of a cluster counts besides.

use prometheus::{IntCounter, IntCounterVec, IntGauge};

use super::Registered;

/// Exchanges with the services, and how the gateway does without the rate limiter.
pub struct ClusterMetrics {
    exchanges: IntCounterVec,
    commands: IntCounterVec,
    /// Whether the last check was decided by the local windows, because the rate limiter is gone.
    pub windows_local: IntGauge,
    /// Checks that the local windows decided.
    pub checks_local: IntCounter,
    /// Checks that were refused without a question, because the key was refused a moment ago.
    pub refused_again: IntCounter,
}

/// One kind of command to one service.
pub struct ServiceMetrics {
    exchanges: IntCounterVec,
    labels: [&'static str; 2],
    /// Exchanges that were answered.
    pub ok: IntCounter,
    /// Commands that were sent, batched or not.
    pub commands: IntCounter,
}

impl ClusterMetrics {
    pub(super) fn new(registered: &Registered<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            exchanges: registered.counters(
                "gateway_service_exchanges_total",
                "Requests to replicas of the services by result; one carries a batch of commands.",
                &["service", "path", "result"],
            )?,
            commands: registered.counters(
                "gateway_service_commands_total",
                "Commands to the services; those of one batch share an exchange.",
                &["service", "path"],
            )?,
            windows_local: registered.gauge(
                "gateway_ratelimiter_degraded",
                "Whether local windows decide because the rate limiter is gone; must be 0.",
            )?,
            checks_local: registered.counter(
                "gateway_ratelimiter_local_checks_total",
                "Checks that local windows decided because the rate limiter was gone.",
            )?,
            refused_again: registered.counter(
                "gateway_ratelimiter_refused_again_total",
                "Checks refused without a question, because the key was refused a moment before.",
            )?,
        })
    }

    pub(super) fn service(&self, service: &'static str, path: &'static str) -> ServiceMetrics {
        ServiceMetrics {
            exchanges: self.exchanges.clone(),
            labels: [service, path],
            ok: self.exchanges.with_label_values(&[service, path, "ok"]),
            commands: self.commands.with_label_values(&[service, path]),
        }
    }
}

impl ServiceMetrics {
    /// A replica failed.
    pub fn failed(&self, result: &'static str) {
        let [service, path] = self.labels;
        self.exchanges.with_label_values(&[service, path, result]).inc();
    }
}
