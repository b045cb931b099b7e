//! Batches as SQLite takes them: their rows are passed as JSON.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use sqlx::SqliteConnection;
use syntopen_shared::id::{AccountId, KeyId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::Usage;

use super::plan::{Had, Plan};
use super::{REVENUE, had};
use crate::account::Entry;
use crate::balances::{Batch, Running};
use crate::book::sql::Row;
use crate::book::{Result, json};

macro_rules! look_up {
    () => {
        concat!(
            "SELECT ",
            had_columns!(),
            " FROM usage WHERE id IN (SELECT value FROM json_each($1)) UNION ALL SELECT ",
            removed_columns!(),
            " FROM transfers \
             WHERE op IN (SELECT value FROM json_each($1) WHERE value < (SELECT id FROM usage_horizon)) \
             AND class IN ('charge', 'late') AND NOT EXISTS (SELECT 1 FROM usage WHERE usage.id = op) GROUP BY op"
        )
    };
}

const LOOK_UP: &str = look_up!();
const WRITE: &str = include_str!("write.sqlite.sql");
/// The same, with the transaction around them: trips to SQLite's thread cost more than the rows.
const BEGIN_LOOK_UP: &str = concat!("BEGIN IMMEDIATE; ", look_up!());
const WRITE_COMMIT: &str = concat!(include_str!("write.sqlite.sql"), "COMMIT");

#[derive(Serialize)]
struct RunningRow<'a> {
    id: RequestId,
    account: AccountId,
    key: KeyId,
    amount: NanoUsd,
    usage: &'a Usage,
}

impl<'a> From<&'a Running> for RunningRow<'a> {
    fn from(run: &'a Running) -> Self {
        Self { id: run.id, account: run.account, key: run.key, amount: run.amount, usage: &run.usage }
    }
}

/// Books a batch of the embedded profile in a transaction of its own.
pub(super) async fn commit(connection: &mut SqliteConnection, batch: &Batch, unix_ms: i64) -> Result<()> {
    let done = transact(connection, batch, unix_ms).await;
    if done.is_err() {
        // Without a transaction this fails, which says that there is nothing to take back.
        drop(sqlx::raw_sql("ROLLBACK").execute(connection).await);
    }
    done
}

async fn transact(connection: &mut SqliteConnection, batch: &Batch, unix_ms: i64) -> Result<()> {
    let had = read(connection, BEGIN_LOOK_UP, &batch.entries).await?;
    let plan = Plan::of(&batch.entries, had, REVENUE);
    let running: Vec<_> = batch.running.iter().map(RunningRow::from).collect();
    let running = At { ended: ids(&batch.entries)?, running: json(&running)?, unix_ms };
    put(connection, WRITE_COMMIT, &plan, running).await
}

/// What the book has of these requests.
pub(super) async fn look_up(
    connection: &mut SqliteConnection,
    entries: &[Arc<Entry>],
) -> Result<HashMap<RequestId, Had>> {
    read(connection, LOOK_UP, entries).await
}

/// Writes a plan in the caller's transaction.
pub(super) async fn write(connection: &mut SqliteConnection, plan: &Plan<'_>) -> Result<()> {
    let none = || "[]".to_owned();
    put(connection, WRITE, plan, At { ended: none(), running: none(), unix_ms: 0 }).await
}

/// What the table of running requests needs.
struct At {
    ended: String,
    running: String,
    unix_ms: i64,
}

async fn read(
    connection: &mut SqliteConnection,
    sql: &'static str,
    entries: &[Arc<Entry>],
) -> Result<HashMap<RequestId, Had>> {
    let rows = sqlx::query(sql).bind(ids(entries)?).fetch_all(connection).await?;
    had(rows.into_iter().map(Row::Sqlite).collect())
}

async fn put(connection: &mut SqliteConnection, sql: &'static str, plan: &Plan<'_>, at: At) -> Result<()> {
    sqlx::query(sql)
        .bind(at.ended)
        .bind(json(&plan.usage)?)
        .bind(json(&plan.transfers)?)
        .bind(json(&plan.accounts)?)
        .bind(json(&plan.keys)?)
        .bind(json(&plan.daily)?)
        .bind(at.running)
        .bind(at.unix_ms)
        .bind(plan.house.as_str())
        .bind(json(&plan.figures)?)
        .execute(connection)
        .await?;
    Ok(())
}

fn ids(entries: &[Arc<Entry>]) -> Result<String> {
    json(&entries.iter().map(|entry| entry.id).collect::<Vec<_>>())
}
