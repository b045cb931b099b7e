//! What the drainer books: all charges of one tick in one transaction.
//!
//! A trip to SQLite's thread costs more than the rows themselves, so a batch makes two: one that looks up what the book
//! has of these requests, and one that writes everything, its rows passed as JSON.

mod plan;

use std::collections::HashMap;

use serde::Serialize;
use sqlx::{Row as _, SqliteConnection};
use syntopen_shared::id::RequestId;
use syntopen_shared::price::Tokens;

use self::plan::{Had, Plan};
use super::accounts::{id, nanos};
use super::{Result, usage};
use crate::account::Charged;
use crate::balances::Batch;

const LOOK_UP: &str = "BEGIN IMMEDIATE; SELECT id, ended, charged, input_tokens, cached_input_tokens, \
     cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens \
     FROM usage WHERE id IN (SELECT value FROM json_each($1))";

const WRITE: &str = include_str!("settlements/write.sql");

/// Books a batch: entries by the difference between their totals and what the book has, so that whatever surfaces twice
/// is charged once; then the checkpoints of what runs on. Committed when this returns.
pub(crate) async fn commit(connection: &mut SqliteConnection, batch: &Batch, unix_ms: i64) -> Result<()> {
    let done = write(connection, batch, unix_ms).await;
    if done.is_err() {
        // Without a transaction this fails, which says that there is nothing to take back.
        drop(sqlx::raw_sql("ROLLBACK").execute(connection).await);
    }
    done
}

async fn write(connection: &mut SqliteConnection, batch: &Batch, unix_ms: i64) -> Result<()> {
    let ids: Vec<_> = batch.entries.iter().map(|entry| entry.id).collect();
    let ids = json(&ids)?;
    let rows = sqlx::query(LOOK_UP).bind(&ids).fetch_all(&mut *connection).await?;
    let mut had = HashMap::with_capacity(rows.len());
    for row in &rows {
        let (id, known) = read(row)?;
        had.insert(id, known);
    }
    let plan = Plan::of(batch, had);
    sqlx::query(WRITE)
        .bind(ids)
        .bind(json(&plan.usage)?)
        .bind(json(&plan.transfers)?)
        .bind(json(&plan.accounts)?)
        .bind(json(&plan.keys)?)
        .bind(json(&plan.daily)?)
        .bind(json(&plan.running)?)
        .bind(unix_ms)
        .execute(connection)
        .await?;
    Ok(())
}

fn read(row: &sqlx::sqlite::SqliteRow) -> Result<(RequestId, Had)> {
    let count = |column| row.try_get::<i64, _>(column).map(|count| u64::try_from(count).unwrap_or(0));
    let tokens = Tokens {
        input: count("input_tokens")?,
        cached_input: count("cached_input_tokens")?,
        cache_write: count("cache_write_tokens")?,
        cache_write_1h: count("cache_write_1h_tokens")?,
        output: count("output_tokens")?,
        reasoning: count("reasoning_tokens")?,
    };
    let charged = Charged { ended: usage::ended(row.try_get("ended")?)?, total: nanos(row, "charged")? };
    Ok((id(row, "id")?, Had { charged, tokens }))
}

fn json<T: Serialize>(rows: &T) -> Result<String> {
    serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(error.into()))
}
