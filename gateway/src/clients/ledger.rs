//! The ledger, as the life of a request needs it.

use std::sync::Arc;

use async_trait::async_trait;
use syntopen_ledger::Ledger;
use syntopen_shared::api_key::KeyHash;
use syntopen_shared::id::KeyId;
use syntopen_shared::wire::ledger::{
    Checkpoint, Finish, FinishRefused, Finished, Granted, Hold, HoldRefused, KeyRecord, KeyReport,
};

use super::Unavailable;

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
    async fn finish(&self, finish: Finish) -> Result<Result<Finished, FinishRefused>, Unavailable>;

    /// The key that hashes to `hash`, if there is one.
    async fn resolve(&self, hash: KeyHash) -> Result<Option<KeyRecord>, Unavailable>;

    /// The records of `keys` as they are now.
    async fn refresh(&self, keys: &[KeyId]) -> Result<Vec<KeyRecord>, Unavailable>;

    /// A key with what it has spent and what its account has.
    async fn report(&self, key: KeyId) -> Result<Option<KeyReport>, Unavailable>;
}

/// The ledger in this process.
pub struct Embedded(pub Arc<Ledger>);

fn unavailable(cause: syntopen_ledger::Unavailable) -> Unavailable {
    tracing::warn!(cause = %cause, "the ledger is unavailable");
    Unavailable
}

#[async_trait]
impl LedgerClient for Embedded {
    fn is_open(&self) -> bool {
        self.0.is_open()
    }

    async fn hold(&self, hold: Hold) -> Result<Result<Granted, HoldRefused>, Unavailable> {
        self.0.hold(hold).await.map_err(unavailable)
    }

    async fn checkpoint(&self, checkpoints: Vec<Checkpoint>) -> Result<(), Unavailable> {
        self.0.checkpoint(checkpoints).await.map_err(unavailable)
    }

    async fn finish(&self, finish: Finish) -> Result<Result<Finished, FinishRefused>, Unavailable> {
        self.0.finish(finish).await.map_err(unavailable)
    }

    async fn resolve(&self, hash: KeyHash) -> Result<Option<KeyRecord>, Unavailable> {
        self.0.resolve(hash).await.map_err(unavailable)
    }

    async fn refresh(&self, keys: &[KeyId]) -> Result<Vec<KeyRecord>, Unavailable> {
        self.0.refresh(keys).await.map_err(unavailable)
    }

    async fn report(&self, key: KeyId) -> Result<Option<KeyReport>, Unavailable> {
        self.0.report(key).await.map_err(unavailable)
    }
}
