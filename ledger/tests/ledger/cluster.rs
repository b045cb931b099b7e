//! The ledger of a cluster, over a real Redis and a real Postgres: what is booked, what is recovered, what is refused.

mod operator;
mod outages;
mod retention;
mod service;
pub(crate) mod stage;
pub(crate) mod telling;

use syntopen_shared::id::RequestId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{RevokeKey, UpdateKey};
use syntopen_shared::wire::ledger::{Confirm, FinishKind, FinishRefused, Finished, HoldRefused, SpendLimits};

use stage::Stage;

const APPLIED: Result<Finished, FinishRefused> = Ok(Finished { booked: false });

#[tokio::test]
async fn charges_are_applied_at_once_and_booked_a_moment_later() {
    let stage = Stage::with(1_000).await;
    let id = RequestId::mint();
    assert_eq!(stage.hold(id, 100).await.unwrap().amount, NanoUsd::new(100));
    assert_eq!(stage.balance().await, (1_000, 100));
    assert_eq!(stage.finish(id, FinishKind::Settle, 30).await, APPLIED);
    assert_eq!(stage.balance().await, (970, 0));
    assert_eq!(stage.finish(id, FinishKind::Settle, 30).await, APPLIED, "a replay is answered as before");
    assert_eq!(stage.finish(id, FinishKind::Settle, 31).await, Err(FinishRefused::Conflict));
    assert_eq!(stage.hold(id, 100).await, Err(HoldRefused::Finished));

    stage.until_booked(id, 30).await;
    let other = Confirm { id, total: NanoUsd::new(31) };
    assert_eq!(stage.ledger(0).confirm(vec![other]).await.unwrap(), [false], "of another total it has nothing");
    stage.assert_no_drift().await;
}

#[tokio::test]
async fn ledgers_share_every_balance() {
    let stage = Stage::with(500).await;
    let holds = (0..20).map(|turn| {
        let (ledger, hold) = (stage.ledger(turn % 2), stage.hold_command(RequestId::mint(), 100));
        async move { ledger.hold(hold).await.unwrap() }
    });
    let answers = futures_util::future::join_all(holds).await;
    let granted = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(granted, 5, "{answers:?}");
    assert_eq!(stage.balance().await, (500, 500));
}

#[tokio::test]
async fn ledgers_drain_the_same_streams_and_book_each_charge_once() {
    let stage = Stage::with(1_000_000).await;
    let ids: Vec<_> = (0..300).map(|_| RequestId::mint()).collect();
    let charges = ids.iter().enumerate().map(|(turn, id)| {
        let (ledger, hold) = (stage.ledger(turn % 2), stage.hold_command(*id, 100));
        let finish = stage.finish_command(*id, FinishKind::Settle, 7);
        async move {
            ledger.hold(hold).await.unwrap().unwrap();
            assert_eq!(ledger.finish(finish).await.unwrap(), APPLIED);
        }
    });
    futures_util::future::join_all(charges).await;
    for id in ids {
        stage.until_booked(id, 7).await;
    }
    assert_eq!(stage.balance().await, (1_000_000 - 300 * 7, 0));
    let report = stage.ledger(1).reconcile().await.unwrap();
    // The stage made one request itself.
    assert_eq!((report.drift, report.requests, report.pending), (NanoUsd::ZERO, 301, 0), "{:?}", report.findings);
}

#[tokio::test]
async fn a_key_revoked_through_one_ledger_is_refused_by_the_other_at_once() {
    let stage = Stage::with(1_000).await;
    stage.hold(RequestId::mint(), 10).await.unwrap();
    let revoked = stage.ledger(0).revoke_key(RevokeKey { key: stage.key }).await.unwrap();
    let hold = stage.hold_command(RequestId::mint(), 10);
    assert_eq!(stage.ledger(1).hold(hold).await.unwrap(), Err(HoldRefused::KeyRevoked));
    let seen = stage.ledger(1).refresh(&[stage.key]).await.unwrap();
    assert_eq!(seen, [revoked]);
}

#[tokio::test]
async fn a_changed_limit_holds_for_the_next_request() {
    let stage = Stage::with(1_000).await;
    stage.hold(RequestId::mint(), 10).await.unwrap();
    let limits = SpendLimits { total: Some(NanoUsd::new(15)), ..SpendLimits::default() };
    let update = UpdateKey { rpm: Some(7), limits: Some(limits), ..UpdateKey::of(stage.key) };
    let record = stage.ledger(0).update_key(update).await.unwrap();
    assert_eq!((record.rpm, record.limits, record.version), (7, limits, 2));
    let hold = stage.hold_command(RequestId::mint(), 10);
    let refused = stage.ledger(1).hold(hold).await.unwrap();
    assert!(matches!(refused, Err(HoldRefused::KeyBudgetExceeded { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_release_overtakes_its_hold_and_is_booked() {
    let stage = Stage::with(1_000).await;
    let id = RequestId::mint();
    assert_eq!(stage.finish(id, FinishKind::Release, 0).await, APPLIED);
    assert_eq!(stage.hold(id, 10).await, Err(HoldRefused::Finished));
    stage.until_booked(id, 0).await;
    stage.assert_no_drift().await;
}
