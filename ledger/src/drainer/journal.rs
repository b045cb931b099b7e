//! From the journal in memory into the book of the embedded profile.
//!
//! A transaction costs several times what one more row in it does. Where charges come at the same time, the next ones
//! are therefore waited for, for one tick.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use syntopen_shared::shutdown::Shutdown;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::balances::memory::MemoryBalances;
use crate::book::settlements;
use crate::config::LedgerSettings;
use crate::error::Unavailable;
use crate::ledger::Core;

/// How long charges that come close together are gathered before they are booked.
const TICK: Duration = Duration::from_millis(1);
const BACKOFF_MIN: Duration = Duration::from_millis(20);
const BACKOFF_MAX: Duration = Duration::from_secs(2);
/// After how many failures in a row an outage is reported, once.
const FAILURES_REPORTED: u32 = 3;

/// What is drained, and whereto.
pub(crate) struct Journal<'a> {
    pub(crate) core: &'a Core,
    pub(crate) settings: &'a LedgerSettings,
    pub(crate) memory: &'a MemoryBalances,
    pub(crate) booked: &'a Booked,
}

/// Drains until the shutdown is requested and nothing is left, or what is left cannot be booked in time.
pub(crate) async fn run(journal: &Journal<'_>, shutdown: &Shutdown) {
    let mut failures = 0_u32;
    let mut deadline = None;
    loop {
        if shutdown.is_requested() {
            deadline.get_or_insert_with(|| Instant::now() + journal.settings.drain_max);
        }
        match drain(journal).await {
            Ok(Drained::Everything) if deadline.is_some() => return,
            Ok(Drained::Everything) => {
                recovered(&mut failures);
                tokio::select! {
                    () = journal.memory.appended() => {}
                    () = shutdown.requested() => {}
                }
            }
            Ok(Drained::Batch { alone }) => {
                recovered(&mut failures);
                if !alone && deadline.is_none() {
                    tokio::time::sleep(TICK).await;
                }
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                if failures == FAILURES_REPORTED {
                    tracing::error!(error = %error, "the book takes no charges; they wait in memory");
                }
                if deadline.is_some_and(|deadline| deadline < Instant::now()) {
                    tracing::error!(error = %error, "closing with charges that the book does not take");
                    return;
                }
                tokio::time::sleep(backoff(failures)).await;
            }
        }
    }
}

enum Drained {
    /// A transaction; `alone` says that it booked one charge.
    Batch {
        alone: bool,
    },
    Everything,
}

async fn drain(Journal { core, settings, memory, booked }: &Journal<'_>) -> Result<Drained, sqlx::Error> {
    // Commit and trim under one lock: whoever holds it sees each charge either in the book or in the journal.
    let mut writer = core.book.writer().await;
    let batch = memory.pending(settings.batch_max);
    if batch.is_empty() {
        return Ok(Drained::Everything);
    }
    settlements::commit(&mut writer, &batch, core.clock.unix_ms()).await?;
    memory.trim(&batch);
    drop(writer);
    booked.advance(batch.through);
    Ok(Drained::Batch { alone: batch.entries.len() < 2 })
}

fn recovered(failures: &mut u32) {
    if FAILURES_REPORTED <= *failures {
        tracing::info!("the book takes charges again");
    }
    *failures = 0;
}

fn backoff(failures: u32) -> Duration {
    BACKOFF_MIN.saturating_mul(1 << failures.min(10)).min(BACKOFF_MAX)
}

/// Up to where the journal is booked, and who waits for that.
#[derive(Default)]
pub(crate) struct Booked(Mutex<State>);

#[derive(Default)]
struct State {
    through: u64,
    closed: bool,
    /// By the place in the journal they wait for; each is a command of a live caller, who bounds their number.
    waiting: BTreeMap<u64, Vec<oneshot::Sender<()>>>,
}

impl Booked {
    /// Returns when the journal is booked up to `position`.
    pub(crate) async fn reached(&self, position: u64) -> Result<(), Unavailable> {
        let wait = {
            let mut state = self.state();
            if position <= state.through {
                return Ok(());
            }
            if state.closed {
                return Err(Unavailable);
            }
            let (wake, wait) = oneshot::channel();
            state.waiting.entry(position).or_default().push(wake);
            wait
        };
        wait.await.map_err(|_| Unavailable)
    }

    /// Whether anything is still going to be booked.
    pub(crate) fn is_open(&self) -> Result<(), Unavailable> {
        if self.state().closed { Err(Unavailable) } else { Ok(()) }
    }

    /// No more is going to be booked: whoever waits learns that nothing is known.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.waiting.clear();
    }

    fn advance(&self, through: u64) {
        let woken = {
            let mut state = self.state();
            state.through = state.through.max(through);
            let later = state.waiting.split_off(&(through + 1));
            std::mem::replace(&mut state.waiting, later)
        };
        for wake in woken.into_values().flatten() {
            // Whoever has stopped waiting needs no answer.
            let _gone = wake.send(());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
