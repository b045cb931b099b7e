//! Requests that are older than they are to be kept.

use std::sync::Arc;
use std::time::{Duration, Instant};

use syntopen_ledger::office::Answers as _;
use syntopen_ledger::{Ledger, LedgerSettings};
use syntopen_shared::clock::{Clock as _, ManualClock, SystemClock};
use syntopen_shared::id::RequestId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::{Confirm, FinishKind};
use syntopen_shared::wire::office::paging::Place;
use syntopen_shared::wire::office::usage::{Filter, ListRequests, ShowOverview};

use crate::support::Bench;

const DAY_MS: i64 = 86_400_000;

async fn ids(bench: &Bench) -> Vec<RequestId> {
    let list = ListRequests { account: bench.account, filter: Filter::default(), place: Place::First, limit: 100 };
    bench.ledger.answer(list).await.unwrap().rows.iter().map(|request| request.id).collect()
}

#[tokio::test]
async fn old_requests_are_removed_and_their_money_stays() {
    let mut bench = Bench::with(100).await;
    let (settled, released) = (RequestId::mint(), RequestId::mint());
    for (id, kind, cost) in [(settled, FinishKind::Settle, 25), (released, FinishKind::Release, 0)] {
        bench.hold(id, 30).await.unwrap();
        bench.finish(id, kind, cost).await.unwrap();
    }
    assert_eq!(ids(&bench).await, [released, settled]);

    // Ids are of the machine's time, ends of the ledger's: both are to be over.
    bench.ledger.close().await;
    let now_ms = SystemClock::default().unix_ms().max(bench.clock.unix_ms()) + 8 * DAY_MS;
    bench.clock = Arc::new(ManualClock::at(now_ms));
    let usage_retention = "7".parse().unwrap();
    let settings = LedgerSettings { usage_retention, ..LedgerSettings::new(bench.dir.path().to_owned()) };
    bench.ledger = Ledger::open(settings, bench.clock.clone()).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !ids(&bench).await.is_empty() {
        assert!(Instant::now() < deadline, "nothing is removed");
        tokio::task::yield_now().await;
    }

    bench.assert_no_drift().await;
    let overview = bench.ledger.answer(ShowOverview { account: bench.account, days: 60 }).await.unwrap();
    assert_eq!((overview.balance, overview.sums[0].figures.cost), (NanoUsd::new(75), NanoUsd::new(25)));
    // Whoever sends the end again is told that it is there, and whoever has another, that it is too late.
    let confirm = Confirm { id: settled, total: NanoUsd::new(25) };
    assert_eq!(bench.ledger.confirm(vec![confirm]).await.unwrap(), [true]);
    assert!(bench.finish(settled, FinishKind::Settle, 25).await.is_ok());
    assert!(bench.finish(settled, FinishKind::Settle, 30).await.is_err());
    assert_eq!(bench.balance().await, (75, 0));
    bench.assert_no_drift().await;
}
