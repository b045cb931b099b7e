//! The suite over memory.

use std::future::{Ready, ready};
use std::sync::Arc;

use async_trait::async_trait;
use syntopen_ledger::balances::memory::{Bounds, MemoryBalances};
use syntopen_shared::clock::ManualClock;

use super::conformance;
use super::script::{Backend, Script};
use super::suite::JOURNAL_MAX;
use super::{START_MS, Setup};

fn balances() -> (MemoryBalances, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(START_MS));
    let bounds = Bounds { journal_max: JOURNAL_MAX, ended_max: 1_000 };
    (MemoryBalances::new(bounds, clock.clone()), clock)
}

fn memory() -> Ready<Setup<()>> {
    let (balances, clock) = balances();
    ready(Setup { balances: Box::new(balances), clock, server: () })
}

#[async_trait]
impl Backend for MemoryBalances {
    async fn book(&self) -> Vec<i64> {
        let batch = self.pending(100);
        self.trim(&batch);
        batch.entries.iter().map(|entry| entry.amount.nanos()).collect()
    }
}

conformance!(memory);

#[tokio::test]
async fn ended_requests_are_forgotten_when_booked_and_old() {
    let (balances, clock) = balances();
    let mut script = Script::over(&balances, &clock);
    script
        .play(
            "account A 100
             hold H1 A 1 1      = ok 1
             settle H1 A 1      = ok
             tick 86400",
        )
        .await;
    balances.forget();
    script.play("settle H1 A 1 = ok\nbook = 1").await;
    balances.forget();
    script
        .play(
            "settle H1 A 1      = unknown
             hold H2 A 1 1      = ok 1
             settle H2 A 1      = ok
             book               = 1
             tick 86399",
        )
        .await;
    balances.forget();
    script.play("settle H2 A 1 = ok").await;
}

#[tokio::test]
async fn a_key_of_another_account_is_as_good_as_revoked() {
    let (balances, clock) = balances();
    Script::over(&balances, &clock)
        .play(
            "seed A/K 100
             account B 100
             hold H1 B/K 1 1    = key_revoked
             balance B          = 100 held 0",
        )
        .await;
}
