//! Recovery of a shard whose Redis has lost booked history: wiped, restarted from an old snapshot, or replaced by a
//! replica that lagged behind.
//!
//! The book rebuilds it. Every attempt has an epoch of its own, which fences off all that was prepared before: the
//! shard is frozen in the new epoch, what survived of its stream is booked, and the stream begins anew with a marker
//! that is the book's anchor. Accounts and keys are then seeded from the book as they are touched; holds come back
//! with their next checkpoints, and charges that nobody has any more from the outboxes of the gateways.

use syntopen_shared::chaos::failpoint;

use crate::balances::Epoch;
use crate::book::settlements::{self, Survivors};
use crate::book::shards::{self, ShardRow};
use crate::cluster::Cluster;
use crate::error::Unavailable;

/// Recovers `shard`, unless another ledger has begun to since the book was `seen`.
pub(crate) async fn recover(cluster: &Cluster, shard: u32, seen: &ShardRow) -> Result<(), Unavailable> {
    let Some(epoch) = shards::begin_recovery(&cluster.book, shard, seen).await? else { return Ok(()) };
    if !cluster.redis.freeze(shard, epoch).await? {
        return Ok(());
    }
    let Some(survivors) = cluster.redis.survivors(shard, epoch).await? else { return Ok(()) };
    failpoint("ledger.recovering");
    let marker = survivors.marker();
    let entries: Vec<_> = survivors.entries.iter().filter_map(|entry| entry.entry.clone()).collect();
    let booked = Survivors { shard, epoch, entries: &entries, marker: marker.clone() };
    if !settlements::commit_survivors(&cluster.book, &booked).await?
        || !cluster.redis.open_shard(shard, epoch, (&survivors, &marker)).await?
    {
        return Ok(());
    }
    // A new cluster's shards are opened in the same way.
    if seen.epoch != Epoch::default() {
        cluster.metrics.recoveries.inc();
        let booked = entries.len();
        tracing::warn!(shard, epoch = epoch.0, booked, "recovered a shard of which Redis had lost history");
    }
    Ok(())
}
