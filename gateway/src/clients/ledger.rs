//! The ledger, as the life of a request needs it.

use std::sync::Arc;

use async_trait::async_trait;
use syntopen_shared::api_key::KeyHash;
use syntopen_shared::id::KeyId;
use syntopen_shared::wire::ledger::{
    Checkpoint, Confirm, Finish, FinishAnswer, FinishRefused, Finished, Granted, Hold, HoldRefused, KeyRecord,
    KeyReport,
};

use super::Unavailable;

mod embedded;
mod remote;

pub use embedded::Embedded;
pub use remote::Remote;

/// A ledger, wherever it runs. Every command is idempotent by its id.
#[async_trait]
pub trait LedgerClient: Send + Sync {
    /// Whether it can take commands at all.
    fn is_open(&self) -> bool;

    /// Reserves money for a request.
    async fn hold(&self, hold: Hold) -> Result<Result<Granted, HoldRefused>, Unavailable>;

    /// Renews holds and records what their requests cost so far.
    async fn checkpoint(&self, checkpoints: Vec<Checkpoint>) -> Result<(), Unavailable>;

    /// Ends a hold. Returns when the charge is applied.
    async fn finish(&self, finish: Arc<Finish>) -> Result<Result<Finished, FinishRefused>, Unavailable>;

    /// Ends holds again, after nothing was heard of the first time or of the book; at most `BATCH_MAX` of them,
    /// answered in their order.
    async fn finish_again(&self, finishes: Vec<Arc<Finish>>) -> Result<Vec<FinishAnswer>, Unavailable>;

    /// Whether the book has the ends of these requests, with these totals; at most `BATCH_MAX`, answered in their
    /// order.
    async fn confirm(&self, confirms: Vec<Confirm>) -> Result<Vec<bool>, Unavailable>;

    /// The key that hashes to `hash`, if there is one.
    async fn resolve(&self, hash: KeyHash) -> Result<Option<KeyRecord>, Unavailable>;

    /// The records of `keys` as they are now.
    async fn refresh(&self, keys: &[KeyId]) -> Result<Vec<KeyRecord>, Unavailable>;

    /// A key with what it has spent and what its account has.
    async fn report(&self, key: KeyId) -> Result<Option<KeyReport>, Unavailable>;
}
