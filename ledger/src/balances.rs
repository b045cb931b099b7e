//! The hot state: balances and holds, and the charges that wait for the book.
//!
//! A backend never looks into the book. Where it lacks a record it answers `Unseeded` or `Unknown`, and the caller
//! comes back with what the book says.

pub mod memory;
pub mod redis;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use syntopen_shared::id::{AccountId, KeyId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::{Checkpoint, Finish, FinishRefused, Granted, Hold, HoldRefused, Usage};

use crate::account::{Account, Charged, Entry, Key};
use crate::error::Unavailable;

/// Between two losses of the hot state. What was prepared from a look into the book in one epoch is refused in another:
/// the book may have gone on since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub i64);

/// The hot state of all accounts. Each method is one atomic step, idempotent by the id of its command.
#[async_trait]
pub trait Balances: Send + Sync {
    /// Reserves money.
    async fn hold(&self, hold: &Hold) -> Result<HoldOutcome, Unavailable>;

    /// Renews a hold and records what its request cost so far.
    async fn checkpoint(&self, checkpoint: &Checkpoint) -> Result<CheckpointOutcome, Unavailable>;

    /// Opens again a hold that was lost and of which the book knows nothing; else the same as a checkpoint.
    async fn put_back(&self, checkpoint: &Checkpoint) -> Result<CheckpointOutcome, Unavailable>;

    /// Ends a hold. Of a release that nobody knows a tombstone stays, by which a hold that comes after it is refused;
    /// where the book must be asked first, that is answered `Unknown`.
    async fn finish(&self, finish: &Finish) -> Result<FinishOutcome, Unavailable>;

    /// Ends a request without a hold, given what the book had `booked` for it in `epoch`. Where the hold has turned up
    /// meanwhile, the same as a finish; in another epoch `Unknown` again.
    async fn finish_unknown(&self, finish: &Finish, looked: Looked) -> Result<FinishOutcome, Unavailable>;

    /// Writes what the book said of an account and a key in `epoch`: balances where the record is absent, status and
    /// limits where the book's version is newer. Nothing in another epoch.
    async fn seed(&self, seed: &Seed, epoch: Epoch) -> Result<(), Unavailable>;

    /// Writes the status and limits of an account and a key where the book's version is newer, in any epoch, and also
    /// where there is no record yet. Returns when it can no longer be overtaken.
    async fn set_status(&self, seed: &Seed) -> Result<(), Unavailable>;

    /// Adds money that the book has booked.
    async fn credit(&self, credit: Credit) -> Result<CreditOutcome, Unavailable>;

    /// The record of an account, where it has been seeded.
    async fn account(&self, account: AccountId) -> Result<Option<Account>, Unavailable>;

    /// The record of a key of this account, where it has been seeded; what it has spent is as of its last charge.
    async fn key(&self, account: AccountId, key: KeyId) -> Result<Option<Key>, Unavailable>;

    /// The epoch of an account's records, for a seed.
    async fn epoch(&self, account: AccountId) -> Result<Epoch, Unavailable>;

    /// Ends holds whose deadline has passed, `limit` of them at most, charging the last checkpoint. Returns how many.
    async fn expire_overdue(&self, limit: usize) -> Result<usize, Unavailable>;
}

/// The last entry of a shard's stream that the book has. Ids repeat after a loss of the hot state, nonces do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The entry's id in the stream.
    pub id: String,
    /// The nonce of the call that appended it.
    pub nonce: String,
}

/// A look into the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// What the book had for the request.
    pub booked: Option<Charged>,
    /// In which epoch of the hot state the book was asked.
    pub epoch: Epoch,
}

/// What became of a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldOutcome {
    /// It is open.
    Granted(Granted),
    /// It is not.
    Refused(HoldRefused),
    /// The account or the key must be seeded first, in this epoch.
    Unseeded(Epoch),
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
    /// The account or the key must be seeded first, in this epoch.
    Unseeded(Epoch),
    /// The shard is being recovered.
    Frozen,
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
    /// There is no such request: the book must be asked what it has, in this epoch.
    Unknown(Epoch),
    /// The account or the key must be seeded first, in this epoch.
    Unseeded(Epoch),
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
    /// The account must be seeded first, in this epoch.
    Unseeded(Epoch),
    /// The shard is being recovered; the credit is delivered again.
    Frozen,
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
