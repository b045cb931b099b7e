//! What an account used: sums for charts, and single requests.

use serde::{Deserialize, Serialize};

use super::paging::{Place, Slice};
use crate::id::{AccountId, KeyId, RequestId, TransferId};
use crate::money::NanoUsd;
use crate::office_commands;
use crate::wire::ledger::{Outcome, Usage};

office_commands! {
    Look "usage/overview" ShowOverview => Overview;
    Look "usage/requests" ListRequests => Slice<Request, RequestId>;
    Look "usage/request" ShowRequest => RequestDetails;
    Look "usage/choices" ListChoices => Choices;
}

/// The most requests of one page.
pub const REQUESTS_MAX: u32 = 1_000;
/// The most days of an overview.
pub const DAYS_MAX: u32 = 400;

/// What does an account have, and what has it used in the last days?
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ShowOverview {
    /// The account.
    pub account: AccountId,
    /// How many UTC days, today included.
    pub days: u32,
}

/// What an account has and has used.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Overview {
    /// The posted balance.
    pub balance: NanoUsd,
    /// How much of it open holds reserve.
    pub held: NanoUsd,
    /// Spent this UTC day.
    pub today: NanoUsd,
    /// Spent this UTC month.
    pub month: NanoUsd,
    /// Whether there has ever been a request.
    pub is_used: bool,
    /// This UTC day, counted from 1970-01-01.
    pub day: i64,
    /// The sums of the days asked for, oldest first.
    pub sums: Vec<DaySum>,
}

/// Sums of one day and model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySum {
    /// The UTC day, counted from 1970-01-01.
    pub day: i64,
    /// The model that served.
    pub model: String,
    /// The figures.
    pub figures: Figures,
}

/// Sums over requests. Late differences count on a day of their own, so that single figures may be negative there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// All requests, those that were charged nothing too.
    pub requests: i64,
    /// Those that an upstream or we failed.
    pub failed: i64,
    /// Those that were answered completely.
    pub timed: i64,
    /// Their durations.
    pub duration_ms: i64,
    /// Those of which a first byte came.
    pub first_bytes: i64,
    /// The times to it.
    pub first_byte_ms: i64,
    /// Uncached input tokens.
    pub input_tokens: i64,
    /// Input tokens read from a cache.
    pub cached_input_tokens: i64,
    /// Input tokens written to a cache, for five minutes and for an hour.
    pub cache_write_tokens: i64,
    /// Output tokens, reasoning included.
    pub output_tokens: i64,
    /// What was charged.
    pub cost: NanoUsd,
}

impl Figures {
    /// All tokens.
    #[must_use]
    pub const fn tokens(&self) -> i64 {
        self.input_tokens + self.cached_input_tokens + self.cache_write_tokens + self.output_tokens
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.failed += other.failed;
        self.timed += other.timed;
        self.duration_ms += other.duration_ms;
        self.first_bytes += other.first_bytes;
        self.first_byte_ms += other.first_byte_ms;
        self.input_tokens += other.input_tokens;
        self.cached_input_tokens += other.cached_input_tokens;
        self.cache_write_tokens += other.cache_write_tokens;
        self.output_tokens += other.output_tokens;
        self.cost = NanoUsd::new(self.cost.nanos() + other.cost.nanos());
    }
}

/// Which requests?
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Of this key.
    pub key: Option<KeyId>,
    /// Served by this model.
    pub model: Option<String>,
    /// That ended so.
    pub outcome: Option<Outcome>,
    /// That began at this moment or later, in milliseconds since the Unix epoch.
    pub from_ms: Option<i64>,
    /// That began before this moment.
    pub until_ms: Option<i64>,
}

/// Lists the requests of an account, newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListRequests {
    /// The account.
    pub account: AccountId,
    /// Which.
    pub filter: Filter,
    /// Which page.
    pub place: Place<RequestId>,
    /// Rows of a page; [`REQUESTS_MAX`] at most.
    pub limit: u32,
}

/// One request that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// The key.
    pub key: KeyId,
    /// The key's label.
    pub key_name: String,
    /// How its hold ended.
    pub ended: Ended,
    /// When the charge was made.
    pub ended_ms: i64,
    /// Everything else; `cost` is what was charged.
    pub usage: Usage,
}

/// How a hold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Charged with the actual cost.
    Settled,
    /// Given back.
    Released,
    /// Charged with the last checkpoint.
    Expired,
}

/// Everything about one request of an account.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ShowRequest {
    /// The account.
    pub account: AccountId,
    /// The request.
    pub id: RequestId,
}

/// One request with the movements of money that it made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestDetails {
    /// The request.
    pub request: Request,
    /// The movements, oldest first.
    pub transfers: Vec<RequestTransfer>,
}

/// One movement of money of a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestTransfer {
    /// Its id.
    pub id: TransferId,
    /// `charge`, or `late` for a difference that came after the hold had expired.
    pub class: String,
    /// What the request had been charged with it in total.
    pub total: NanoUsd,
    /// What it moved into the account: negative.
    pub amount: NanoUsd,
    /// When.
    pub created_ms: i64,
}

/// By what can requests be filtered?
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ListChoices {
    /// The account.
    pub account: AccountId,
}

/// Keys and models of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Choices {
    /// The keys with their labels, newest first, revoked ones too.
    pub keys: Vec<(KeyId, String)>,
    /// The models that were used.
    pub models: Vec<String>,
}
