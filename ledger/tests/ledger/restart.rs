//! What survives the end of the process.

use syntopen_ledger::{Ledger, LedgerSettings};
use syntopen_shared::id::RequestId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::{FinishKind, FinishRefused, Finished, SpendLimits, Spent};

use crate::support::{Bench, create_key, open};

#[tokio::test]
async fn balances_and_spending_survive() {
    let mut bench = Bench::with(100).await;
    let limits = SpendLimits { day: Some(NanoUsd::new(40)), ..SpendLimits::default() };
    bench.key = bench.ledger.create_key(create_key(limits)).await.unwrap().record.key;
    let id = RequestId::mint();
    bench.hold(id, 30).await.unwrap();
    bench.finish(id, FinishKind::Settle, 25).await.unwrap();

    let bench = bench.reopened().await;

    assert_eq!(bench.balance().await, (75, 0));
    let spent = bench.ledger.report(bench.key).await.unwrap().unwrap().spent;
    assert_eq!(spent, Spent { day: NanoUsd::new(25), month: NanoUsd::new(25), total: NanoUsd::new(25) });
    bench.hold(RequestId::mint(), 16).await.unwrap_err();
    bench.clock.advance_ms(3_600_000);
    let bench = bench.reopened().await;
    let spent = bench.ledger.report(bench.key).await.unwrap().unwrap().spent;
    assert_eq!(spent, Spent { total: NanoUsd::new(25), ..Spent::default() });
    bench.assert_no_drift().await;
}

#[tokio::test]
async fn what_was_running_is_booked_as_expired() {
    let bench = Bench::with(100).await;
    let (costly, free, unheard) = (RequestId::mint(), RequestId::mint(), RequestId::mint());
    for id in [costly, free, unheard] {
        bench.hold(id, 30).await.unwrap();
    }
    bench.checkpoint(costly, 30, 12).await;
    bench.checkpoint(costly, 30, 14).await;
    bench.checkpoint(free, 30, 0).await;

    let bench = bench.killed().await;

    assert_eq!(bench.balance().await, (86, 0));
    let report = bench.ledger.reconcile().await.unwrap();
    assert_eq!((report.transfers, report.requests), (2, 2), "one hold was never checkpointed");
    bench.assert_no_drift().await;
    let bench = bench.reopened().await;
    assert_eq!(bench.balance().await, (86, 0), "leftovers are booked once");
}

#[tokio::test]
async fn finishes_after_a_restart_go_by_the_book() {
    let bench = Bench::with(100).await;
    let (expired, settled, released) = (RequestId::mint(), RequestId::mint(), RequestId::mint());
    for id in [expired, settled, released] {
        bench.hold(id, 30).await.unwrap();
    }
    bench.checkpoint(expired, 30, 12).await;
    bench.finish(settled, FinishKind::Settle, 20).await.unwrap();
    bench.finish(released, FinishKind::Release, 0).await.unwrap();

    let bench = bench.killed().await;

    let booked = Ok(Finished { booked: true });
    bench.checkpoint(expired, 30, 13).await;
    assert_eq!(bench.balance().await, (68, 0), "a checkpoint opens nothing that the book has ended");
    assert_eq!(bench.finish(expired, FinishKind::Settle, 15).await, booked);
    assert_eq!(bench.finish(settled, FinishKind::Settle, 20).await, booked);
    assert_eq!(bench.finish(settled, FinishKind::Settle, 21).await, Err(FinishRefused::Conflict));
    assert_eq!(bench.finish(released, FinishKind::Settle, 1).await, Err(FinishRefused::Conflict));
    assert_eq!(bench.finish(RequestId::mint(), FinishKind::Settle, 5).await, booked);
    assert_eq!(bench.balance().await, (60, 0));
    bench.assert_no_drift().await;
}

#[tokio::test]
async fn a_data_directory_belongs_to_one_process() {
    let bench = Bench::with(0).await;

    let second = Ledger::open(LedgerSettings::new(bench.dir.path().to_owned()), bench.clock.clone()).await;

    let error = second.err().unwrap().to_string();
    assert!(error.contains("belongs to another running process"), "{error}");
    bench.reopened().await.assert_no_drift().await;
}

#[tokio::test]
async fn a_ledger_that_is_dropped_gives_the_directory_back() {
    let Bench { ledger, clock, dir, .. } = Bench::with(100).await;

    drop(ledger);

    open(dir.path(), &clock).await.close().await;
}

#[tokio::test]
async fn the_directory_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::TempDir::new().unwrap();
    let dir = parent.path().join("data");
    let clock = std::sync::Arc::new(syntopen_shared::clock::ManualClock::at(0));

    let ledger = Ledger::open(LedgerSettings::new(dir.clone()), clock).await.unwrap();

    assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    ledger.close().await;
}
