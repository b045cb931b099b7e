//! What the ledger service counts.

use std::sync::Arc;

use prometheus::{
    Encoder as _, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use crate::account::Entry;
use crate::reconcile::ReconcileReport;

/// Seconds from the charge to the book.
const LAG_BUCKETS: [f64; 12] = [0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 5.0, 15.0, 60.0, 300.0];
/// Commands of one HTTP request.
const BATCH_BUCKETS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
const MS_PER_SECOND: f64 = 1_000.0;

/// All metrics of the service.
pub struct Metrics {
    registry: Registry,
    /// Commands by verb and what came of them.
    pub(crate) commands: IntCounterVec,
    /// How many commands share a request.
    pub(crate) batch: Histogram,
    /// Charges that the book took.
    pub(crate) booked: IntCounter,
    lag: Histogram,
    /// Shards that were recovered.
    pub(crate) recoveries: IntCounter,
    /// Holds that expired.
    pub(crate) expired: IntCounter,
    /// Charges that wait for the book.
    pub(crate) backlog: IntGauge,
    drift: IntGauge,
    reconciled: IntCounter,
}

impl Metrics {
    /// Registers all metrics.
    ///
    /// # Errors
    /// When a name is wrong or taken twice.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| -> Result<IntCounter, prometheus::Error> {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        let gauge = |name: &str, help: &str| -> Result<IntGauge, prometheus::Error> {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let histogram = |name: &str, help: &str, buckets: &[f64]| -> Result<Histogram, prometheus::Error> {
            let histogram = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?;
            registry.register(Box::new(histogram.clone()))?;
            Ok(histogram)
        };
        let commands = IntCounterVec::new(
            Opts::new("ledger_commands_total", "Commands of gateways, by verb and outcome."),
            &["verb", "outcome"],
        )?;
        registry.register(Box::new(commands.clone()))?;
        let batch = histogram("ledger_batch_commands", "Commands that share a request.", &BATCH_BUCKETS)?;
        let booked = counter("ledger_booked_total", "Ends of requests that the book took.")?;
        let lag = histogram("ledger_drain_lag_seconds", "From a charge in Redis to the book.", &LAG_BUCKETS)?;
        let recoveries =
            counter("ledger_recoveries_total", "Shards of which Redis had lost booked history, recovered.")?;
        let expired = counter("ledger_holds_expired_total", "Holds of whose requests nothing was heard any more.")?;
        let backlog = gauge("ledger_backlog_entries", "Charges in Redis that wait for the book.")?;
        let drift = gauge("ledger_drift_nanousd", "What Redis and the book disagree about; must be 0.")?;
        let reconciled = counter("ledger_reconciliations_total", "Comparisons of Redis with the book.")?;
        Ok(Self { registry, commands, batch, booked, lag, recoveries, expired, backlog, drift, reconciled })
    }

    /// Notes how long the oldest of these charges waited for the book.
    pub(crate) fn lag(&self, entries: &[Arc<Entry>], unix_ms: i64) {
        if let Some(oldest_ms) = entries.iter().map(|entry| entry.at_ms).min() {
            let waited_ms = u32::try_from(unix_ms.saturating_sub(oldest_ms).max(0)).unwrap_or(u32::MAX);
            self.lag.observe(f64::from(waited_ms) / MS_PER_SECOND);
        }
    }

    /// Notes what a reconciliation found.
    pub(crate) fn reconciled(&self, report: &ReconcileReport) {
        self.reconciled.inc();
        self.drift.set(report.drift.nanos());
        if !report.findings.is_empty() {
            tracing::error!(drift_nanos = report.drift.nanos(), findings = ?report.findings, "the money does not agree");
        }
    }

    /// Counts one command.
    pub(crate) fn command(&self, verb: &str, outcome: &str) {
        self.commands.with_label_values(&[verb, outcome]).inc();
    }

    /// All metrics in Prometheus' text format.
    ///
    /// # Errors
    /// When one cannot be written as text.
    pub fn render(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}
