//! Removes the rows of single requests that are older than they are to be kept, a few at a time.

use std::time::Duration;

use syntopen_shared::shutdown::Shutdown;

use crate::book::{Result, retention};
use crate::config::Retention;
use crate::ledger::Core;

/// How often there may be something to remove.
const EVERY: Duration = Duration::from_secs(600);
/// Rows that one transaction removes: charges wait no longer than for that.
const BATCH: i64 = 500;
/// Between two transactions, for everything else.
const PAUSE: Duration = Duration::from_millis(100);

/// Removes until the shutdown is requested. Any number of ledgers may do so at once: they take turns.
pub(crate) async fn run(core: &Core, kept: Retention, shutdown: &Shutdown) {
    if kept == Retention::default() {
        return;
    }
    loop {
        tokio::select! {
            removed = remove(core, kept) => match removed {
                Ok(0) => {}
                Ok(rows) => tracing::info!(rows, "removed requests that were older than they are to be kept"),
                Err(error) => tracing::warn!(%error, "old requests cannot be removed at the moment"),
            },
            // A transaction that is cut short has removed nothing.
            () = shutdown.requested() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.requested() => return,
        }
    }
}

/// Removes everything that is too old now. Says how many rows that were.
pub(crate) async fn remove(core: &Core, kept: Retention) -> Result<usize> {
    let mut removed = 0;
    let Some(before_ms) = kept.keeps_since_ms(core.clock.unix_ms()) else { return Ok(removed) };
    loop {
        let some = retention::remove_before(&core.book, before_ms, BATCH).await?;
        removed += some;
        if i64::try_from(some).unwrap_or(BATCH) < BATCH {
            return Ok(removed);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
