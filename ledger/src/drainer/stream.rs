//! From the streams of a cluster's shards into the book.
//!
//! A shard's *anchor* is the last entry of its stream that the book has. One pass reads what follows the anchor, books
//! it in a transaction that is valid only for the epoch and the anchor it started from, and trims the stream up to the
//! new anchor. A stream without its anchor has lost booked history, and the shard is recovered.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use syntopen_shared::chaos::{failpoint, is_mutant};
use syntopen_shared::shutdown::Shutdown;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::balances::Epoch;
use crate::balances::redis::{Meta, StreamView};
use crate::book::settlements::{self, Committed, StreamBatch};
use crate::book::shards::{self, ShardRow};
use crate::cluster::Cluster;
use crate::error::Unavailable;
use crate::recovery;

/// How long charges are gathered before they are booked: a transaction costs several times what one more row in it
/// does, and nobody waits for the book.
const GATHER: Duration = Duration::from_millis(400);
/// How often every shard is looked at, whoever appended to it: what a ledger that died has left, and what Redis lost.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Entries of one transaction.
const BATCH_MAX: usize = 512;
/// How many shards are drained at once.
const DRAINS: usize = 4;
/// How often a pass begins again because another ledger was faster.
const TRIES_MAX: usize = 9;
/// How long a pass over a shard may take. A book that is stopped, rather than gone, never answers.
const PASS_MAX: Duration = Duration::from_secs(10);
/// How long another ledger's recovery of a shard is waited for.
const RECOVERY_GRACE: Duration = Duration::from_secs(1);
/// An outage of the book is reported once, when it has lasted for so long.
const OUTAGE_REPORTED: Duration = Duration::from_secs(1);

/// What is known of the shards without asking, and which of them have something to book.
pub(crate) struct Shards {
    rows: Vec<tokio::sync::Mutex<Option<ShardRow>>>,
    dirty: Mutex<Vec<bool>>,
    wake: Notify,
}

/// How a pass over a shard ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    /// Everything that the stream held when the pass began is in the book.
    Clean,
    /// It has been, or is being, recovered.
    Recovering,
    /// Other ledgers were faster again and again.
    Outrun,
}

impl Shards {
    pub(crate) fn new(count: u32) -> Self {
        let rows = (0..count).map(|_| tokio::sync::Mutex::new(None)).collect::<Vec<_>>();
        let dirty = Mutex::new(vec![true; rows.len()]);
        Self { rows, dirty, wake: Notify::new() }
    }

    /// Something was appended to the shard, or it does not answer as it should.
    pub(crate) fn mark(&self, shard: u32) {
        let mut dirty = self.dirty.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mark) = dirty.get_mut(shard as usize) {
            *mark = true;
        }
        self.wake.notify_one();
    }

    /// Has the next pass ask the book where it is.
    pub(crate) async fn forget(&self, shard: u32) {
        if let Some(row) = self.rows.get(shard as usize) {
            *row.lock().await = None;
        }
    }

    fn take(&self) -> Vec<u32> {
        let mut dirty = self.dirty.lock().unwrap_or_else(PoisonError::into_inner);
        let marked = (0..).zip(dirty.iter_mut()).filter(|(_, mark)| **mark);
        marked.map(|(shard, mark)| (shard, std::mem::take(mark)).0).collect()
    }
}

/// Drains until the shutdown is requested, then what is left.
pub(crate) async fn run(cluster: &Cluster, shutdown: &Shutdown) {
    let mut outage = Outage::default();
    let mut looked = Instant::now();
    loop {
        let is_last = shutdown.is_requested();
        if is_last || LOOK_EVERY <= looked.elapsed() {
            looked = Instant::now();
            (0..cluster.redis.shards()).for_each(|shard| cluster.shards.mark(shard));
        }
        let dirty = cluster.shards.take();
        let passes = stream::iter(dirty).map(|shard| async move { (shard, drain(cluster, shard).await) });
        let passes = passes.buffer_unordered(DRAINS).collect::<Vec<_>>();
        // What cannot be booked before the end waits in Redis for another ledger.
        let passes = if is_last { timeout(PASS_MAX, passes).await.unwrap_or_default() } else { passes.await };
        let failed = passes.iter().filter(|(_, pass)| pass.is_err());
        let unbooked = failed.map(|(shard, _)| cluster.shards.mark(*shard)).count();
        outage.note(unbooked);
        if is_last {
            return;
        }
        tokio::time::sleep(GATHER).await;
        tokio::select! {
            () = cluster.shards.wake.notified() => {}
            () = tokio::time::sleep_until(looked + LOOK_EVERY) => {}
            () = shutdown.requested() => {}
        }
    }
}

#[derive(Default)]
struct Outage {
    since: Option<Instant>,
    is_reported: bool,
}

impl Outage {
    fn note(&mut self, unbooked: usize) {
        if unbooked == 0 {
            if std::mem::take(&mut self.is_reported) {
                tracing::info!("the book takes charges again");
            }
            self.since = None;
            return;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        if !self.is_reported && OUTAGE_REPORTED <= since.elapsed() {
            self.is_reported = true;
            tracing::error!(shards = unbooked, "charges cannot be booked at the moment; they wait in Redis");
        }
    }
}

/// Books everything that the stream of `shard` holds now, or gives up after a while.
pub(crate) async fn drain(cluster: &Cluster, shard: u32) -> Result<Drained, Unavailable> {
    timeout(PASS_MAX, pass(cluster, shard)).await.unwrap_or(Err(Unavailable))
}

async fn pass(cluster: &Cluster, shard: u32) -> Result<Drained, Unavailable> {
    // One pass at a time in this process: two would only outrun each other.
    let Some(known) = cluster.shards.rows.get(shard as usize) else { return Err(Unavailable) };
    let mut known = known.lock().await;
    for _ in 0..TRIES_MAX {
        let (row, is_fresh) = match &*known {
            Some(row) => (row.clone(), false),
            None => (shards::read(&cluster.book, shard).await?, true),
        };
        let view = cluster.redis.read(shard, row.anchor.as_ref(), BATCH_MAX).await?;
        if !continues(&view, &row) {
            let fresh = shards::read(&cluster.book, shard).await?;
            if fresh == row {
                *known = None;
                if is_being_recovered(cluster, shard, &row).await? {
                    continue;
                }
                recovery::recover(cluster, shard, &row).await?;
                return Ok(Drained::Recovering);
            }
            *known = Some(fresh);
            continue;
        }
        if is_fresh && let Some(anchor) = &row.anchor {
            // Whoever booked up to here may have died before it trimmed.
            cluster.redis.trim(shard, anchor).await?;
        }
        let is_all = view.entries.len() < BATCH_MAX;
        *known = book(cluster, shard, (row, view)).await?;
        if known.is_some() && is_all {
            return Ok(Drained::Clean);
        }
    }
    Ok(Drained::Outrun)
}

/// Whether another ledger is at it, which gets a moment to finish: a second attempt would only undo the first.
async fn is_being_recovered(cluster: &Cluster, shard: u32, row: &ShardRow) -> Result<bool, Unavailable> {
    if row.anchor.is_some() || row.epoch == Epoch::default() {
        return Ok(false);
    }
    tokio::time::sleep(RECOVERY_GRACE).await;
    Ok(shards::read(&cluster.book, shard).await? != *row)
}

/// Whether the stream goes on from where the book is.
fn continues(view: &StreamView, row: &ShardRow) -> bool {
    let is_open = matches!(view.meta, Some(Meta { epoch, is_open: true }) if epoch == row.epoch);
    is_open && row.anchor.is_some() && view.is_anchored
}

/// Books what was read, and trims. The row as it is then; `None` where it must be read again.
async fn book(
    cluster: &Cluster,
    shard: u32,
    (row, view): (ShardRow, StreamView),
) -> Result<Option<ShardRow>, Unavailable> {
    let Some(last) = view.entries.last() else { return Ok(Some(row)) };
    let anchor = last.anchor.clone();
    let entries: Vec<_> = view.entries.iter().filter_map(|entry| entry.entry.clone()).collect();
    if is_mutant("trim_before_commit") {
        cluster.redis.trim(shard, &anchor).await?;
        failpoint("ledger.committed");
    }
    let batch = StreamBatch { shard, from: &row, entries: &entries, anchor: anchor.clone() };
    match settlements::commit_stream(&cluster.book, &batch).await? {
        Committed::Booked => {
            failpoint("ledger.committed");
            cluster.metrics.booked.inc_by(entries.len() as u64);
            cluster.metrics.lag(&entries, cluster.clock.unix_ms());
            cluster.redis.trim(shard, &anchor).await?;
            Ok(Some(ShardRow { epoch: row.epoch, anchor: Some(anchor) }))
        }
        Committed::Off => {
            tracing::warn!(shard, "the book takes other charges than Redis did: the shard is recovered");
            Ok(None)
        }
        Committed::Fenced => Ok(None),
    }
}
