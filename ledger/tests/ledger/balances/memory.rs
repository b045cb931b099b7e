//! The suite over memory.

use std::sync::Arc;

use syntopen_ledger::balances::Balances;
use syntopen_ledger::balances::memory::{Bounds, MemoryBalances};
use syntopen_shared::clock::ManualClock;

use super::conformance;
use super::suite::JOURNAL_MAX;

fn memory() -> (Box<dyn Balances>, Arc<ManualClock>) {
    // 2026-11-30 23:00:00 UTC: an hour before a day and a month end.
    let clock = Arc::new(ManualClock::at(1_796_079_600_000));
    let bounds = Bounds { journal_max: JOURNAL_MAX, ended_max: 1_000 };
    (Box::new(MemoryBalances::new(bounds, clock.clone())), clock)
}

conformance!(memory);
