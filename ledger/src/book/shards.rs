//! The shards of a cluster's hot state: in which epoch each is, and up to where its stream is booked.

use anyhow::{Context as _, bail};

use super::sql::{Executor, Row, Transaction, query};
use super::{Book, Result};
use crate::balances::{Anchor, Epoch};

/// A shard as the book has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShardRow {
    /// Counts the losses of its hot state.
    pub(crate) epoch: Epoch,
    /// The last entry of its stream that is booked; `None` while a recovery is due.
    pub(crate) anchor: Option<Anchor>,
}

/// Who may change a shard's row: whoever has seen it as it is.
pub(super) struct Advance<'a> {
    pub(super) shard: u32,
    pub(super) seen: &'a ShardRow,
    pub(super) anchor: Option<&'a Anchor>,
}

/// The account on the other side of the charges of a shard. Each shard has its own, because drainers of different
/// shards would wait for one another's commits at a common one.
pub(super) fn revenue(shard: u32) -> String {
    format!("house:revenue:{shard}")
}

/// Makes the rows of so many shards, once. A book that was made for another number refuses, because accounts would be
/// looked for in other shards than theirs.
pub(crate) async fn ensure(book: &Book, count: u32) -> anyhow::Result<()> {
    let had = make(book, count).await.context("the book's shards cannot be made")?;
    if had != i64::from(count) {
        bail!("the book was made for {had} shards, and {count} are configured");
    }
    Ok(())
}

async fn make(book: &Book, count: u32) -> Result<i64> {
    let mut writer = book.writer().await;
    let mut transaction = writer.begin_durable().await?;
    // Whoever starts at the same time waits here, and then sees these rows.
    query("UPDATE accounts SET version = version WHERE id = 'house:revenue'").execute(&mut transaction).await?;
    let had: i64 = query("SELECT COUNT(*) FROM shards").fetch_one(&mut transaction).await?.get(0)?;
    if had != 0 || count == 0 {
        return Ok(had);
    }
    query(
        "WITH RECURSIVE n (shard) AS ( \
             SELECT CAST(0 AS BIGINT) UNION ALL SELECT shard + 1 FROM n WHERE shard + 1 < $1 \
         ) INSERT INTO shards (shard) SELECT shard FROM n",
    )
    .bind(i64::from(count))
    .execute(&mut transaction)
    .await?;
    query(
        "INSERT INTO accounts (id, kind, created_ms) \
         SELECT 'house:revenue:' || CAST(shard AS TEXT), 'house', 0 FROM shards",
    )
    .execute(&mut transaction)
    .await?;
    transaction.commit().await?;
    Ok(i64::from(count))
}

/// One shard.
pub(crate) async fn read(book: &Book, shard: u32) -> Result<ShardRow> {
    let row = query("SELECT epoch, anchor_id, anchor_nonce FROM shards WHERE shard = $1")
        .bind(i64::from(shard))
        .fetch_one(book.readers())
        .await?;
    of(&row)
}

/// All of them.
pub(crate) async fn all(book: &Book) -> Result<Vec<(u32, ShardRow)>> {
    let rows = query("SELECT shard, epoch, anchor_id, anchor_nonce FROM shards ORDER BY shard")
        .fetch_all(book.readers())
        .await?;
    let number = |row: &Row| row.get::<i64>("shard").map(|shard| u32::try_from(shard).unwrap_or(u32::MAX));
    rows.iter().map(|row| Ok((number(row)?, of(row)?))).collect()
}

/// Begins an attempt at a recovery, with an epoch of its own. `None` where another was here since the row was seen.
pub(crate) async fn begin_recovery(book: &Book, shard: u32, seen: &ShardRow) -> Result<Option<Epoch>> {
    let mut writer = book.writer().await;
    let mut transaction = writer.begin_durable().await?;
    let begun = query(
        "UPDATE shards SET epoch = epoch + 1, anchor_id = NULL, anchor_nonce = NULL WHERE shard = $1 AND epoch = $2 \
         AND anchor_id IS NOT DISTINCT FROM $3 AND anchor_nonce IS NOT DISTINCT FROM $4 RETURNING epoch",
    )
    .bind(i64::from(shard))
    .bind(seen.epoch.0)
    .bind(seen.anchor.as_ref().map(|anchor| anchor.id.as_str()))
    .bind(seen.anchor.as_ref().map(|anchor| anchor.nonce.as_str()))
    .fetch_optional(&mut transaction)
    .await?;
    transaction.commit().await?;
    begun.map(|row| row.get("epoch").map(Epoch)).transpose()
}

/// Moves the anchor where the row is as it was seen, and locks it until the transaction ends. Says whether it was.
pub(super) async fn advance(transaction: &mut Transaction<'_>, advance: &Advance<'_>) -> Result<bool> {
    let seen = advance.seen.anchor.as_ref();
    let moved = query(
        "UPDATE shards SET anchor_id = $5, anchor_nonce = $6 WHERE shard = $1 AND epoch = $2 \
         AND anchor_id IS NOT DISTINCT FROM $3 AND anchor_nonce IS NOT DISTINCT FROM $4",
    )
    .bind(i64::from(advance.shard))
    .bind(advance.seen.epoch.0)
    .bind(seen.map(|anchor| anchor.id.as_str()))
    .bind(seen.map(|anchor| anchor.nonce.as_str()))
    .bind(advance.anchor.map(|anchor| anchor.id.as_str()))
    .bind(advance.anchor.map(|anchor| anchor.nonce.as_str()))
    .execute(Executor::from(transaction))
    .await?;
    Ok(moved == 1)
}

fn of(row: &Row) -> Result<ShardRow> {
    let anchor = match (row.get("anchor_id")?, row.get("anchor_nonce")?) {
        (Some(id), Some(nonce)) => Some(Anchor { id, nonce }),
        _ => None,
    };
    Ok(ShardRow { epoch: row.get("epoch").map(Epoch)?, anchor })
}
