//! Balances in the memory of one process.
//!
//! One mutex guards everything and is never held across an await: each command is a handful of map operations, so that
//! a finer lock would cost more than it saves.

mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use syntopen_shared::clock::Clock;
use syntopen_shared::id::{AccountId, KeyId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::{Checkpoint, Finish, Hold, HoldRefused};
use syntopen_shared::wire::office::operator::ledger::Glance;
use tokio::sync::Notify;

use self::state::{Now, State};
use super::{
    Balances, Batch, CheckpointOutcome, Credit, CreditOutcome, Epoch, FinishOutcome, HoldOutcome, Looked, Seed,
    Snapshot,
};
use crate::account::{Account, Key, plus};
use crate::error::Unavailable;

/// Memory is lost with the process alone, and with it everything that was prepared for it.
const EPOCH: Epoch = Epoch(0);

/// Balances of the embedded profile.
pub struct MemoryBalances {
    clock: Arc<dyn Clock>,
    bounds: Bounds,
    state: Mutex<State>,
    /// Wakes the drainer; a permit is kept while it is busy.
    appended: Notify,
}

/// How much is kept in memory.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Entries that may wait for the book before holds are refused.
    pub journal_max: usize,
    /// Finished requests that are remembered.
    pub ended_max: usize,
}

impl MemoryBalances {
    /// Nothing yet: accounts and keys are seeded as they are touched.
    #[must_use]
    pub fn new(bounds: Bounds, clock: Arc<dyn Clock>) -> Self {
        Self { clock, bounds, state: Mutex::default(), appended: Notify::new() }
    }

    /// Forgets finished requests that are booked and 24 hours old, or too many.
    pub fn forget(&self) {
        let (now, bound) = (self.now(), self.bounds.ended_max);
        self.state().forget(bound, now);
    }

    /// What waits for the book, oldest first, `limit` entries at most.
    #[must_use]
    pub fn pending(&self, limit: usize) -> Batch {
        self.state().pending(limit)
    }

    /// Removes from the journal what the book has.
    pub fn trim(&self, batch: &Batch) {
        self.state().trim(batch);
    }

    /// Returns when something may wait for the book. Heard by one drainer.
    pub async fn appended(&self) {
        self.appended.notified().await;
    }

    /// Everything at one moment, for reconciliation.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let state = self.state();
        Snapshot {
            accounts: state.accounts.clone(),
            keys: state.keys.clone(),
            open: state.open_holds(),
            journal: state.journal.iter().cloned().collect(),
        }
    }

    /// What it holds, in sums.
    #[must_use]
    pub fn glance(&self) -> Glance {
        let (now_ms, count) = (self.clock.unix_ms(), |number: usize| i64::try_from(number).unwrap_or(i64::MAX));
        let state = self.state();
        let (open, oldest) = (state.open_holds(), state.journal.front());
        Glance {
            waiting: count(state.journal.len()),
            lag_ms: oldest.map_or(0, |oldest| now_ms.saturating_sub(oldest.at_ms).max(0)),
            holds: count(open.len()),
            held: open.iter().fold(NanoUsd::ZERO, |sum, (_, _, amount)| plus(sum, *amount)),
        }
    }

    fn now(&self) -> Now {
        Now { unix_ms: self.clock.unix_ms(), monotonic_us: self.clock.monotonic_us() }
    }

    /// The state is changed only after everything has been checked, so a panic elsewhere leaves it whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a step, and wakes the drainer where the step left it something to do.
    fn step<T>(&self, step: impl FnOnce(&mut State, Now) -> T) -> T {
        let now = self.now();
        let (outcome, appended) = {
            let mut state = self.state();
            let before = state.tail();
            let outcome = step(&mut state, now);
            (outcome, before != state.tail())
        };
        if appended {
            self.appended.notify_one();
        }
        outcome
    }
}

#[async_trait]
impl Balances for MemoryBalances {
    async fn hold(&self, hold: &Hold) -> Result<HoldOutcome, Unavailable> {
        let bound = self.bounds.journal_max;
        Ok(self.step(|state, now| {
            let replay = state.knows(hold.id);
            if !replay && bound <= state.backlog() {
                return HoldOutcome::Refused(HoldRefused::BacklogFull);
            }
            state.hold(hold, now)
        }))
    }

    async fn checkpoint(&self, checkpoint: &Checkpoint) -> Result<CheckpointOutcome, Unavailable> {
        Ok(self.step(|state, now| state.checkpoint(checkpoint, now)))
    }

    async fn put_back(&self, checkpoint: &Checkpoint) -> Result<CheckpointOutcome, Unavailable> {
        Ok(self.step(|state, now| match state.checkpoint(checkpoint, now) {
            CheckpointOutcome::Unknown => state.put_back(checkpoint, now),
            known => known,
        }))
    }

    async fn finish(&self, finish: &Finish) -> Result<FinishOutcome, Unavailable> {
        Ok(self.step(|state, now| state.finish(finish, now)))
    }

    async fn finish_unknown(&self, finish: &Finish, looked: Looked) -> Result<FinishOutcome, Unavailable> {
        Ok(self.step(|state, now| match state.finish(finish, now) {
            FinishOutcome::Unknown(_) => state.finish_unknown(finish, looked.booked, now),
            known => known,
        }))
    }

    async fn seed(&self, seed: &Seed, _: Epoch) -> Result<(), Unavailable> {
        self.state().seed(seed);
        Ok(())
    }

    async fn set_status(&self, seed: &Seed) -> Result<(), Unavailable> {
        // The whole record, so that a seed that was read before this and is still on its way finds a newer version.
        self.state().seed(seed);
        Ok(())
    }

    async fn credit(&self, credit: Credit) -> Result<CreditOutcome, Unavailable> {
        Ok(self.state().credit(credit))
    }

    async fn account(&self, account: AccountId) -> Result<Option<Account>, Unavailable> {
        Ok(self.state().accounts.get(&account).cloned())
    }

    async fn key(&self, account: AccountId, key: KeyId) -> Result<Option<Key>, Unavailable> {
        Ok(self.state().keys.get(&key).filter(|key| key.account == account).cloned())
    }

    async fn epoch(&self, _: AccountId) -> Result<Epoch, Unavailable> {
        Ok(EPOCH)
    }

    async fn expire_overdue(&self, limit: usize) -> Result<usize, Unavailable> {
        Ok(self.step(|state, now| state.expire_overdue(limit, now)))
    }
}
