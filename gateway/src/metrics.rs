//! What the gateway counts. Names follow OpenTelemetry's semantic conventions for generative AI where they have one.

use std::time::Duration;

use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use syntopen_shared::wire::ledger::{Finish, FinishKind};

mod breakers;
mod cluster;

pub use breakers::AllBreakerMetrics;
pub use cluster::{ClusterMetrics, ServiceMetrics};

/// `gen_ai.client.operation.duration`'s advised buckets, in seconds.
const DURATION_BUCKETS: [f64; 14] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

/// All metrics of the gateway.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    duration: HistogramVec,
    first_chunk: HistogramVec,
    tokens: IntCounterVec,
    charged_nanousd: IntCounterVec,
    usage_source: IntCounterVec,
    upstream_attempts: IntCounterVec,
    mails: IntCounterVec,
    /// Requests that are running or whose settlement is not applied.
    pub outbox_entries: IntGauge,
    /// Settlements that the ledger refuses for good; must be 0.
    pub settlements_parked: IntCounter,
    /// Settlements that had to be sent again.
    pub settlements_resent: IntCounter,
    /// Answers whose end was told before the ledger had applied the settlement.
    pub settle_wait_exceeded: IntCounter,
    /// Settlements that are applied and that the book has not confirmed.
    pub outbox_unbooked: IntGauge,
    /// Settlements that were forgotten though the book had not confirmed them: they are on the ledger's stream alone.
    pub settlements_forgotten: IntCounter,
    /// States of the upstreams' breakers.
    pub breakers: AllBreakerMetrics,
    /// What only the cluster profile counts.
    pub cluster: ClusterMetrics,
    /// Panics that were caught.
    pub panics: IntCounter,
    /// Whether the catalog file is wrong and an older catalog is in force; must be 0.
    pub catalog_refused: IntGauge,
}

impl Metrics {
    /// Registers all metrics.
    ///
    /// # Errors
    /// When a name is wrong or taken twice.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let registered = Registered(&registry);
        let histogram_labels = ["gen_ai_provider_name", "gen_ai_request_model"];
        Ok(Self {
            requests: registered.counters(
                "gateway_requests_total",
                "Answers to clients, by endpoint and status.",
                &["endpoint", "status"],
            )?,
            duration: registered.histograms(
                "gen_ai_client_operation_duration_seconds",
                "From the arrival of a completion request to its end.",
                &histogram_labels,
            )?,
            first_chunk: registered.histograms(
                "gen_ai_client_operation_time_to_first_chunk_seconds",
                "From the arrival of a completion request to the upstream's response head.",
                &histogram_labels,
            )?,
            tokens: registered.counters(
                "gen_ai_client_inference_usage_tokens_total",
                "Billed tokens by bucket; reasoning is part of output.",
                &["gen_ai_provider_name", "gen_ai_request_model", "bucket"],
            )?,
            charged_nanousd: registered.counters(
                "gateway_charged_nanousd_total",
                "Charged to accounts, in nano-dollars.",
                &["gen_ai_provider_name", "gen_ai_request_model"],
            )?,
            usage_source: registered.counters(
                "gateway_usage_source_total",
                "Ended requests by where their token counts come from.",
                &["source", "outcome"],
            )?,
            upstream_attempts: registered.counters(
                "gateway_upstream_attempts_total",
                "Calls to upstreams by result.",
                &["upstream", "result"],
            )?,
            mails: registered.mails()?,
            outbox_entries: registered
                .gauge("gateway_outbox_entries", "Requests that are running or whose settlement is not applied.")?,
            settlements_parked: registered.counter(
                "gateway_settlements_parked_total",
                "Settlements that the ledger refuses for good; must be 0.",
            )?,
            settlements_resent: registered
                .counter("gateway_settlements_resent_total", "Settlements that had to be sent again.")?,
            settle_wait_exceeded: registered.counter(
                "gateway_settle_wait_exceeded_total",
                "Answers whose end was told before the ledger had applied the settlement.",
            )?,
            outbox_unbooked: registered.gauge(
                "gateway_outbox_unbooked",
                "Settlements that are applied and that the book has not confirmed.",
            )?,
            settlements_forgotten: registered.counter(
                "gateway_settlements_forgotten_total",
                "Applied settlements that were forgotten before the book confirmed them.",
            )?,
            breakers: AllBreakerMetrics::new(&registered)?,
            cluster: ClusterMetrics::new(&registered)?,
            panics: registered.counter("gateway_panics_total", "Panics that were caught; must be 0.")?,
            catalog_refused: registered.gauge(
                "gateway_catalog_refused",
                "Whether the catalog file is wrong and an older catalog is in force; must be 0.",
            )?,
            registry,
        })
    }

    /// Counts one kind of command to a service.
    #[must_use]
    pub fn service(&self, service: &'static str, path: &'static str) -> ServiceMetrics {
        self.cluster.service(service, path)
    }

    /// A client was answered.
    pub fn answered(&self, endpoint: &str, status: u16) {
        self.requests.with_label_values(&[endpoint, status_text(status)]).inc();
    }

    /// An upstream was called.
    pub fn attempted(&self, upstream: &str, result: &str) {
        self.upstream_attempts.with_label_values(&[upstream, result]).inc();
    }

    /// A message was sent, or not.
    pub fn mailed(&self, kind: &str, result: &str) {
        self.mails.with_label_values(&[kind, result]).inc();
    }

    /// A request that had a hold has ended.
    pub fn finished(&self, finish: &Finish) {
        let usage = &finish.usage;
        let source = usage.source.map_or("none", |source| source.as_str());
        self.usage_source.with_label_values(&[source, usage.outcome.as_str()]).inc();
        let labels = [usage.provider.as_ref(), usage.model.as_ref()];
        self.duration.with_label_values(&labels).observe(seconds(usage.duration_ms));
        if let Some(first_byte_ms) = usage.first_byte_ms {
            self.first_chunk.with_label_values(&labels).observe(seconds(first_byte_ms));
        }
        if finish.kind == FinishKind::Release {
            return;
        }
        self.charged_nanousd.with_label_values(&labels).inc_by(u64::try_from(usage.cost.nanos()).unwrap_or(0));
        let tokens = &usage.tokens;
        let buckets = [
            ("input", tokens.input),
            ("cached_input", tokens.cached_input),
            ("cache_write", tokens.cache_write.saturating_add(tokens.cache_write_1h)),
            ("output", tokens.output),
        ];
        for (bucket, count) in buckets.into_iter().filter(|(_, count)| *count > 0) {
            self.tokens.with_label_values(&[labels[0], labels[1], bucket]).inc_by(count);
        }
    }

    /// Everything in Prometheus' text format.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn render(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

struct Registered<'a>(&'a Registry);

impl Registered<'_> {
    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
        let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(counters.clone()))?;
        Ok(counters)
    }

    fn mails(&self) -> Result<IntCounterVec, prometheus::Error> {
        let help = "Messages by what they are and what became of them.";
        self.counters("gateway_mails_total", help, &["kind", "result"])
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        let counter = IntCounter::new(name, help)?;
        self.0.register(Box::new(counter.clone()))?;
        Ok(counter)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        let gauge = IntGauge::new(name, help)?;
        self.0.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, prometheus::Error> {
        let gauges = IntGaugeVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(gauges.clone()))?;
        Ok(gauges)
    }

    fn histograms(&self, name: &str, help: &str, labels: &[&str]) -> Result<HistogramVec, prometheus::Error> {
        let histograms = HistogramVec::new(HistogramOpts::new(name, help).buckets(DURATION_BUCKETS.to_vec()), labels)?;
        self.0.register(Box::new(histograms.clone()))?;
        Ok(histograms)
    }
}

fn seconds(ms: i64) -> f64 {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0)).as_secs_f64()
}

/// The statuses that this program answers with, so that a label costs no allocation.
const fn status_text(status: u16) -> &'static str {
    match status {
        200 => "200",
        400 => "400",
        401 => "401",
        402 => "402",
        403 => "403",
        404 => "404",
        405 => "405",
        408 => "408",
        413 => "413",
        415 => "415",
        429 => "429",
        500 => "500",
        502 => "502",
        503 => "503",
        504 => "504",
        _ => "other",
    }
}
