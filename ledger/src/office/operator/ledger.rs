//! The ledger at a glance, and the reconciliation on demand.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use syntopen_shared::wire::office::Refusal;
use syntopen_shared::wire::office::operator::ledger::{
    Glance, LedgerState, LookAtLedger, Reconcile, Scope, Shard, Store,
};

use super::only_operators;
use crate::balances::redis::RedisBalances;
use crate::book::audit::{self, Act, Who};
use crate::book::reconciliations;
use crate::book::shards::{self, ShardRow};
use crate::ledger::{Core, Profile};
use crate::office::{Handle, OfficeError};
use crate::reconcile::{self, kept};

/// How many shards are looked at once.
const LOOKS: usize = 8;
/// A reconciliation that began longer ago was cut short.
const RUNS_MAX_MS: i64 = 900_000;

impl Handle<LookAtLedger> for Core {
    async fn handle(&self, _: LookAtLedger) -> Result<LedgerState, OfficeError> {
        let now_ms = self.clock.unix_ms();
        let store = match &self.profile {
            Profile::Embedded { memory, .. } => Store::Memory(memory.glance()),
            Profile::Cluster { cluster, .. } => {
                let rows = shards::all(&cluster.book).await?;
                let looks = stream::iter(rows).map(|(shard, row)| look(&cluster.redis, (shard, row), now_ms));
                Store::Shards(looks.buffered(LOOKS).collect().await)
            }
        };
        let mut reconciliations = reconciliations::last(self.book.readers(), Scope::Whole).await?;
        reconciliations.extend(reconciliations::last(self.book.readers(), Scope::Hot).await?);
        reconciliations.sort_by_key(|one| std::cmp::Reverse(one.began_ms));
        Ok(LedgerState { now_ms, store, reconciliations })
    }
}

impl Handle<Reconcile> for Core {
    async fn handle(&self, Reconcile { by }: Reconcile) -> Result<(), OfficeError> {
        let at_ms = self.clock.unix_ms();
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        only_operators(&mut transaction, by.user).await?;
        if reconciliations::is_running(&mut transaction, Scope::Whole, at_ms - RUNS_MAX_MS).await? {
            return Err(Refusal::conflict("A reconciliation is running.").into());
        }
        let id = reconciliations::begin(&mut transaction, Scope::Whole, at_ms).await?;
        let act = Act { who: Who::User(&by), at_ms, act: "ledger.reconcile", subject: &id, detail: &() };
        audit::record(&mut transaction, act).await?;
        transaction.commit().await?;
        drop(writer);
        // It takes as long as the book is large: whoever asked looks again.
        let (book, clock) = (Arc::clone(&self.book), Arc::clone(&self.clock));
        match &self.profile {
            Profile::Embedded { memory, .. } => {
                let memory = Arc::clone(memory);
                tokio::spawn(async move {
                    let report = reconcile::run(&book, Some(&memory)).await;
                    kept::end(&book, (&id, clock.unix_ms()), report).await;
                });
            }
            Profile::Cluster { cluster, .. } => {
                let cluster = Arc::clone(cluster);
                tokio::spawn(async move {
                    let report = reconcile::cluster::run_whole(&cluster).await;
                    kept::end(&book, (&id, clock.unix_ms()), report).await;
                });
            }
        }
        Ok(())
    }
}

/// What a shard holds, as far as it answers.
async fn look(redis: &RedisBalances, (shard, row): (u32, ShardRow), now_ms: i64) -> Shard {
    let epoch = row.epoch.0;
    let (view, audit, length) =
        tokio::join!(redis.read(shard, row.anchor.as_ref(), 1), redis.audit(shard, &[], &[]), redis.waiting(shard));
    let (Ok(view), Ok(Some(audit)), Ok(waiting)) = (view, audit, length) else {
        return Shard { shard, epoch, glance: None };
    };
    let oldest = view.entries.first().filter(|_| view.is_anchored).and_then(|oldest| oldest.entry.as_ref());
    let glance = Glance {
        waiting: i64::try_from(waiting).unwrap_or(i64::MAX),
        lag_ms: oldest.map_or(0, |oldest| now_ms.saturating_sub(oldest.at_ms).max(0)),
        holds: i64::try_from(audit.holds).unwrap_or(i64::MAX),
        held: audit.open.values().copied().fold(Default::default(), crate::account::plus),
    };
    Shard { shard, epoch, glance: Some(glance) }
}
