//! The hot state: balances, holds, and the journal of charges that wait for the book.
//!
//! A backend never looks into the book. Where it lacks a record it answers `Unseeded` or `Unknown`, and the caller
//! comes back with what the book says.

pub mod memory;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use syntopen_shared::id::{AccountId, KeyId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::{Checkpoint, Finish, FinishRefused, Granted, Hold, HoldRefused, Spent, Usage};

use crate::account::{Account, Charged, Entry, Key};
use crate::error::Unavailable;

/// The hot state of all accounts. Each method is one atomic step, idempotent by the id of its command.
#[async_trait]
pub trait Balances: Send + Sync {
    /// Reserves money.
    async fn hold(&self, hold: &Hold) -> Result<HoldOutcome, Unavailable>;

    /// Renews a hold and records what its request cost so far.
    async fn checkpoint(&self, checkpoint: &Checkpoint) -> Result<CheckpointOutcome, Unavailable>;

    /// Opens again a hold that was lost and of which the book knows nothing; else the same as a checkpoint.
    async fn put_back(&self, checkpoint: &Checkpoint) -> Result<CheckpointOutcome, Unavailable>;

    /// Ends a hold.
    async fn finish(&self, finish: &Finish) -> Result<FinishOutcome, Unavailable>;

    /// Ends a request without a hold, given what the book has `booked` for it. Where the hold has turned up meanwhile,
    /// the same as a finish.
    async fn finish_unknown(&self, finish: &Finish, booked: Option<Charged>) -> Result<FinishOutcome, Unavailable>;

    /// Writes what the book says of an account and a key: balances where the record is absent, status and limits where
    /// the book's version is newer.
    async fn seed(&self, seed: &Seed) -> Result<(), Unavailable>;

    /// Adds money that the book has booked.
    async fn credit(&self, credit: Credit) -> Result<CreditOutcome, Unavailable>;

    /// The record of an account, where it has been seeded.
    async fn account(&self, account: AccountId) -> Result<Option<Account>, Unavailable>;

    /// What a key has spent in the present periods, where it has been seeded.
    async fn spent(&self, key: KeyId) -> Result<Option<Spent>, Unavailable>;

    /// Ends holds whose deadline has passed, `limit` of them at most, charging the last checkpoint. Returns how many.
    async fn expire_overdue(&self, limit: usize) -> Result<usize, Unavailable>;

    /// Forgets finished requests that are booked and 24 hours old, or too many.
    async fn forget(&self) -> Result<(), Unavailable>;

    /// What waits for the book, oldest first, `limit` entries at most.
    async fn pending(&self, limit: usize) -> Result<Batch, Unavailable>;

    /// Removes from the journal what the book has.
    async fn trim(&self, batch: &Batch) -> Result<(), Unavailable>;

    /// Returns when something may wait for the book. Heard by one drainer.
    async fn appended(&self);

    /// Everything at one moment, for reconciliation.
    async fn snapshot(&self) -> Result<Snapshot, Unavailable>;
}

/// What became of a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldOutcome {
    /// It is open.
    Granted(Granted),
    /// It is not.
    Refused(HoldRefused),
    /// The account or the key must be seeded first.
    Unseeded,
}

/// What became of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckpointOutcome {
    /// It is recorded, and in the book when the journal is booked up to `position`.
    Recorded {
        /// A place in the journal.
        position: u64,
    },
    /// The request has ended: there is nothing to renew.
    Ended,
    /// There is no such hold: the book must be asked whether it has ended.
    Unknown,
    /// The account or the key must be seeded first.
    Unseeded,
}

/// What became of a finish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FinishOutcome {
    /// It took effect, now or before, and is booked when the journal is booked up to `position`.
    Done {
        /// A place in the journal.
        position: u64,
    },
    /// The deadline of a hold that was to expire has not passed.
    Alive,
    /// There is no such request: the book must be asked what it has.
    Unknown,
    /// The account or the key must be seeded first.
    Unseeded,
    /// It took no effect.
    Refused(FinishRefused),
}

/// What the book says of an account and one of its keys, in one read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// Which account.
    pub account: AccountId,
    /// Its record; nothing is held.
    pub record: Account,
    /// Which key, and its record; nothing is held.
    pub key: Option<(KeyId, Key)>,
}

/// Money that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    /// For whom.
    pub account: AccountId,
    /// Its number among the credits of the account, from 1.
    pub number: i64,
    /// How much; of either sign.
    pub amount: NanoUsd,
}

/// What became of a credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditOutcome {
    /// It is part of the balance, now or before.
    Applied,
    /// The credits between this number and the given one must come first.
    Gap {
        /// The last one that is part of the balance.
        have: i64,
    },
    /// The account must be seeded first.
    Unseeded,
}

/// What one transaction of the drainer books.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Ends of requests, oldest first.
    pub entries: Vec<Arc<Entry>>,
    /// Requests that run on.
    pub running: Vec<Running>,
    /// Everything up to this place in the journal is booked with this batch.
    pub through: u64,
}

impl Batch {
    /// Whether there is nothing to book.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.running.is_empty()
    }
}

/// A request that runs, as its last checkpoint told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The place in the journal of that checkpoint.
    pub position: u64,
    /// The request.
    pub id: RequestId,
    /// Who pays.
    pub account: AccountId,
    /// With which key.
    pub key: KeyId,
    /// How much is held.
    pub amount: NanoUsd,
    /// Model, tokens, prices and cost so far.
    pub usage: Usage,
}

/// The hot state at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// All seeded accounts.
    pub accounts: HashMap<AccountId, Account>,
    /// All seeded keys.
    pub keys: HashMap<KeyId, Key>,
    /// Open holds: who pays, with which key, how much.
    pub open: Vec<(AccountId, KeyId, NanoUsd)>,
    /// What waits for the book.
    pub journal: Vec<Arc<Entry>>,
}
