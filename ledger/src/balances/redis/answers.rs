//! What the scripts answer, as their headers tell it.

use redis::{ErrorKind, RedisError, RedisResult, Value, from_redis_value};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::{
    AccountStatus, FinishRefused, Granted, HoldRefused, KeyStatus, Period, SpendLimits, Spent,
};

use super::commands::{Paid, account_status, key_status};
use crate::account::{Account, Key, Spending};
use crate::balances::{CheckpointOutcome, CreditOutcome, Epoch, FinishOutcome, HoldOutcome};

/// Answers of Redis tell no places in a journal: whether something is booked, the book says.
const NOWHERE: u64 = 0;

/// The records of an account and a key at one moment.
#[derive(Clone, Debug)]
pub struct Look {
    /// The epoch of the shard; nothing where it is lost.
    pub epoch: Option<Epoch>,
    /// The account, where it is seeded.
    pub account: Option<Account>,
    /// The key, where it is seeded.
    pub key: Option<Key>,
}

pub(super) fn hold(answer: Value) -> RedisResult<HoldOutcome> {
    let words = Words::of(answer)?;
    let refused = match words.list()[..] {
        ["granted", amount, version] => {
            let granted = Granted { amount: nanos(amount)?, key_version: number(version)? };
            return Ok(HoldOutcome::Granted(granted));
        }
        ["unseeded", epoch] => return Ok(HoldOutcome::Unseeded(Epoch(number(epoch)?))),
        ["insufficient_balance", available, held] => {
            HoldRefused::InsufficientBalance { available: nanos(available)?, held: nanos(held)? }
        }
        ["key_budget_exceeded", period, limit, spent, held] => HoldRefused::KeyBudgetExceeded {
            period: self::period(period)?,
            limit: nanos(limit)?,
            spent: nanos(spent)?,
            held: nanos(held)?,
        },
        ["frozen"] => HoldRefused::Frozen,
        ["finished"] => HoldRefused::Finished,
        ["backlog_full"] => HoldRefused::BacklogFull,
        ["key_revoked"] => HoldRefused::KeyRevoked,
        ["key_expired"] => HoldRefused::KeyExpired,
        ["account_suspended"] => HoldRefused::AccountSuspended,
        ["conflict"] => HoldRefused::Conflict,
        _ => return Err(odd()),
    };
    Ok(HoldOutcome::Refused(refused))
}

pub(super) fn checkpoint(answer: Value) -> RedisResult<CheckpointOutcome> {
    match Words::of(answer)?.list()[..] {
        ["recorded"] => Ok(CheckpointOutcome::Recorded { position: NOWHERE }),
        ["ended"] => Ok(CheckpointOutcome::Ended),
        ["unknown"] => Ok(CheckpointOutcome::Unknown),
        ["frozen"] => Ok(CheckpointOutcome::Frozen),
        ["unseeded", epoch] => Ok(CheckpointOutcome::Unseeded(Epoch(number(epoch)?))),
        _ => Err(odd()),
    }
}

pub(super) fn finish(answer: Value) -> RedisResult<FinishOutcome> {
    match Words::of(answer)?.list()[..] {
        ["done"] => Ok(FinishOutcome::Done { position: NOWHERE }),
        ["alive"] => Ok(FinishOutcome::Alive),
        ["unknown", epoch] => Ok(FinishOutcome::Unknown(Epoch(number(epoch)?))),
        ["unseeded", epoch] => Ok(FinishOutcome::Unseeded(Epoch(number(epoch)?))),
        ["conflict"] => Ok(FinishOutcome::Refused(FinishRefused::Conflict)),
        ["frozen"] => Ok(FinishOutcome::Refused(FinishRefused::Frozen)),
        _ => Err(odd()),
    }
}

/// Whether a hold was ended.
pub(super) fn expire(answer: Value) -> RedisResult<bool> {
    match Words::of(answer)?.list()[..] {
        ["expired"] => Ok(true),
        ["gone" | "alive" | "conflict" | "frozen"] | ["unseeded", _] => Ok(false),
        _ => Err(odd()),
    }
}

pub(super) fn overdue(answer: Value) -> RedisResult<Vec<Paid>> {
    Words::of(answer)?.list().into_iter().map(member).collect()
}

/// A seed that was refused is none the worse: who asked for it tries its command again, and is told of the epoch.
pub(super) fn seed(answer: Value) -> RedisResult<()> {
    match Words::of(answer)?.list()[..] {
        ["seeded" | "refused" | "frozen"] => Ok(()),
        _ => Err(odd()),
    }
}

/// Whether it is written.
pub(super) fn set_status(answer: Value) -> RedisResult<bool> {
    match Words::of(answer)?.list()[..] {
        ["written"] => Ok(true),
        ["frozen"] => Ok(false),
        _ => Err(odd()),
    }
}

pub(super) fn credit(answer: Value) -> RedisResult<CreditOutcome> {
    match Words::of(answer)?.list()[..] {
        ["applied"] => Ok(CreditOutcome::Applied),
        ["gap", have] => Ok(CreditOutcome::Gap { have: number(have)? }),
        ["unseeded", epoch] => Ok(CreditOutcome::Unseeded(Epoch(number(epoch)?))),
        ["frozen"] => Ok(CreditOutcome::Frozen),
        _ => Err(odd()),
    }
}

pub(super) fn look(answer: Value) -> RedisResult<Look> {
    let (epoch, account, key): (Option<i64>, Vec<String>, Vec<String>) = from_redis_value(answer)?;
    Ok(Look { epoch: epoch.map(Epoch), account: account_record(&account)?, key: key_record(&key)? })
}

pub(super) fn account_record(fields: &[String]) -> RedisResult<Option<Account>> {
    let [posted, held, credit_no, moves, status, version] = fields else {
        return if fields.is_empty() { Ok(None) } else { Err(odd()) };
    };
    let known = [AccountStatus::Active, AccountStatus::Suspended];
    let status = known.into_iter().find(|known| account_status(*known) == status).ok_or_else(odd)?;
    Ok(Some(Account {
        posted: nanos(posted)?,
        held: nanos(held)?,
        credit_no: number(credit_no)?,
        moves: number(moves)?,
        status,
        version: number(version)?,
    }))
}

pub(super) fn key_record(fields: &[String]) -> RedisResult<Option<Key>> {
    let [account, version, status, expires, limits @ .., held, day, day_no, month, month_no, total] = fields else {
        return if fields.is_empty() { Ok(None) } else { Err(odd()) };
    };
    let [day_limit, month_limit, total_limit] = limits else { return Err(odd()) };
    let known = [KeyStatus::Active, KeyStatus::Revoked];
    Ok(Some(Key {
        account: account.parse().map_err(|_| odd())?,
        version: number(version)?,
        status: known.into_iter().find(|known| key_status(*known) == status).ok_or_else(odd)?,
        expires_ms: unless_empty(expires)?,
        limits: SpendLimits {
            day: unless_empty(day_limit)?.map(NanoUsd::new),
            month: unless_empty(month_limit)?.map(NanoUsd::new),
            total: unless_empty(total_limit)?.map(NanoUsd::new),
        },
        held: nanos(held)?,
        spending: Spending {
            day_no: number(day_no)?,
            month_no: number(month_no)?,
            spent: Spent { day: nanos(day)?, month: nanos(month)?, total: nanos(total)? },
        },
    }))
}

/// The strings of an answer.
struct Words(Vec<String>);

impl Words {
    fn of(answer: Value) -> RedisResult<Self> {
        Ok(Self(from_redis_value(answer)?))
    }

    fn list(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

/// A member of the expiry set.
pub(super) fn member(text: &str) -> RedisResult<Paid> {
    let mut parts = text.split(':');
    let (Some(id), Some(account), Some(key), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(odd());
    };
    let (Ok(id), Ok(account), Ok(key)) = (id.parse(), account.parse(), key.parse()) else { return Err(odd()) };
    Ok(Paid { id, account, key })
}

fn period(word: &str) -> RedisResult<Period> {
    match word {
        "day" => Ok(Period::Day),
        "month" => Ok(Period::Month),
        "total" => Ok(Period::Total),
        _ => Err(odd()),
    }
}

fn unless_empty(text: &str) -> RedisResult<Option<i64>> {
    if text.is_empty() { Ok(None) } else { number(text).map(Some) }
}

pub(super) fn nanos(text: &str) -> RedisResult<NanoUsd> {
    number(text).map(NanoUsd::new)
}

pub(super) fn number(text: &str) -> RedisResult<i64> {
    text.parse().map_err(|_| odd())
}

/// An answer that its script does not give. Says nothing of what is in it, which may be somebody's balance.
pub(super) fn odd() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "a script answered what its header does not tell").into()
}
