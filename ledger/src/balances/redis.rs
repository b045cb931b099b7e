//! Balances in Redis or a Redis Cluster, shared by all replicas of the ledger.
//!
//! Accounts are spread over shards, each with a hash tag, an epoch and a stream of its own. Each command is one script,
//! so that Redis carries it out as one step; batches of commands go as one pipeline to each node.

mod answers;
mod audit;
mod breaches;
mod commands;
mod keys;
mod known;
mod outage;
mod preflight;
mod scripts;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use redis::{RedisResult, Value};
use syntopen_shared::clock::Clock;
use syntopen_shared::id::{AccountId, KeyId};
use syntopen_shared::redis::{Call, Redis};
use syntopen_shared::wire::ledger::{Checkpoint, Finish, Hold};

pub use self::answers::Look;
pub use self::audit::Audit;
pub use self::stream::{Meta, StreamEntry, StreamView, Survivors};

use self::keys::Shards;
use self::outage::Outage;
use self::scripts::Scripts;
use super::{Balances, CheckpointOutcome, Credit, CreditOutcome, Epoch, FinishOutcome, HoldOutcome, Looked, Seed};
use crate::account::{Account, Key};
use crate::error::Unavailable;

/// How the hot state is laid out in Redis.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// How many shards there are. It never changes: an account is found by it.
    pub shards: u32,
    /// How many entries may wait for the book in a shard's stream before holds are refused. Ends never are.
    pub stream_max: u64,
    /// What the hash tags of the shards begin with: shard 7 of `s` is `{s7}`. Ledgers that share a Redis differ in it.
    pub tag: String,
}

impl Default for RedisSettings {
    fn default() -> Self {
        Self { shards: 64, stream_max: 100_000, tag: "s".to_owned() }
    }
}

/// Balances of the cluster profile.
///
/// Its answers tell no places in a journal (they are 0): whether something is booked, the book says.
pub struct RedisBalances {
    redis: Arc<Redis>,
    shards: Shards,
    stream_max: u64,
    scripts: Scripts,
    outage: Outage,
    /// A clock that is read instead of Redis' own, for tests.
    clock: Option<Arc<dyn Clock>>,
}

/// A call, and the shard that it goes to.
type ShardCall<'a> = (u32, Call<'a>);

impl RedisBalances {
    /// The balances in `redis`.
    #[must_use]
    pub fn new(redis: Arc<Redis>, settings: RedisSettings) -> Self {
        let RedisSettings { shards: count, stream_max, tag } = settings;
        let (scripts, outage) = (Scripts::new(), Outage::of(count));
        Self { redis, shards: Shards { count, tag }, stream_max, scripts, outage, clock: None }
    }

    /// The same balances in the time of `clock`, for tests. Redis forgets ended requests by its own clock all the same.
    #[must_use]
    pub fn in_time_of(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// The shard of an account.
    #[must_use]
    pub fn shard_of(&self, account: AccountId) -> u32 {
        self.shards.of(account)
    }

    /// How many shards there are.
    #[must_use]
    pub const fn shards(&self) -> u32 {
        self.shards.count
    }

    /// [`Balances::hold`] for many, answered in their order.
    pub async fn hold_all(&self, holds: &[Hold]) -> Vec<Result<HoldOutcome, Unavailable>> {
        self.ask_all(holds.iter().map(|hold| self.hold_call(hold)), answers::hold).await
    }

    /// [`Balances::checkpoint`] for many, answered in their order.
    pub async fn checkpoint_all(&self, checkpoints: &[Checkpoint]) -> Vec<Result<CheckpointOutcome, Unavailable>> {
        self.ask_all(checkpoints.iter().map(|checkpoint| self.checkpoint_call(checkpoint)), answers::checkpoint).await
    }

    /// [`Balances::finish`] for many, answered in their order.
    pub async fn finish_all(&self, finishes: &[Finish]) -> Vec<Result<FinishOutcome, Unavailable>> {
        self.ask_all(finishes.iter().map(|finish| self.finish_call(finish)), answers::finish).await
    }

    /// The epoch of the records of an account and a key, and those of them that are seeded, in one step.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn look(&self, account: AccountId, key: KeyId) -> Result<Look, Unavailable> {
        self.ask(self.look_call(account, key), answers::look).await
    }

    async fn ask<T>(&self, call: ShardCall<'_>, read: impl Fn(Value) -> RedisResult<T>) -> Result<T, Unavailable> {
        self.ask_all([call], read).await.pop().unwrap_or(Err(Unavailable))
    }

    /// Calls scripts, one pipeline for each node, and answers in their order.
    async fn ask_all<T>(
        &self,
        calls: impl IntoIterator<Item = ShardCall<'_>>,
        read: impl Fn(Value) -> RedisResult<T>,
    ) -> Vec<Result<T, Unavailable>> {
        let (shards, calls): (Vec<_>, Vec<_>) = calls.into_iter().unzip();
        let answers = self.redis.call_all(&calls).await;
        let hear = |(shard, answer): (u32, RedisResult<Value>)| self.outage.hear(shard, answer.and_then(&read));
        shards.into_iter().zip(answers).map(hear).collect()
    }
}

#[async_trait]
impl Balances for RedisBalances {
    async fn hold(&self, hold: &Hold) -> Result<HoldOutcome, Unavailable> {
        self.ask(self.hold_call(hold), answers::hold).await
    }

    async fn checkpoint(&self, checkpoint: &Checkpoint) -> Result<CheckpointOutcome, Unavailable> {
        self.ask(self.checkpoint_call(checkpoint), answers::checkpoint).await
    }

    async fn put_back(&self, checkpoint: &Checkpoint) -> Result<CheckpointOutcome, Unavailable> {
        self.ask(self.put_back_call(checkpoint), answers::checkpoint).await
    }

    async fn finish(&self, finish: &Finish) -> Result<FinishOutcome, Unavailable> {
        self.ask(self.finish_call(finish), answers::finish).await
    }

    async fn finish_unknown(&self, finish: &Finish, looked: Looked) -> Result<FinishOutcome, Unavailable> {
        self.ask(self.finish_unknown_call(finish, looked), answers::finish).await
    }

    async fn seed(&self, seed: &Seed, epoch: Epoch) -> Result<(), Unavailable> {
        self.ask(self.seed_call(seed, epoch), answers::seed).await
    }

    async fn set_status(&self, seed: &Seed) -> Result<(), Unavailable> {
        // What a frozen shard did not take has not been written: whoever asked for it must ask again.
        let is_written = self.ask(self.set_status_call(seed), answers::set_status).await?;
        is_written.then_some(()).ok_or(Unavailable)
    }

    async fn credit(&self, credit: Credit) -> Result<CreditOutcome, Unavailable> {
        self.ask(self.credit_call(credit), answers::credit).await
    }

    async fn account(&self, account: AccountId) -> Result<Option<Account>, Unavailable> {
        // No key is asked for: its record is that of an account's id, which there is not.
        Ok(self.look(account, KeyId::from(*account.as_uuid())).await?.account)
    }

    async fn key(&self, account: AccountId, key: KeyId) -> Result<Option<Key>, Unavailable> {
        Ok(self.look(account, key).await?.key.filter(|key| key.account == account))
    }

    async fn epoch(&self, account: AccountId) -> Result<Epoch, Unavailable> {
        let look = self.look(account, KeyId::from(*account.as_uuid())).await?;
        look.epoch.ok_or(Unavailable)
    }

    async fn expire_overdue(&self, limit: usize) -> Result<usize, Unavailable> {
        let looks = (0..self.shards()).map(|shard| self.overdue_call(shard, limit));
        let looked = self.ask_all(looks, answers::overdue).await;
        let mut calls = Vec::new();
        let mut failed = false;
        for (shard, overdue) in (0..).zip(looked) {
            match overdue {
                Ok(overdue) => calls.extend(overdue.into_iter().map(|hold| self.expire_call(shard, hold))),
                Err(Unavailable) => failed = true,
            }
        }
        calls.truncate(limit);
        let ended = self.ask_all(calls, answers::expire).await;
        failed |= ended.iter().any(Result::is_err);
        let expired = ended.into_iter().filter(|ended| *ended == Ok(true)).count();
        // What one node does not answer is no reason to keep silent about what the others did.
        if failed && expired == 0 { Err(Unavailable) } else { Ok(expired) }
    }
}

impl std::fmt::Debug for RedisBalances {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisBalances")
            .field("redis", &self.redis)
            .field("shards", &self.shards)
            .finish_non_exhaustive()
    }
}
