//! Commands to the ledger and its answers: what the life of a request needs.
//!
//! Between processes they go as JSON over HTTP, `POST` with `Authorization: Bearer <cluster token>`, in batches of at
//! most [`BATCH_MAX`], answered in order:
//!
//! | path | batch of | answers |
//! |---|---|---|
//! | `/holds` | [`Hold`] | [`HoldAnswer`] |
//! | `/checkpoints` | [`Checkpoint`] | `bool`: whether it was taken |
//! | `/finishes` | [`Finish`] | [`FinishAnswer`] |
//! | `/confirm` | [`Confirm`] | `bool`: whether the book has it |
//! | `/keys/refresh` | [`KeyId`] | the [`KeyRecord`]s of those that exist, in no order |
//!
//! `/keys/resolve` takes one [`Resolve`] and answers a [`KeyRecord`] or `null`, `/keys/report` one [`Report`] and
//! answers a [`KeyReport`] or `null`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::api_key::KeyHash;
use crate::id::{AccountId, KeyId, RequestId};
use crate::money::NanoUsd;
use crate::price::{Prices, Tokens};

/// How long a hold lives after it was placed or last checkpointed, in milliseconds.
pub const HOLD_TTL_MS: i64 = 60_000;

/// The most commands of one batch.
pub const BATCH_MAX: usize = 256;

/// The answer to a [`Hold`] of a batch. `None`: nothing is known of its effect, and it may be sent again.
pub type HoldAnswer = Option<Result<Granted, HoldRefused>>;

/// The answer to a [`Finish`] of a batch. `None`: nothing is known of its effect, and it may be sent again.
pub type FinishAnswer = Option<Result<Finished, FinishRefused>>;

/// Reserve money for a request. Idempotent by `id`: the same id with other figures is a conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The request.
    pub id: RequestId,
    /// Who pays.
    pub account: AccountId,
    /// With which key.
    pub key: KeyId,
    /// Refused below this amount. Zero skips funds and spend limits, never status.
    pub min: NanoUsd,
    /// Granted is `max(min, min(want, available / 2))`; equal to `min` where the client named its maximum.
    pub want: NanoUsd,
    /// The request as known now, with no tokens yet: enough for a usage row if nobody is heard of again.
    pub usage: Usage,
}

/// An open hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// How much is held.
    pub amount: NanoUsd,
    /// The version of the key's record; when it is newer than the cached one, that one is stale.
    pub key_version: i64,
}

/// Why no hold was placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refused", rename_all = "snake_case")]
pub enum HoldRefused {
    /// The account cannot cover `min`.
    #[error("insufficient_balance")]
    InsufficientBalance {
        /// Posted less held.
        available: NanoUsd,
        /// In open holds.
        held: NanoUsd,
    },
    /// A spend limit of the key does not cover `min`.
    #[error("key_budget_exceeded")]
    KeyBudgetExceeded {
        /// Which of the key's limits.
        period: Period,
        /// That limit.
        limit: NanoUsd,
        /// What the key has spent in that period.
        spent: NanoUsd,
        /// What its open holds reserve.
        held: NanoUsd,
    },
    /// The key was revoked, or is not known at all.
    #[error("key_revoked")]
    KeyRevoked,
    /// The key has expired.
    #[error("key_expired")]
    KeyExpired,
    /// The operator suspended the account.
    #[error("account_suspended")]
    AccountSuspended,
    /// The id has been settled, released or expired.
    #[error("finished")]
    Finished,
    /// The id is held with other figures.
    #[error("conflict")]
    Conflict,
    /// The shard is being recovered.
    #[error("frozen")]
    Frozen,
    /// Too many charges wait for the book.
    #[error("backlog_full")]
    BacklogFull,
}

/// The period of a spend limit; days and months are UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// This day.
    Day,
    /// This month.
    Month,
    /// Ever.
    Total,
}

/// Renew a hold and record what the request has cost so far. Puts back a hold that was lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The request.
    pub id: RequestId,
    /// Who pays.
    pub account: AccountId,
    /// With which key.
    pub key: KeyId,
    /// The amount that was granted.
    pub amount: NanoUsd,
    /// Cost, tokens and prices so far; cost 0 until the upstream's response head.
    pub usage: Usage,
}

/// End a hold, exactly once. Idempotent by `id` and total.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finish {
    /// The request.
    pub id: RequestId,
    /// Who pays.
    pub account: AccountId,
    /// With which key.
    pub key: KeyId,
    /// How it ends.
    pub kind: FinishKind,
    /// What the request used, and what it costs in total: `usage.cost`, 0 for a release.
    pub usage: Usage,
}

/// How a hold ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishKind {
    /// Charged with the actual cost.
    Settle,
    /// Given back, charging nothing.
    Release,
    /// Ended by the reaper, charged with the last checkpoint.
    Expire,
}

/// The answer to a [`Finish`] that took effect, now or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// Whether the book has it, so that nobody needs to remember it any more.
    pub booked: bool,
}

/// Why a [`Finish`] took no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refused", rename_all = "snake_case")]
pub enum FinishRefused {
    /// The id was finished with another total, in a way that no late difference mends. Permanent.
    #[error("conflict")]
    Conflict,
    /// The shard is being recovered; to be sent again.
    #[error("frozen")]
    Frozen,
}

/// Does the book have the end of this request, charged with this total? Whoever is told so need not remember it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirm {
    /// The request.
    pub id: RequestId,
    /// What it was charged in total.
    pub total: NanoUsd,
}

/// One request as its usage row tells it: enough to recompute the charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Public id of the model that served.
    pub model: Arc<str>,
    /// Provider kind: `openai`, `anthropic` or `google`.
    pub provider: Arc<str>,
    /// Name of the configured upstream that served.
    pub upstream: Arc<str>,
    /// Token buckets.
    pub tokens: Tokens,
    /// The sell prices that apply to these tokens (of the tier, where the model has tiers).
    pub prices: Prices,
    /// What the operator pays the provider for these tokens, where the catalog says so.
    pub cost_price: Option<NanoUsd>,
    /// The cost in total: `prices.cost(&tokens)`.
    pub cost: NanoUsd,
    /// Where the token counts come from; `None` while, and where, nothing was used.
    pub source: Option<UsageSource>,
    /// How the request ended.
    pub outcome: Outcome,
    /// Whether it was streamed.
    pub stream: bool,
    /// How many upstream calls were made.
    pub attempts: u32,
    /// When the request came in, in milliseconds since the Unix epoch.
    pub started_ms: i64,
    /// Milliseconds from then to the first byte of the answer.
    pub first_byte_ms: Option<i64>,
    /// Milliseconds from then to the end.
    pub duration_ms: i64,
}

/// Where token counts come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageSource {
    /// The provider's own figures for the whole answer.
    Provider,
    /// Our tokenizer, over an answer that ended normally without figures.
    Estimated,
    /// What was received of an answer that did not end normally.
    Partial,
}

impl UsageSource {
    /// The word for it, in the API and in the book.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Estimated => "estimated",
            Self::Partial => "partial",
        }
    }

    /// The reverse of [`UsageSource::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Provider, Self::Estimated, Self::Partial].into_iter().find(|source| source.as_str() == word)
    }
}

/// How a request ended, as far as its usage row tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It has not ended yet; a row that says so was written by the reaper.
    Running,
    /// The answer was complete.
    Completed,
    /// The client went away.
    Disconnected,
    /// The upstream refused, failed, or broke off.
    UpstreamFailed,
    /// The gateway ended it: a deadline, a shutdown, or a fault of ours.
    Aborted,
}

impl Outcome {
    /// The word for it, in the API and in the book.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Disconnected => "disconnected",
            Self::UpstreamFailed => "upstream_failed",
            Self::Aborted => "aborted",
        }
    }

    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Completed, Self::Disconnected, Self::UpstreamFailed, Self::Aborted, Self::Running];

    /// The reverse of [`Outcome::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}

/// What the gateway knows of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// The key.
    pub key: KeyId,
    /// The account that pays.
    pub account: AccountId,
    /// The label that its owner gave it.
    pub name: String,
    /// Its first characters, for people.
    pub prefix: String,
    /// Grows with every change of the key's record.
    pub version: i64,
    /// Whether it may be used.
    pub status: KeyStatus,
    /// When it stops working, in milliseconds since the Unix epoch.
    pub expires_ms: Option<i64>,
    /// Requests per minute; 0 allows none.
    pub rpm: u32,
    /// The models it may use; `None` allows all.
    pub allowed_models: Option<Vec<String>>,
    /// What it may spend.
    pub limits: SpendLimits,
}

/// Whether a key may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyStatus {
    /// It may.
    Active,
    /// Never again.
    Revoked,
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// It may.
    Active,
    /// Not until the operator resumes it.
    Suspended,
}

/// Spend limits of a key; `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SpendLimits {
    /// Per UTC day.
    pub day: Option<NanoUsd>,
    /// Per UTC month.
    pub month: Option<NanoUsd>,
    /// Ever.
    pub total: Option<NanoUsd>,
}

/// What a key has spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spent {
    /// This UTC day.
    pub day: NanoUsd,
    /// This UTC month.
    pub month: NanoUsd,
    /// Ever.
    pub total: NanoUsd,
}

/// A key as `GET /key` shows it: now, not cached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyReport {
    /// The key.
    pub record: KeyRecord,
    /// What it has spent.
    pub spent: Spent,
    /// The account's posted balance.
    pub balance: NanoUsd,
    /// How much of it open holds reserve.
    pub held: NanoUsd,
}

/// Which key is it that hashes to this?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolve {
    /// SHA-256 of the key.
    pub hash: KeyHash,
}

/// What has this key spent, and what does its account have?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The key.
    pub key: KeyId,
}
