//! The ledger in this process.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
use syntopen_ledger::Ledger;
use syntopen_shared::api_key::KeyHash;
use syntopen_shared::id::KeyId;
use syntopen_shared::wire::ledger::{
    Checkpoint, Confirm, Finish, FinishAnswer, FinishRefused, Finished, Granted, Hold, HoldRefused, KeyRecord,
    KeyReport,
};

use super::LedgerClient;
use crate::clients::Unavailable;

/// The ledger in this process.
pub struct Embedded(pub Arc<Ledger>);

fn unavailable(cause: syntopen_ledger::Unavailable) -> Unavailable {
    tracing::warn!(cause = %cause, "the ledger is unavailable");
    Unavailable::Unknown
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

    async fn finish(&self, finish: Arc<Finish>) -> Result<Result<Finished, FinishRefused>, Unavailable> {
        self.0.finish(Arc::unwrap_or_clone(finish)).await.map_err(unavailable)
    }

    async fn finish_again(&self, finishes: Vec<Arc<Finish>>) -> Result<Vec<FinishAnswer>, Unavailable> {
        let answers = finishes.into_iter().map(|finish| self.finish(finish));
        Ok(join_all(answers).await.into_iter().map(Result::ok).collect())
    }

    /// Nobody has to ask: what is applied here is booked, and the answer to a finish says so. Whoever asks all the
    /// same may finish again, which is answered out of the book.
    async fn confirm(&self, confirms: Vec<Confirm>) -> Result<Vec<bool>, Unavailable> {
        Ok(vec![false; confirms.len()])
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
