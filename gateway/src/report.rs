//! What this gateway tells the ledger of itself, so that operators see all gateways wherever they look.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use syntopen_shared::id::GatewayId;
use syntopen_shared::wire::office::operator::gateways::{BreakerState, ReportGateway, UpstreamReport};

use crate::app::App;
use crate::breaker::{Condition, Shown};
use crate::catalog::Upstream;

/// How often it tells.
const EVERY: Duration = Duration::from_secs(4);
/// Where Linux says what the machine is called.
const HOST_FILE: &str = "/proc/sys/kernel/hostname";
const HOST_CHARS_MAX: usize = 64;

/// Who this gateway is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its process.
    pub gateway: GatewayId,
    host: String,
    started_ms: i64,
}

impl Identity {
    /// A process that starts now.
    #[must_use]
    pub fn new(started_ms: i64) -> Self {
        let host = std::fs::read_to_string(HOST_FILE).unwrap_or_default();
        let host = host.trim().chars().filter(|char| !char.is_control()).take(HOST_CHARS_MAX).collect();
        Self { gateway: GatewayId::mint(), host, started_ms }
    }
}

/// Tells until the shutdown. A report that does not arrive is not missed: the next one has the same to say.
pub async fn run(app: Arc<App>) {
    let mut is_told = true;
    loop {
        let told = app.office.ask(of(&app)).await.is_ok();
        if told != is_told {
            is_told = told;
            let word = if told { "told again" } else { "not told for now" };
            tracing::info!("how this gateway is: {word}");
        }
        tokio::select! {
            () = app.shutdown.requested() => return,
            () = actix_rt::time::sleep(EVERY) => {}
        }
    }
}

/// How the gateway is now.
#[must_use]
pub fn of(app: &App) -> ReportGateway {
    let Identity { gateway, host, started_ms } = app.identity.clone();
    let catalog = app.catalog.current();
    let candidates = catalog.models().flat_map(|model| &model.candidates);
    let upstreams: BTreeMap<_, &Upstream> =
        candidates.map(|candidate| (&candidate.upstream.name, &*candidate.upstream)).collect();
    ReportGateway {
        gateway,
        host,
        started_ms,
        unapplied: whole(app.outbox.unapplied()),
        unbooked: whole(app.outbox.unbooked()),
        catalog_refused: app.catalog.is_refused(),
        upstreams: upstreams
            .into_values()
            .map(|upstream| report(upstream, &app.breakers.of(upstream).condition()))
            .collect(),
    }
}

fn report(upstream: &Upstream, condition: &Condition) -> UpstreamReport {
    let calls = condition.calls;
    UpstreamReport {
        upstream: upstream.name.to_string(),
        state: match condition.upstream {
            Shown::Closed => BreakerState::Closed,
            Shown::HalfOpen => BreakerState::HalfOpen,
            Shown::Open => BreakerState::Open,
        },
        credentials: whole(upstream.credentials.len()),
        credentials_out: whole(condition.credentials_out),
        calls: i64::try_from(calls.all).unwrap_or(i64::MAX),
        failed: i64::try_from(calls.failed).unwrap_or(i64::MAX),
        latency_ms: i64::try_from(calls.took_us / 1_000).unwrap_or(i64::MAX),
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
