//! What the drainer books: many charges in one transaction.
//!
//! A trip to the database costs more than the rows themselves, so a batch makes two: one that looks up what the book
//! has of these requests, and one that writes everything. Entries are booked by the difference between their totals and
//! what the book has, so that whatever surfaces twice is charged once.

/// What the look-ups select of usage rows; what is `NULL` there is of a row that was removed.
macro_rules! had_columns {
    () => {
        "id, ended, charged, input_tokens, cached_input_tokens, cache_write_tokens, cache_write_1h_tokens, \
         output_tokens, reasoning_tokens, outcome, first_byte_ms, duration_ms, cost_price"
    };
}

/// What the transfers tell of requests whose usage rows were removed: only the charge, for good.
macro_rules! removed_columns {
    () => {
        "op, 'settled', MAX(total), 0, 0, 0, 0, 0, 0, NULL, NULL, 0, NULL"
    };
}

mod plan;
mod postgres;
mod sqlite;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use syntopen_shared::id::RequestId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::price::Tokens;
use syntopen_shared::wire::ledger::Outcome;

use self::plan::{Had, Plan};
use super::accounts::{id, nanos};
use super::shards::{self, Advance, ShardRow, revenue};
use super::sql::{Pool, Row, Transaction, is_transient};
use super::{Book, Result, TRIES_MAX, Writer, corrupt, keys, usage};
use crate::account::{Charged, Entry};
use crate::balances::{Anchor, Batch, Epoch};

/// The account on the other side of charges in the embedded profile.
const REVENUE: &str = "house:revenue";
/// How many survivors are written by one statement.
const SURVIVORS_AT_ONCE: usize = 1_024;

/// Entries of a shard's stream, in order, from after the anchor on.
pub(crate) struct StreamBatch<'a> {
    /// Which shard.
    pub(crate) shard: u32,
    /// Its row as it was when the stream was read.
    pub(crate) from: &'a ShardRow,
    /// The entries.
    pub(crate) entries: &'a [Arc<Entry>],
    /// The last of them.
    pub(crate) anchor: Anchor,
}

/// What became of a batch of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Committed {
    /// It is booked, and the anchor is its last entry.
    Booked,
    /// It is booked, but not all as the hot state applied it: the anchor is unset, so that a recovery follows.
    Off,
    /// Another has booked or recovered meanwhile, or removed rows that it changes: nothing was written.
    Fenced,
}

/// What a shard's old stream still held when the shard was frozen.
pub(crate) struct Survivors<'a> {
    /// Which shard.
    pub(crate) shard: u32,
    /// The epoch of this attempt at a recovery.
    pub(crate) epoch: Epoch,
    /// The entries, in order.
    pub(crate) entries: &'a [Arc<Entry>],
    /// The first entry of the new stream.
    pub(crate) marker: Anchor,
}

/// Books a batch of the embedded profile, then the checkpoints of what runs on. Committed when this returns.
pub(crate) async fn commit(writer: &mut Writer<'_>, batch: &Batch, unix_ms: i64) -> Result<()> {
    match writer {
        Writer::Sqlite(writer) => sqlite::commit(writer.for_charges().await?, batch, unix_ms).await,
        Writer::Shared(_) => Err(sqlx::Error::Configuration("a shared book takes charges by shards alone".into())),
    }
}

/// Books entries of a shard's stream and moves the anchor, only if the shard's row is as it was seen.
pub(crate) async fn commit_stream(book: &Book, batch: &StreamBatch<'_>) -> Result<Committed> {
    let mut tries = 1;
    loop {
        let committed = match book.readers() {
            Pool::Sqlite(_) => stream(book, batch).await,
            Pool::Postgres(pool) => postgres::commit_stream(pool, batch).await,
        };
        match committed {
            Err(error) if tries < TRIES_MAX && is_transient(&error) => tries += 1,
            Err(error) if is_orphaned(&error) => {
                let known = without_orphans(book, batch.entries).await?;
                let rest = StreamBatch { entries: &known, anchor: batch.anchor.clone(), ..*batch };
                return Box::pin(commit_stream(book, &rest)).await;
            }
            committed => return committed,
        }
    }
}

fn is_orphaned(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_foreign_key_violation())
}

/// The entries whose keys this book has. Others belong to another book, or to what this one has lost: they must not
/// stop everybody else's. They are told, and the reconciliation finds what they had moved.
async fn without_orphans(book: &Book, entries: &[Arc<Entry>]) -> Result<Vec<Arc<Entry>>> {
    let ids: Vec<_> = entries.iter().map(|entry| entry.key).collect();
    let known: HashSet<_> =
        keys::by_ids(book.readers(), &ids).await?.into_iter().map(|record| (record.key, record.account)).collect();
    let (known, orphans): (Vec<_>, Vec<_>) =
        entries.iter().cloned().partition(|entry| known.contains(&(entry.key, entry.account)));
    for orphan in &orphans {
        tracing::error!(
            request.id = %orphan.id, account = %orphan.account, key = %orphan.key,
            total_nanos = orphan.charged.total.nanos(), "a charge is of a key that the book does not have"
        );
    }
    if orphans.is_empty() { Err(corrupt("a charge refers to nothing, and its key is there")) } else { Ok(known) }
}

/// Books what survived of a shard's old stream and makes the marker its anchor, only if the shard is still in this
/// epoch and without an anchor. Says whether it was.
pub(crate) async fn commit_survivors(book: &Book, survivors: &Survivors<'_>) -> Result<bool> {
    let Survivors { shard, epoch, entries, ref marker } = *survivors;
    let seen = ShardRow { epoch, anchor: None };
    // Part by part: an attempt that is cut short was not in vain, since booking twice changes nothing.
    for part in entries.chunks(SURVIVORS_AT_ONCE) {
        let same = Advance { shard, seen: &seen, anchor: None };
        let booked = match book_part(book, part, &same).await {
            Err(error) if is_orphaned(&error) => book_part(book, &without_orphans(book, part).await?, &same).await,
            booked => booked,
        };
        if !booked? {
            return Ok(false);
        }
    }
    book_part(book, &[], &Advance { shard, seen: &seen, anchor: Some(marker) }).await
}

async fn book_part(book: &Book, entries: &[Arc<Entry>], advance: &Advance<'_>) -> Result<bool> {
    let mut writer = book.writer().await;
    loop {
        let mut transaction = writer.begin_charges().await?;
        if !shards::advance(&mut transaction, advance).await? {
            return Ok(false);
        }
        let is_written = entries.is_empty() || {
            let had = look_up(&mut transaction, entries).await?;
            write(&mut transaction, &Plan::of(entries, had, &revenue(advance.shard)), advance).await?
        };
        if is_written {
            transaction.commit().await?;
            return Ok(true);
        }
        // A usage row was removed for its age since it was looked up, which the next look sees.
    }
}

async fn stream(book: &Book, batch: &StreamBatch<'_>) -> Result<Committed> {
    let mut writer = book.writer().await;
    let mut transaction = writer.begin_charges().await?;
    let had = look_up(&mut transaction, batch.entries).await?;
    let plan = Plan::of(batch.entries, had, &revenue(batch.shard));
    let anchor = (!plan.off).then_some(&batch.anchor);
    let advance = Advance { shard: batch.shard, seen: batch.from, anchor };
    if !shards::advance(&mut transaction, &advance).await? {
        return Ok(Committed::Fenced);
    }
    if !write(&mut transaction, &plan, &advance).await? {
        return Ok(Committed::Fenced);
    }
    transaction.commit().await?;
    Ok(plan.committed())
}

async fn look_up(transaction: &mut Transaction<'_>, entries: &[Arc<Entry>]) -> Result<HashMap<RequestId, Had>> {
    match transaction {
        Transaction::Sqlite(connection) => sqlite::look_up(connection, entries).await,
        Transaction::Postgres(connection) => postgres::look_up(connection, entries).await,
    }
}

/// Writes a plan in a transaction that has moved the anchor. Says whether the book is as it was looked up.
async fn write(transaction: &mut Transaction<'_>, plan: &Plan<'_>, moved: &Advance<'_>) -> Result<bool> {
    match transaction {
        Transaction::Sqlite(connection) => sqlite::write(connection, plan).await.map(|()| true),
        Transaction::Postgres(connection) => postgres::write(connection, plan, moved).await,
    }
}

fn had(rows: Vec<Row>) -> Result<HashMap<RequestId, Had>> {
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<(RequestId, Had)> {
    let count = |column| row.get::<i64>(column).map(|count| u64::try_from(count).unwrap_or(0));
    let tokens = Tokens {
        input: count("input_tokens")?,
        cached_input: count("cached_input_tokens")?,
        cache_write: count("cache_write_tokens")?,
        cache_write_1h: count("cache_write_1h_tokens")?,
        output: count("output_tokens")?,
        reasoning: count("reasoning_tokens")?,
    };
    let charged = Charged { ended: usage::ended(row.get("ended")?)?, total: nanos(row, "charged")? };
    let outcome: Option<&str> = row.get("outcome")?;
    let had = Had {
        charged,
        tokens,
        is_removed: outcome.is_none(),
        outcome: outcome.map_or(Ok(Outcome::Running), usage::outcome)?,
        first_byte_ms: row.get("first_byte_ms")?,
        duration_ms: row.get("duration_ms")?,
        cost_price: row.get::<Option<i64>>("cost_price")?.map(NanoUsd::new),
    };
    Ok((id(row, "id")?, had))
}
