//! The rules of the money, without I/O: what an account and a key can cover, and how a hold ends.
//!
//! A hold is *open*, then *settled*, *released* or *expired*, exactly once. Time is an argument everywhere.

use std::cmp::{max, min};

use serde::Serialize;
use syntopen_shared::clock::{utc_day, utc_month};
use syntopen_shared::id::{AccountId, KeyId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::{
    AccountStatus, FinishKind, HoldRefused, KeyStatus, Outcome, Period, SpendLimits, Spent, Usage, UsageSource,
};

/// The balance of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Sum of its transfers.
    pub posted: NanoUsd,
    /// Sum of its open holds.
    pub held: NanoUsd,
    /// Number of the last credit that is part of `posted`.
    pub credit_no: i64,
    /// How many charges are part of `posted`: two records that agree in both numbers must agree in the balance.
    pub moves: i64,
    /// Whether it may be used.
    pub status: AccountStatus,
    /// Grows with every change of the status.
    pub version: i64,
}

impl Account {
    /// What a new hold may reserve; negative where an estimate erred.
    #[must_use]
    pub const fn available(&self) -> NanoUsd {
        NanoUsd::new(self.posted.nanos().saturating_sub(self.held.nanos()))
    }
}

/// What a key may spend and has spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Who pays.
    pub account: AccountId,
    /// Grows with every change of the record.
    pub version: i64,
    /// Whether it may be used.
    pub status: KeyStatus,
    /// When it stops working, in milliseconds since the Unix epoch.
    pub expires_ms: Option<i64>,
    /// What it may spend.
    pub limits: SpendLimits,
    /// Sum of its open holds.
    pub held: NanoUsd,
    /// What it has spent.
    pub spending: Spending,
}

/// What a key has spent, with the periods the figures belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spending {
    /// The UTC day of `spent.day`, counted from 1970-01-01.
    pub day_no: i64,
    /// The UTC month of `spent.month`, as [`utc_month`] counts.
    pub month_no: i64,
    /// The figures.
    pub spent: Spent,
}

impl Spending {
    /// The same, seen at another moment: a period that is over counts nothing.
    #[must_use]
    pub fn at(self, unix_ms: i64) -> Self {
        let day = utc_day(unix_ms);
        self.within(day, utc_month(day))
    }

    /// The same, seen on a day and in a month. A clock that was a day ahead is not: the figures of that day go on. One
    /// that was further ahead had jumped, and what it counted must not stand until that day comes.
    #[must_use]
    pub fn within(mut self, day_no: i64, month_no: i64) -> Self {
        let jumped = day_no + 1 < self.day_no;
        if self.month_no < month_no || (jumped && self.month_no != month_no) {
            (self.month_no, self.spent.month) = (month_no, NanoUsd::ZERO);
        }
        if self.day_no < day_no || jumped {
            (self.day_no, self.spent.day) = (day_no, NanoUsd::ZERO);
        }
        self
    }

    /// The same after spending `amount` in the present periods; figures stop at the ends of `i64`.
    #[must_use]
    pub const fn and(mut self, amount: NanoUsd) -> Self {
        self.spent.day = plus(self.spent.day, amount);
        self.spent.month = plus(self.spent.month, amount);
        self.spent.total = plus(self.spent.total, amount);
        self
    }
}

/// The sum, stopping at the ends of `i64` (a thousand times beyond what can be stored).
#[must_use]
pub const fn plus(one: NanoUsd, other: NanoUsd) -> NanoUsd {
    NanoUsd::new(one.nanos().saturating_add(other.nanos()))
}

/// The difference, stopping at the ends of `i64`.
#[must_use]
pub const fn minus(one: NanoUsd, other: NanoUsd) -> NanoUsd {
    NanoUsd::new(one.nanos().saturating_sub(other.nanos()))
}

/// What a hold asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Refused below this.
    pub min: NanoUsd,
    /// Never more than this.
    pub want: NanoUsd,
}

/// How much a hold is granted at `unix_ms`.
///
/// # Errors
/// The refusal, by the first of: figures, key, account, funds, spend limits.
pub fn grant(account: &Account, key: &Key, asked: Asked, unix_ms: i64) -> Result<NanoUsd, HoldRefused> {
    if asked.min.is_negative() || asked.want < asked.min || NanoUsd::MAX < asked.want {
        return Err(HoldRefused::Conflict);
    }
    if key.status == KeyStatus::Revoked {
        return Err(HoldRefused::KeyRevoked);
    }
    if key.expires_ms.is_some_and(|expires_ms| expires_ms <= unix_ms) {
        return Err(HoldRefused::KeyExpired);
    }
    if account.status == AccountStatus::Suspended {
        return Err(HoldRefused::AccountSuspended);
    }
    if asked.want == NanoUsd::ZERO {
        return Ok(NanoUsd::ZERO);
    }
    let available = account.available();
    if available < asked.min {
        return Err(HoldRefused::InsufficientBalance { available, held: account.held });
    }
    let room = budget(key, asked.min, unix_ms)?;
    let half = NanoUsd::new(available.nanos() / 2);
    Ok(max(asked.min, min(min(asked.want, half), room)))
}

/// What the tightest spend limit of the key leaves, at least `least`.
fn budget(key: &Key, least: NanoUsd, unix_ms: i64) -> Result<NanoUsd, HoldRefused> {
    let spent = key.spending.at(unix_ms).spent;
    let limits = [
        (Period::Day, key.limits.day, spent.day),
        (Period::Month, key.limits.month, spent.month),
        (Period::Total, key.limits.total, spent.total),
    ];
    let mut room = NanoUsd::MAX;
    for (period, limit, spent) in limits {
        let Some(limit) = limit else { continue };
        let left = minus(limit, plus(spent, key.held));
        if left < least {
            return Err(HoldRefused::KeyBudgetExceeded { period, limit, spent, held: key.held });
        }
        room = min(room, left);
    }
    Ok(room)
}

/// How a hold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedAs {
    /// Charged with the actual cost.
    Settled,
    /// Given back.
    Released,
    /// Charged with the last checkpoint.
    Expired,
}

impl EndedAs {
    /// The word for it in the book.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }

    /// The reverse of [`EndedAs::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Settled, Self::Released, Self::Expired].into_iter().find(|ended| ended.as_str() == word)
    }
}

impl From<FinishKind> for EndedAs {
    fn from(kind: FinishKind) -> Self {
        match kind {
            FinishKind::Settle => Self::Settled,
            FinishKind::Release => Self::Released,
            FinishKind::Expire => Self::Expired,
        }
    }
}

/// What a request has come to: how it ended and what it was charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    /// How its hold ended.
    pub ended: EndedAs,
    /// How much was charged in total.
    pub total: NanoUsd,
}

/// What a finish means for a request that has ended already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Nothing new.
    Replay,
    /// A settlement overtaken by expiry, for more than the checkpoint said: the difference is posted.
    Late,
    /// It contradicts what was charged.
    Conflict,
}

/// What a finish of `kind` over `total` means for a request that was `charged` already.
///
/// A settlement after expiry that is smaller than what the checkpoint said changes nothing, since a charge is final.
#[must_use]
pub fn finish_again(charged: Charged, kind: FinishKind, total: NanoUsd) -> Again {
    match (kind, charged.ended) {
        (FinishKind::Expire, _) => Again::Replay,
        (FinishKind::Settle, EndedAs::Expired) if charged.total < total => Again::Late,
        (FinishKind::Settle, EndedAs::Expired) => Again::Replay,
        (FinishKind::Settle, EndedAs::Released) => Again::Conflict,
        _ if charged.total == total => Again::Replay,
        _ => Again::Conflict,
    }
}

/// The usage as its row shall tell it: what was charged is its cost, and no count exceeds what sums in the book can
/// bear.
#[must_use]
pub fn storable(mut usage: Usage, total: NanoUsd) -> Usage {
    const MOST: u64 = NanoUsd::MAX.nanos().unsigned_abs();
    usage.cost = total;
    for count in [
        &mut usage.tokens.input,
        &mut usage.tokens.cached_input,
        &mut usage.tokens.cache_write,
        &mut usage.tokens.cache_write_1h,
        &mut usage.tokens.output,
        &mut usage.tokens.reasoning,
    ] {
        *count = min(*count, MOST);
    }
    usage
}

/// The usage of a request of which nothing was heard after this checkpoint.
#[must_use]
pub fn abandoned(mut usage: Usage) -> Usage {
    usage.outcome = Outcome::Running;
    usage.source = (usage.cost != NanoUsd::ZERO).then_some(UsageSource::Partial);
    usage
}

/// One end of a request that waits for the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the journal; grows by at least one from entry to entry.
    pub position: u64,
    /// The request.
    pub id: RequestId,
    /// Who pays.
    pub account: AccountId,
    /// With which key.
    pub key: KeyId,
    /// How it ended, and its charge in total.
    pub charged: Charged,
    /// By how much this entry moved the balance down.
    pub amount: NanoUsd,
    /// The UTC day to which the charge counts.
    pub day_no: i64,
    /// The UTC month to which the charge counts.
    pub month_no: i64,
    /// When it was applied, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// What was used.
    pub usage: Usage,
}
