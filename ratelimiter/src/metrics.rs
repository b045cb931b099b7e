//! What the rate limiter counts.

use prometheus::{
    Encoder as _, Histogram, HistogramOpts, HistogramTimer, IntCounter, IntCounterVec, Opts, Registry, TextEncoder,
};
use syntopen_shared::wire::ratelimiter::{Check, Decision};

/// A batch is at most 256 checks.
const BATCH_BUCKETS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// In seconds: a pipeline takes a fraction of a millisecond, and is given up after half a second.
const REDIS_BUCKETS: [f64; 11] = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0];

/// All metrics of the service.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    admitted: IntCounter,
    refused: IntCounter,
    unavailable: IntCounter,
    batch: Histogram,
    redis: Histogram,
    redis_errors: IntCounter,
}

impl Metrics {
    /// Registers all metrics.
    ///
    /// # Errors
    /// When a name is wrong or taken twice.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let checks = IntCounterVec::new(
            Opts::new("ratelimit_checks_total", "Requests that asked, by what was decided."),
            &["decision"],
        )?;
        let batch = HistogramOpts::new("ratelimit_batch_size", "Checks that came together.");
        let redis = HistogramOpts::new("ratelimit_redis_duration_seconds", "From a batch's calls to their answers.");
        let metrics = Self {
            admitted: checks.with_label_values(&["admitted"]),
            refused: checks.with_label_values(&["refused"]),
            unavailable: checks.with_label_values(&["unavailable"]),
            batch: Histogram::with_opts(batch.buckets(BATCH_BUCKETS.to_vec()))?,
            redis: Histogram::with_opts(redis.buckets(REDIS_BUCKETS.to_vec()))?,
            redis_errors: IntCounter::new("ratelimit_redis_errors_total", "Calls of Redis that failed.")?,
            registry,
        };
        metrics.registry.register(Box::new(checks))?;
        metrics.registry.register(Box::new(metrics.batch.clone()))?;
        metrics.registry.register(Box::new(metrics.redis.clone()))?;
        metrics.registry.register(Box::new(metrics.redis_errors.clone()))?;
        Ok(metrics)
    }

    /// A batch was decided.
    pub(crate) fn decided(&self, checks: &[Check], decisions: &[Decision]) {
        let admitted = decisions.iter().map(|decision| u64::from(decision.admitted)).sum();
        self.batch.observe(f64::from(u32::try_from(checks.len()).unwrap_or(u32::MAX)));
        self.admitted.inc_by(admitted);
        self.refused.inc_by(asked(checks).saturating_sub(admitted));
    }

    /// A batch could not be decided.
    pub(crate) fn undecided(&self, checks: &[Check]) {
        self.unavailable.inc_by(asked(checks));
    }

    /// Redis is being called; stop the timer when it has answered.
    pub(crate) fn redis_call(&self) -> HistogramTimer {
        self.redis.start_timer()
    }

    /// So many calls of Redis have failed.
    pub(crate) fn redis_failed(&self, calls: usize) {
        self.redis_errors.inc_by(calls as u64);
    }

    /// All metrics in Prometheus' text format.
    ///
    /// # Errors
    /// When they cannot be encoded.
    pub(crate) fn render(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

/// How many requests ask in `checks`.
fn asked(checks: &[Check]) -> u64 {
    checks.iter().map(|check| u64::from(check.count)).sum()
}
