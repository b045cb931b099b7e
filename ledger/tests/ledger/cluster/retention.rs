//! Requests that are older than they are to be kept.

use std::sync::Arc;

use syntopen_ledger::Ledger;
use syntopen_ledger::config::ClusterSettings;
use syntopen_ledger::metrics::Metrics;
use syntopen_ledger::office::Answers as _;
use syntopen_shared::clock::{Clock as _, ManualClock, SystemClock};
use syntopen_shared::id::RequestId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::{Confirm, FinishKind};
use syntopen_shared::wire::office::paging::Place;
use syntopen_shared::wire::office::usage::{Filter, ListRequests, ShowOverview};

use super::stage::{Stage, until};

const DAY_MS: i64 = 86_400_000;
const REQUESTS: i64 = 40;

#[tokio::test]
async fn old_requests_go_and_their_money_stays() {
    let stage = Stage::with(1_000).await;
    let ids: Vec<_> = (0..REQUESTS).map(|_| RequestId::mint()).collect();
    for id in &ids {
        stage.hold(*id, 10).await.unwrap();
        stage.finish(*id, FinishKind::Settle, 7).await.unwrap();
    }
    for id in &ids {
        stage.until_booked(*id, 7).await;
    }
    let before = stage.ledger(0).reconcile().await.unwrap();
    let list = || ListRequests { account: stage.account, filter: Filter::default(), place: Place::First, limit: 100 };
    assert!(!stage.ledger(0).answer(list()).await.unwrap().rows.is_empty());

    // Two more ledgers, for which more than a week has gone by, at once.
    let clock = Arc::new(ManualClock::at(SystemClock::default().unix_ms() + 8 * DAY_MS));
    let settings = ClusterSettings { usage_retention: "7".parse().unwrap(), ..stage.settings.clone() };
    let connect = || Ledger::connect(settings.clone(), clock.clone(), Arc::new(Metrics::new().unwrap()));
    let (one, other) = (connect().await.unwrap(), connect().await.unwrap());
    until("old requests are removed", async || stage.ledger(0).answer(list()).await.unwrap().rows.is_empty()).await;

    stage.assert_no_drift().await;
    let after = one.reconcile().await.unwrap();
    assert_eq!((after.requests, after.transfers, after.drift), (before.requests, before.transfers, NanoUsd::ZERO));
    let left = 1_000 - 7 * REQUESTS;
    let overview = other.answer(ShowOverview { account: stage.account, days: 60 }).await.unwrap();
    assert_eq!((overview.balance, overview.sums[0].figures.cost), (NanoUsd::new(left), NanoUsd::new(7 * REQUESTS)));
    // Whoever sends the end again is told that it is there, also where Redis has lost everything.
    let confirm = vec![Confirm { id: ids[0], total: NanoUsd::new(7) }];
    assert_eq!(stage.ledger(1).confirm(confirm).await.unwrap(), [true]);
    stage.redis.command("FLUSHALL");
    stage.until_open().await;
    assert!(stage.finish(ids[0], FinishKind::Settle, 7).await.is_ok());
    assert_eq!(stage.balance().await, (left, 0));
    stage.assert_no_drift().await;
}
