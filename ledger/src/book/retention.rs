//! Usage rows that are too old are removed; what they came to stays.
//!
//! Sums of days and transfers stay, and what the rows add up to is kept per key, so that reconciliation still compares
//! everything that ever was. Idempotency does not suffer: a request that was charged is known by its transfers for good
//! (see [`super::usage::charged`]). What was charged nothing is forgotten, and [`DAYS_MIN`] is enough for that: the hot
//! state forgets ended requests after a day, while outboxes and checkpoints speak only of requests whose gateway lives
//! and could not reach any ledger since. Such a request would be charged late, and once.

use std::collections::BTreeMap;

use super::sql::{Executor, Row, Transaction, query};
use super::{Book, Result};

/// The least number of days for which rows are kept.
pub(crate) const DAYS_MIN: u32 = 7;

/// What rows of one key came to.
#[derive(Default)]
struct Removed {
    requests: i64,
    counted: i64,
    charged: i64,
}

/// Removes `most` rows of requests that began and ended before this moment. Says how many there were.
pub(crate) async fn remove_before(book: &Book, before_ms: i64, most: i64) -> Result<usize> {
    let horizon = super::requests::first_id_of(before_ms);
    let mut writer = book.writer().await;
    let mut transaction = writer.begin_charges().await?;
    // First, so that ledgers that do this at the same time take turns.
    query("UPDATE usage_horizon SET id = CASE WHEN id < $1 THEN $1 ELSE id END")
        .bind(horizon.as_str())
        .execute(&mut transaction)
        .await?;
    let rows = query(
        "DELETE FROM usage WHERE id IN (SELECT id FROM usage WHERE id < $1 AND ended_ms < $2 ORDER BY id LIMIT $3) \
         RETURNING account, api_key, ended, charged",
    )
    .bind(horizon)
    .bind(before_ms)
    .bind(most)
    .fetch_all(&mut transaction)
    .await?;
    let removed = rows.len();
    for (of, sums) in summed(rows)? {
        add(&mut transaction, of, sums).await?;
    }
    transaction.commit().await?;
    Ok(removed)
}

fn summed(rows: Vec<Row>) -> Result<BTreeMap<(String, String), Removed>> {
    let mut sums: BTreeMap<_, Removed> = BTreeMap::new();
    for row in rows {
        let removed = sums.entry((row.get("account")?, row.get("api_key")?)).or_default();
        removed.requests += 1;
        removed.counted += i64::from(row.get::<&str>("ended")? != "released");
        removed.charged += row.get::<i64>("charged")?;
    }
    Ok(sums)
}

async fn add(transaction: &mut Transaction<'_>, (account, key): (String, String), sums: Removed) -> Result<()> {
    query(
        "INSERT INTO usage_removed (account, api_key, requests, counted, charged) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (account, api_key) DO UPDATE SET requests = usage_removed.requests + excluded.requests, \
         counted = usage_removed.counted + excluded.counted, charged = usage_removed.charged + excluded.charged",
    )
    .bind(account)
    .bind(key)
    .bind(sums.requests)
    .bind(sums.counted)
    .bind(sums.charged)
    .execute(Executor::from(transaction))
    .await
    .map(drop)
}
