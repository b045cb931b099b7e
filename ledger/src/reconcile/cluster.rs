//! Reconciliation of a cluster: what Redis has of every account, against the book.
//!
//! The two are never seen at one moment. But each account counts its credits and its charges on both sides, and where
//! both numbers agree, both sides speak of the same movements, so that the balances must agree too. What waits for the
//! book is drained and looked at again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use syntopen_shared::clock::SystemClock;
use syntopen_shared::id::{AccountId, KeyId};
use syntopen_shared::money::NanoUsd;

use super::ReconcileReport;
use crate::account::{Account, Key, plus};
use crate::balances::redis::Audit;
use crate::balances::{Balances as _, Seed};
use crate::book::{accounts, balances, credits, folds};
use crate::cluster::Cluster;
use crate::config::ClusterSettings;
use crate::metrics::Metrics;

/// Accounts that are read at once.
const PAGE: i64 = 256;
/// Missing credits that are delivered to one account at once.
const CREDITS_MAX: i64 = 256;
/// How often accounts are looked at again whose charges wait for the book.
const LOOKS_MAX: usize = 5;
/// Between two looks at a shard that is being recovered, and how many there are.
const FROZEN_WAIT: Duration = Duration::from_millis(200);
const FROZEN_LOOKS_MAX: usize = 50;

/// An account and its keys as the book has them, the account read first.
struct Booked {
    account: AccountId,
    record: Account,
    keys: Vec<(KeyId, Key)>,
}

/// Reconciles the cluster that the settings name, by every route.
///
/// # Errors
/// When Redis or the book cannot be reached or read.
pub async fn of_settings(settings: &ClusterSettings) -> anyhow::Result<ReconcileReport> {
    let metrics = Arc::new(Metrics::new()?);
    let cluster = Cluster::connect(settings, Arc::new(SystemClock::default()), metrics).await?;
    let report = run_whole(&cluster).await;
    cluster.book.close().await.context("the book cannot be closed")?;
    report
}

/// Compares Redis with the book, and the book with itself.
pub(crate) async fn run_whole(cluster: &Cluster) -> anyhow::Result<ReconcileReport> {
    let mut report = run(cluster).await?;
    let unread = "the book cannot be read";
    let mut snapshot = cluster.book.snapshot().await.context(unread)?;
    let accounts = folds::accounts(&mut snapshot).await.context(unread)?;
    let folds = folds::read(&mut snapshot, accounts).await.context(unread)?;
    drop(snapshot);
    report.count(&folds);
    report.check_book(&folds);
    Ok(report)
}

/// Compares Redis with the book. Delivers credits that did not arrive, and status that Redis lost.
pub(crate) async fn run(cluster: &Cluster) -> anyhow::Result<ReconcileReport> {
    let mut report = ReconcileReport::default();
    let mut after = None;
    loop {
        let page = accounts::page(cluster.book.readers(), after, PAGE).await.context("the book cannot be read")?;
        let Some((last, _)) = page.last() else { return Ok(report) };
        after = Some(*last);
        let mut shards: BTreeMap<u32, Vec<Booked>> = BTreeMap::new();
        for booked in with_keys(cluster, page).await? {
            shards.entry(cluster.redis.shard_of(booked.account)).or_default().push(booked);
        }
        for (shard, booked) in shards {
            compare(cluster, &mut report, (shard, booked)).await?;
        }
    }
}

/// Reads the keys after the accounts: if an account has not moved when Redis is read, neither have its keys.
async fn with_keys(cluster: &Cluster, accounts: Vec<(AccountId, Account)>) -> anyhow::Result<Vec<Booked>> {
    let ids: Vec<_> = accounts.iter().map(|(id, _)| *id).collect();
    let keys = balances::keys_of(cluster.book.readers(), &ids).await.context("the book cannot be read")?;
    let mut by_account: HashMap<AccountId, Vec<(KeyId, Key)>> = HashMap::new();
    for (id, key) in keys {
        by_account.entry(key.account).or_default().push((id, key));
    }
    let booked = accounts.into_iter().map(|(account, record)| {
        let keys = by_account.remove(&account).unwrap_or_default();
        Booked { account, record, keys }
    });
    Ok(booked.collect())
}

/// Compares accounts of one shard.
async fn compare(
    cluster: &Cluster,
    report: &mut ReconcileReport,
    (shard, mut booked): (u32, Vec<Booked>),
) -> anyhow::Result<()> {
    for look in 1.. {
        let Some(audit) = audit(cluster, shard, &booked).await? else {
            report.pending += booked.len() as u64;
            return Ok(());
        };
        let mut waiting = Vec::new();
        for of_book in &booked {
            let Some(hot) = audit.accounts.get(&of_book.account) else { continue };
            tell_status(cluster, of_book, (hot, &audit)).await?;
            let is_told_all = tell_credits(cluster, of_book, hot).await?;
            if is_told_all && is_of_same_movements(&of_book.record, hot) {
                report.check_account(of_book, hot, &audit);
            } else {
                waiting.push(of_book.account);
            }
        }
        if waiting.is_empty() || look == LOOKS_MAX {
            report.pending += waiting.len() as u64;
            return Ok(());
        }
        // Where the two sides differ, what is remembered of the shard may be what is wrong.
        cluster.shards.forget(shard).await;
        cluster.drain(shard).await?;
        booked = with_keys(cluster, read_again(cluster, waiting).await?).await?;
    }
    Ok(())
}

async fn read_again(cluster: &Cluster, accounts: Vec<AccountId>) -> anyhow::Result<Vec<(AccountId, Account)>> {
    let mut again = Vec::with_capacity(accounts.len());
    for account in accounts {
        let seed = balances::of_account(cluster.book.readers(), account).await.context("the book cannot be read")?;
        again.extend(seed.map(|seed| (account, seed.record)));
    }
    Ok(again)
}

/// Reads accounts, their keys and the open holds of a shard at one moment.
async fn audit(cluster: &Cluster, shard: u32, booked: &[Booked]) -> anyhow::Result<Option<Audit>> {
    let ids: Vec<_> = booked.iter().map(|booked| booked.account).collect();
    let keys: Vec<_> = booked.iter().flat_map(|booked| booked.keys.iter().map(|(key, _)| *key)).collect();
    for _ in 0..FROZEN_LOOKS_MAX {
        if let Some(audit) = cluster.redis.audit(shard, &ids, &keys).await? {
            return Ok(Some(audit));
        }
        cluster.shards.mark(shard);
        tokio::time::sleep(FROZEN_WAIT).await;
    }
    tracing::warn!(shard, "not compared: it is being recovered, or holds come and go too fast");
    Ok(None)
}

const fn is_of_same_movements(book: &Account, hot: &Account) -> bool {
    book.credit_no == hot.credit_no && book.moves == hot.moves
}

/// Brings newer status and limits to Redis, which may have gone back to older ones.
async fn tell_status(cluster: &Cluster, booked: &Booked, (hot, audit): (&Account, &Audit)) -> anyhow::Result<()> {
    let seed = |key| Seed { account: booked.account, record: booked.record.clone(), key };
    for (id, key) in &booked.keys {
        if audit.keys.get(id).is_some_and(|hot| hot.version < key.version) {
            cluster.redis.set_status(&seed(Some((*id, key.clone())))).await?;
        }
    }
    if hot.version < booked.record.version {
        cluster.redis.set_status(&seed(None)).await?;
    }
    Ok(())
}

/// Brings credits to Redis that it lacks; whether there were none.
async fn tell_credits(cluster: &Cluster, booked: &Booked, hot: &Account) -> anyhow::Result<bool> {
    if booked.record.credit_no <= hot.credit_no {
        return Ok(true);
    }
    for credit in credits::after(cluster.book.readers(), booked.account, hot.credit_no, CREDITS_MAX).await? {
        cluster.redis.credit(credit).await?;
    }
    Ok(false)
}

impl ReconcileReport {
    fn check_account(&mut self, booked: &Booked, hot: &Account, audit: &Audit) {
        let name = booked.account.to_string();
        self.equal("Redis has the book's balance", &name, booked.record.posted.nanos(), hot.posted.nanos());
        let of_account = audit.open.iter().filter(|((account, _), _)| *account == booked.account);
        let open = of_account.fold(NanoUsd::ZERO, |sum, (_, amount)| plus(sum, *amount));
        self.equal("held is the sum of open holds", &name, open.nanos(), hot.held.nanos());
        for (id, key) in &booked.keys {
            let Some(hot) = audit.keys.get(id) else { continue };
            let name = id.to_string();
            let (expected, found) = (key.spending.spent.total.nanos(), hot.spending.spent.total.nanos());
            self.equal("Redis has the book's spending of a key", &name, expected, found);
            let open = audit.open.get(&(booked.account, *id)).copied().unwrap_or_default();
            self.equal("a key's held is the sum of its open holds", &name, open.nanos(), hot.held.nanos());
        }
    }
}
