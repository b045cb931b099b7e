//! The ledger as a service: one batcher for each kind of command, so that a slow kind keeps no other waiting.

use std::sync::Arc;
use std::time::Duration;

use actix::Arbiter;
use async_trait::async_trait;
use syntopen_shared::api_key::KeyHash;
use syntopen_shared::id::KeyId;
use syntopen_shared::wire::ledger::{
    Checkpoint, Confirm, Finish, FinishAnswer, FinishRefused, Finished, Granted, Hold, HoldAnswer, HoldRefused,
    KeyRecord, KeyReport, Report, Resolve,
};

use super::LedgerClient;
use crate::actors::batcher::{Batcher, Command, Gather};
use crate::clients::Unavailable;
use crate::clients::service::{Repeat, Route, ServiceSettings, Watch};

/// How long a replica may take for what is decided in the hot state alone.
const HOT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long it may take for what may have to be looked up in the book.
const BOOK_TIMEOUT: Duration = Duration::from_secs(3);

/// The replicas of the ledger.
pub struct Remote {
    holds: Batcher<Holds>,
    finishes: Batcher<Finishes>,
    finishes_again: Batcher<FinishesAgain>,
    checkpoints: Batcher<Checkpoints>,
    confirms: Batcher<Confirms>,
    resolves: Batcher<Resolves>,
    refreshes: Batcher<Refreshes>,
    reports: Batcher<Reports>,
}

impl Remote {
    /// A client that speaks from the thread of `arbiter`.
    #[must_use]
    pub fn start(arbiter: &Arbiter, settings: &ServiceSettings) -> Self {
        Self {
            holds: Batcher::start(arbiter, settings.clone()),
            finishes: Batcher::start(arbiter, settings.clone()),
            finishes_again: Batcher::start(arbiter, settings.clone()),
            checkpoints: Batcher::start(arbiter, settings.clone()),
            confirms: Batcher::start(arbiter, settings.clone()),
            resolves: Batcher::start(arbiter, settings.clone()),
            refreshes: Batcher::start(arbiter, settings.clone()),
            reports: Batcher::start(arbiter, settings.clone()),
        }
    }
}

#[async_trait]
impl LedgerClient for Remote {
    fn is_open(&self) -> bool {
        self.holds.is_up()
    }

    async fn hold(&self, hold: Hold) -> Result<Result<Granted, HoldRefused>, Unavailable> {
        self.holds.ask(hold).await?.ok_or(Unavailable::Unknown)
    }

    async fn checkpoint(&self, checkpoints: Vec<Checkpoint>) -> Result<(), Unavailable> {
        // What was not taken has ended meanwhile.
        self.checkpoints.ask(checkpoints).await.map(|_taken| ())
    }

    async fn finish(&self, finish: Arc<Finish>) -> Result<Result<Finished, FinishRefused>, Unavailable> {
        self.finishes.ask(finish).await?.ok_or(Unavailable::Unknown)
    }

    async fn finish_again(&self, finishes: Vec<Arc<Finish>>) -> Result<Vec<FinishAnswer>, Unavailable> {
        let count = finishes.len();
        self.finishes_again.ask(finishes).await.and_then(|answers| complete(answers, count))
    }

    async fn confirm(&self, confirms: Vec<Confirm>) -> Result<Vec<bool>, Unavailable> {
        let count = confirms.len();
        self.confirms.ask(confirms).await.and_then(|answers| complete(answers, count))
    }

    async fn resolve(&self, hash: KeyHash) -> Result<Option<KeyRecord>, Unavailable> {
        self.resolves.ask(Resolve { hash }).await
    }

    async fn refresh(&self, keys: &[KeyId]) -> Result<Vec<KeyRecord>, Unavailable> {
        self.refreshes.ask(keys.to_vec()).await
    }

    async fn report(&self, key: KeyId) -> Result<Option<KeyReport>, Unavailable> {
        self.reports.ask(Report { key }).await
    }
}

/// Answers are matched with commands by their place.
fn complete<T>(answers: Vec<T>, count: usize) -> Result<Vec<T>, Unavailable> {
    if answers.len() == count { Ok(answers) } else { Err(Unavailable::Unknown) }
}

const fn hot(path: &'static str) -> Route {
    Route { path, timeout: HOT_TIMEOUT, repeat: Repeat::Always, watch: Watch::Ill }
}

const fn book(path: &'static str) -> Route {
    Route { timeout: BOOK_TIMEOUT, ..hot(path) }
}

struct Holds;

impl Command for Holds {
    type Ask = Hold;
    type Answer = HoldAnswer;
    /// Whether the ledger is there is known by whether it could hold.
    const ROUTE: Route = Route { watch: Watch::Quiet, ..hot("/holds") };
    const GATHER: Gather = Gather::InBatches;
}

struct Finishes;

impl Command for Finishes {
    type Ask = Arc<Finish>;
    type Answer = FinishAnswer;
    const ROUTE: Route = hot("/finishes");
    const GATHER: Gather = Gather::InBatches;
}

/// What is sent again may take long, which those that are sent first must not wait for.
struct FinishesAgain;

impl Command for FinishesAgain {
    type Ask = Vec<Arc<Finish>>;
    type Answer = Vec<FinishAnswer>;
    const ROUTE: Route = book("/finishes");
    const GATHER: Gather = Gather::Singly;
}

struct Checkpoints;

impl Command for Checkpoints {
    type Ask = Vec<Checkpoint>;
    type Answer = Vec<bool>;
    const ROUTE: Route = hot("/checkpoints");
    const GATHER: Gather = Gather::Singly;
}

struct Confirms;

impl Command for Confirms {
    type Ask = Vec<Confirm>;
    type Answer = Vec<bool>;
    const ROUTE: Route = book("/confirm");
    const GATHER: Gather = Gather::Singly;
}

struct Resolves;

impl Command for Resolves {
    type Ask = Resolve;
    type Answer = Option<KeyRecord>;
    const ROUTE: Route = book("/keys/resolve");
    const GATHER: Gather = Gather::Singly;
}

struct Refreshes;

impl Command for Refreshes {
    type Ask = Vec<KeyId>;
    type Answer = Vec<KeyRecord>;
    const ROUTE: Route = book("/keys/refresh");
    const GATHER: Gather = Gather::Singly;
}

struct Reports;

impl Command for Reports {
    type Ask = Report;
    type Answer = Option<KeyReport>;
    const ROUTE: Route = book("/keys/report");
    const GATHER: Gather = Gather::Singly;
}
