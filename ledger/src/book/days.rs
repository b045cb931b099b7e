//! Sums of the days of an account.

use syntopen_shared::id::AccountId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::office::usage::{DaySum, Figures};

use super::Result;
use super::accounts::nanos;
use super::sql::{Executor, Row, query};

/// Models that are offered as filters at most.
const MODELS_MAX: i64 = 200;

/// The sums by day and model from this day on, oldest first.
pub(crate) async fn since(executor: impl Into<Executor<'_>>, (account, day): (AccountId, i64)) -> Result<Vec<DaySum>> {
    let rows = query("SELECT * FROM account_daily WHERE account = $1 AND day >= $2 ORDER BY day, model")
        .bind(account)
        .bind(day)
        .fetch_all(executor)
        .await?;
    rows.iter().map(read).collect()
}

/// What was spent from this day on.
pub(crate) async fn spent(executor: impl Into<Executor<'_>>, (account, day): (AccountId, i64)) -> Result<NanoUsd> {
    let sum =
        "SELECT CAST(COALESCE(SUM(cost), 0) AS BIGINT) AS cost FROM account_daily WHERE account = $1 AND day >= $2";
    let row = query(sum).bind(account).bind(day).fetch_one(executor).await?;
    nanos(&row, "cost")
}

/// Whether the account has ever made a request.
pub(crate) async fn are_any(executor: impl Into<Executor<'_>>, account: AccountId) -> Result<bool> {
    let row = query("SELECT day FROM account_daily WHERE account = $1 LIMIT 1").bind(account);
    Ok(row.fetch_optional(executor).await?.is_some())
}

/// The models that an account has used.
pub(crate) async fn models(executor: impl Into<Executor<'_>>, account: AccountId) -> Result<Vec<String>> {
    let rows = query("SELECT DISTINCT model FROM account_daily WHERE account = $1 ORDER BY model LIMIT $2")
        .bind(account)
        .bind(MODELS_MAX)
        .fetch_all(executor)
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

fn read(row: &Row) -> Result<DaySum> {
    let write: i64 = row.get("cache_write_tokens")?;
    let figures = Figures {
        requests: row.get("requests")?,
        failed: row.get("failed")?,
        timed: row.get("timed")?,
        duration_ms: row.get("duration_ms")?,
        first_bytes: row.get("first_bytes")?,
        first_byte_ms: row.get("first_byte_ms")?,
        input_tokens: row.get("input_tokens")?,
        cached_input_tokens: row.get("cached_input_tokens")?,
        cache_write_tokens: write + row.get::<i64>("cache_write_1h_tokens")?,
        output_tokens: row.get("output_tokens")?,
        cost: nanos(row, "cost")?,
    };
    Ok(DaySum { day: row.get("day")?, model: row.get("model")?, figures })
}
