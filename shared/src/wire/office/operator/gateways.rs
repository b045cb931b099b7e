//! What the gateways tell of themselves.

use serde::{Deserialize, Serialize};

use crate::id::GatewayId;
use crate::money::NanoUsd;
use crate::office_commands;

office_commands! {
    Act "operator/report" ReportGateway => ();
    Look "operator/gateways" LookAtGateways => Gateways;
    Look "operator/earnings" LookAtEarnings => Vec<Earned>;
}

/// How a gateway is, told by itself every few seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportGateway {
    /// Its process.
    pub gateway: GatewayId,
    /// What the machine is called.
    pub host: String,
    /// When it started, in milliseconds since the Unix epoch.
    pub started_ms: i64,
    /// Requests that run, or whose settlement is not applied.
    pub unapplied: i64,
    /// Settlements that are applied and that the book has not confirmed.
    pub unbooked: i64,
    /// Whether its catalog file is wrong, and an older catalog is in force.
    pub catalog_refused: bool,
    /// Its upstreams.
    pub upstreams: Vec<UpstreamReport>,
}

/// How an upstream is for one gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamReport {
    /// Its name in the catalog.
    pub upstream: String,
    /// Its breaker.
    pub state: BreakerState,
    /// Its credentials.
    pub credentials: i64,
    /// Those of them whose breaker is not closed.
    pub credentials_out: i64,
    /// Calls of the last minutes that ended well or badly.
    pub calls: i64,
    /// Those that ended badly.
    pub failed: i64,
    /// How long all of them took until the answer, or its beginning, in milliseconds.
    pub latency_ms: i64,
}

/// What a breaker lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Everything.
    Closed,
    /// One call, to see whether others may follow.
    HalfOpen,
    /// Nothing.
    Open,
}

impl BreakerState {
    /// The word for it, on pages and in the book.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half-open",
            Self::Open => "open",
        }
    }

    /// What a word stands for.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        [Self::Closed, Self::HalfOpen, Self::Open].into_iter().find(|state| state.as_str() == word)
    }
}

/// Asks for the last reports of all gateways.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct LookAtGateways {}

/// The gateways that have reported in the last minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gateways {
    /// Now, in milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// Those that were heard, the oldest first.
    pub seen: Vec<Seen>,
}

/// A gateway's last report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When it came, in milliseconds since the Unix epoch.
    pub reported_ms: i64,
    /// The report.
    pub report: ReportGateway,
}

/// Asks what was earned with each model at each upstream.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct LookAtEarnings {
    /// On so many UTC days, today included.
    pub days: u32,
}

/// What was earned with a model at an upstream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earned {
    /// The model.
    pub model: String,
    /// The upstream.
    pub upstream: String,
    /// Requests, those included that were not charged.
    pub requests: i64,
    /// What customers were charged.
    pub charged: NanoUsd,
    /// What they were charged for requests whose cost price is known.
    pub charged_of_priced: NanoUsd,
    /// What these cost.
    pub paid: NanoUsd,
}
