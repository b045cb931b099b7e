//! Commands of requests, through to the book.

use std::sync::Arc;

use syntopen_shared::id::RequestId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::{FinishKind, FinishRefused, Finished, HoldRefused, SpendLimits};
use tokio::task::JoinSet;

use crate::support::{Bench, create_key};

const BOOKED: Finished = Finished { booked: true };

#[tokio::test]
async fn a_request_is_held_settled_and_booked() {
    let bench = Bench::with(100).await;
    let id = RequestId::mint();

    let granted = bench.hold(id, 60).await.unwrap();
    assert_eq!(granted.amount, NanoUsd::new(60));
    assert_eq!(bench.balance().await, (100, 60));
    assert_eq!(bench.finish(id, FinishKind::Settle, 45).await, Ok(BOOKED));

    assert_eq!(bench.balance().await, (55, 0));
    let report = bench.ledger.reconcile().await.unwrap();
    assert_eq!((report.transfers, report.requests, report.pending), (2, 1, 0));
    bench.assert_no_drift().await;
}

#[tokio::test]
async fn what_was_spent_while_the_clock_had_jumped_does_not_stick() {
    const DAY_MS: i64 = 86_400_000;
    let bench = Bench::with(1_000).await;
    let spend = async |amount| {
        let id = RequestId::mint();
        bench.hold(id, amount).await.unwrap();
        assert_eq!(bench.finish(id, FinishKind::Settle, amount).await, Ok(BOOKED));
        bench.assert_no_drift().await;
        let spent = bench.ledger.report(bench.key).await.unwrap().unwrap().spent;
        (spent.day.nanos(), spent.month.nanos(), spent.total.nanos())
    };

    assert_eq!(spend(10).await, (10, 10, 10));
    bench.clock.advance_ms(DAY_MS);
    assert_eq!(spend(5).await.0, 5, "a new day");
    bench.clock.advance_ms(-DAY_MS);
    assert_eq!(spend(2).await.0, 7, "a day back goes on with the figures");
    bench.clock.advance_ms(400 * DAY_MS);
    assert_eq!(spend(100).await, (100, 100, 117));
    bench.clock.advance_ms(-400 * DAY_MS);
    assert_eq!(spend(1).await, (1, 1, 118), "the jump is forgotten");
}

#[tokio::test]
async fn a_free_request_makes_a_row_and_no_transfer() {
    let bench = Bench::with(0).await;
    let id = RequestId::mint();

    bench.hold(id, 0).await.unwrap();
    assert_eq!(bench.finish(id, FinishKind::Settle, 0).await, Ok(BOOKED));

    let report = bench.ledger.reconcile().await.unwrap();
    assert_eq!((report.transfers, report.requests), (0, 1));
    bench.assert_no_drift().await;
}

#[tokio::test]
async fn concurrent_holds_never_overspend() {
    let bench = Arc::new(Bench::with(1_000).await);

    let mut holds = JoinSet::new();
    for _ in 0..1_000 {
        let bench = Arc::clone(&bench);
        holds.spawn(async move { bench.hold(RequestId::mint(), 100).await.is_ok() });
    }
    let granted = holds.join_all().await.into_iter().filter(|granted| *granted).count();

    assert_eq!(granted, 10);
    assert_eq!(bench.balance().await, (1_000, 1_000));
    bench.assert_no_drift().await;
}

#[tokio::test]
async fn concurrent_settlements_are_all_booked_once() {
    let bench = Arc::new(Bench::with(1_000_000).await);
    let mut requests = JoinSet::new();
    for _ in 0..500 {
        let bench = Arc::clone(&bench);
        requests.spawn(async move {
            let id = RequestId::mint();
            bench.hold(id, 100).await.unwrap();
            let again = Arc::clone(&bench);
            let twice = tokio::spawn(async move { again.finish(id, FinishKind::Settle, 70).await });
            assert_eq!(bench.finish(id, FinishKind::Settle, 70).await, Ok(BOOKED));
            assert_eq!(twice.await.unwrap(), Ok(BOOKED));
        });
    }
    requests.join_all().await;

    assert_eq!(bench.balance().await, (1_000_000 - 500 * 70, 0));
    let report = bench.ledger.reconcile().await.unwrap();
    assert_eq!((report.transfers, report.requests), (501, 500));
    bench.assert_no_drift().await;
}

#[tokio::test]
async fn an_expired_request_settles_late() {
    let bench = Bench::with(100).await;
    let id = RequestId::mint();
    bench.hold(id, 50).await.unwrap();
    bench.checkpoint(id, 50, 12).await;
    bench.clock.advance_ms(60_000);

    assert_eq!(bench.ledger.sweep().await, Ok(1));
    assert_eq!(bench.balance().await, (88, 0));
    assert_eq!(bench.finish(id, FinishKind::Settle, 30).await, Ok(BOOKED));

    assert_eq!(bench.balance().await, (70, 0));
    assert_eq!(bench.finish(id, FinishKind::Settle, 31).await, Err(FinishRefused::Conflict));
    assert_eq!(bench.ledger.reconcile().await.unwrap().transfers, 3);
    bench.assert_no_drift().await;
}

#[tokio::test]
async fn a_release_that_comes_first_leaves_a_tombstone() {
    let bench = Bench::with(100).await;
    let id = RequestId::mint();

    assert_eq!(bench.finish(id, FinishKind::Release, 0).await, Ok(BOOKED));

    assert_eq!(bench.hold(id, 50).await, Err(HoldRefused::Finished));
    assert_eq!(bench.finish(id, FinishKind::Settle, 5).await, Err(FinishRefused::Conflict));
    assert_eq!(bench.balance().await, (100, 0));
    bench.assert_no_drift().await;
}

#[tokio::test]
async fn a_request_of_another_account_is_a_conflict() {
    let bench = Bench::with(100).await;
    let id = RequestId::mint();
    bench.hold(id, 50).await.unwrap();
    let other = bench.ledger.create_key(create_key(SpendLimits::default())).await.unwrap().record.key;

    let mut finish = bench.finish_command(id, FinishKind::Settle, 5);
    finish.key = other;
    assert_eq!(bench.ledger.finish(finish.clone()).await.unwrap(), Err(FinishRefused::Conflict));
    finish.id = RequestId::mint();
    finish.key = syntopen_shared::id::KeyId::mint();
    assert_eq!(bench.ledger.finish(finish).await.unwrap(), Err(FinishRefused::Conflict));
    assert_eq!(bench.balance().await, (100, 50));
}

#[tokio::test]
async fn unknown_keys_are_refused() {
    let mut bench = Bench::with(100).await;
    bench.key = syntopen_shared::id::KeyId::mint();

    assert_eq!(bench.hold(RequestId::mint(), 1).await, Err(HoldRefused::KeyRevoked));
    bench.checkpoint(RequestId::mint(), 1, 1).await;
    assert_eq!(bench.balance().await, (100, 0));
}

#[tokio::test]
async fn a_finish_whose_caller_goes_away_takes_effect() {
    let bench = Bench::with(100).await;
    let id = RequestId::mint();
    bench.hold(id, 50).await.unwrap();

    let finish = bench.ledger.finish(bench.finish_command(id, FinishKind::Settle, 20));
    // Polled once and dropped.
    drop(tokio::time::timeout(std::time::Duration::ZERO, finish).await);

    assert_eq!(bench.balance().await, (80, 0));
    let bench = bench.reopened().await;
    assert_eq!(bench.balance().await, (80, 0));
    bench.assert_no_drift().await;
}

#[tokio::test]
async fn a_closed_ledger_is_unavailable() {
    let bench = Bench::with(100).await;
    let id = RequestId::mint();
    bench.hold(id, 50).await.unwrap();
    Arc::clone(&bench.ledger).close().await;

    assert!(bench.ledger.hold(bench.hold_command(RequestId::mint(), 1)).await.is_err());
    assert!(bench.ledger.finish(bench.finish_command(id, FinishKind::Settle, 20)).await.is_err());
    assert!(
        bench.ledger.show_account(syntopen_shared::wire::admin::ShowAccount { email: "a@b".into() }).await.is_err()
    );
}
