//! Batches of commands, as gateways send them: one trip to Redis for all that need nothing from the book.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use syntopen_shared::id::AccountId;
use syntopen_shared::wire::ledger::{
    Checkpoint, Confirm, Finish, FinishAnswer, FinishRefused, Finished, Hold, HoldAnswer, HoldRefused,
};

use super::{BOOK_OF_HOLD_MAX, Core, Ledger, Profile};
use crate::balances::{CheckpointOutcome, FinishOutcome, HoldOutcome};
use crate::book::usage;
use crate::error::Unavailable;

/// How long one finish of a batch may keep the others waiting, for which gateways wait a second.
const FINISH_MAX: Duration = Duration::from_millis(800);

impl Ledger {
    /// Reserves money for several requests; answers in their order.
    pub async fn hold_all(&self, holds: Vec<Hold>) -> Vec<HoldAnswer> {
        let Profile::Cluster { redis, .. } = &self.core.profile else {
            return join_all(holds.into_iter().map(async |hold| self.hold(hold).await.ok())).await;
        };
        let outcomes = redis.hold_all(&holds).await;
        let answers = holds.into_iter().zip(outcomes).map(async |(hold, outcome)| match outcome {
            Ok(HoldOutcome::Granted(granted)) => Some(Ok(granted)),
            // All other refusals are final; before these the book is asked, or the shard is looked after.
            Ok(HoldOutcome::Refused(refused))
                if !matches!(refused, HoldRefused::InsufficientBalance { .. } | HoldRefused::Frozen) =>
            {
                Some(Err(refused))
            }
            Ok(HoldOutcome::Refused(_) | HoldOutcome::Unseeded(_)) => self.hold(hold).await.ok(),
            Err(Unavailable) => None,
        });
        join_all(answers).await
    }

    /// Ends several holds; answers in their order.
    pub async fn finish_all(&self, finishes: Vec<Finish>) -> Vec<FinishAnswer> {
        let Profile::Cluster { redis, .. } = &self.core.profile else {
            return join_all(finishes.into_iter().map(async |finish| self.finish(finish).await.ok())).await;
        };
        let outcomes = redis.finish_all(&finishes).await;
        let answers = finishes.into_iter().zip(outcomes).map(async |(finish, outcome)| match outcome {
            Ok(FinishOutcome::Done { .. }) => {
                self.core.mark(finish.account);
                Some(Ok(Finished { booked: false }))
            }
            Ok(FinishOutcome::Alive) => Some(Ok(Finished { booked: false })),
            Ok(FinishOutcome::Refused(FinishRefused::Conflict)) => Some(Err(FinishRefused::Conflict)),
            // What needs the book for longer goes on by itself, and finds it done when it is sent again.
            Ok(_) => tokio::time::timeout(FINISH_MAX, self.finish(finish)).await.ok().and_then(Result::ok),
            Err(Unavailable) => None,
        });
        join_all(answers).await
    }

    /// Renews several holds and records what their requests cost so far; whether each was taken, in their order.
    pub async fn checkpoint_all(&self, checkpoints: Vec<Checkpoint>) -> Vec<bool> {
        let Profile::Cluster { redis, .. } = &self.core.profile else {
            let taken = self.checkpoint(checkpoints.clone()).await.is_ok();
            return vec![taken; checkpoints.len()];
        };
        let outcomes = redis.checkpoint_all(&checkpoints).await;
        let answers = checkpoints.into_iter().zip(outcomes).map(async |(checkpoint, outcome)| match outcome {
            Ok(CheckpointOutcome::Recorded { .. } | CheckpointOutcome::Ended) => true,
            Ok(_) => self.checkpoint(vec![checkpoint]).await.is_ok(),
            Err(Unavailable) => false,
        });
        join_all(answers).await
    }

    /// Whether the book has the ends of these requests with these totals, in their order.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn confirm(&self, confirms: Vec<Confirm>) -> Result<Vec<bool>, Unavailable> {
        self.read(move |core| async move { Ok(usage::confirmed(&core.book, &confirms).await?) }).await
    }

    /// Delivers credits that were booked and did not reach the hot state; whether there were any.
    pub(super) async fn deliver_missing_credits(&self, account: AccountId) -> bool {
        if let Profile::Embedded { .. } = self.core.profile {
            // Whoever books a credit delivers it in the same process.
            return false;
        }
        // Where the book cannot be asked, the balance that is known decides.
        let deliver = move |core: Arc<Core>| async move { core.deliver_missing(account).await };
        self.read_within(BOOK_OF_HOLD_MAX, deliver).await.unwrap_or(false)
    }
}
