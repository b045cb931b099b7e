//! What operators do and see, through whichever ledger.

use syntopen_ledger::Ledger;
use syntopen_ledger::office::{Answers as _, OfficeError};
use syntopen_shared::id::{RequestId, SubmissionId, UserId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{CreateAccount, CreditClass};
use syntopen_shared::wire::ledger::{AccountStatus, FinishKind, HoldRefused};
use syntopen_shared::wire::office::operator::accounts::{GiveCredit, LookAtAccount, RefundRequest, SetStanding};
use syntopen_shared::wire::office::operator::ledger::{Glance, LookAtLedger, Reconcile, Scope, Store};
use syntopen_shared::wire::office::paging::Place;
use syntopen_shared::wire::office::payments::{
    Asked, AssignUnmatched, DismissUnmatched, Event, Fact, Handled, Hints, ListUnmatched, News, Tell, Told,
};
use syntopen_shared::wire::office::{By, Refusal};

use super::stage::{Stage, until};
use crate::support::EMAIL;

async fn user(ledger: &Ledger, (email, operator): (&str, bool)) -> By {
    let create = CreateAccount { email: email.to_owned(), password: None, operator };
    let user: UserId = ledger.create_account(create).await.unwrap().user;
    By { user, address: "127.0.0.1".to_owned() }
}

fn grant(stage: &Stage, by: &By, amount: i64) -> GiveCredit {
    GiveCredit {
        by: by.clone(),
        account: stage.account,
        amount: NanoUsd::new(amount),
        class: CreditClass::Grant,
        reason: "because".to_owned(),
        submission: SubmissionId::mint(),
    }
}

fn suspension(stage: &Stage, by: &By, status: AccountStatus) -> SetStanding {
    SetStanding { by: by.clone(), account: stage.account, status, reason: "because".to_owned() }
}

#[tokio::test]
async fn money_is_given_once_through_both_ledgers_and_refunded_once() {
    let stage = Stage::with(1_000).await;
    let boss = user(&stage.ledger(0), ("boss@example.com", true)).await;
    let give = grant(&stage, &boss, 500);
    let sent = (0..8).map(|turn| {
        let (ledger, give) = (stage.ledger(turn % 2), give.clone());
        async move { ledger.answer(give).await.unwrap() }
    });
    let receipts = futures_util::future::join_all(sent).await;
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]), "{receipts:?}");
    assert_eq!(stage.balance().await, (1_500, 0));

    let id = RequestId::mint();
    stage.hold(id, 100).await.unwrap();
    stage.finish(id, FinishKind::Settle, 30).await.unwrap();
    stage.until_booked(id, 30).await;
    let refund = |amount| {
        let (by, account, amount, reason) = (boss.clone(), stage.account, NanoUsd::new(amount), "because".to_owned());
        RefundRequest { by, account, request: id, amount, reason }
    };
    let sent = (0..4).map(|turn| {
        let (ledger, refund) = (stage.ledger(turn % 2), refund(20));
        async move { ledger.answer(refund).await.unwrap() }
    });
    let receipts = futures_util::future::join_all(sent).await;
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]), "{receipts:?}");
    let again = stage.ledger(1).answer(refund(10)).await;
    assert!(matches!(again, Err(OfficeError::Refused(Refusal::Invalid { .. }))), "{again:?}");
    assert_eq!(stage.balance().await, (1_490, 0));
    let details = stage.ledger(1).answer(LookAtAccount { account: stage.account }).await.unwrap();
    assert_eq!((details.balance.nanos(), details.spent.total.nanos()), (1_490, 30));
    stage.assert_no_drift().await;
}

#[tokio::test]
async fn a_suspension_is_in_force_at_every_ledger_when_it_is_answered() {
    let stage = Stage::with(1_000).await;
    let boss = user(&stage.ledger(0), ("boss@example.com", true)).await;
    stage.hold(RequestId::mint(), 10).await.unwrap();
    stage.ledger(0).answer(suspension(&stage, &boss, AccountStatus::Suspended)).await.unwrap();
    for ledger in [stage.ledger(0), stage.ledger(1)] {
        let refused = ledger.hold(stage.hold_command(RequestId::mint(), 10)).await.unwrap();
        assert_eq!(refused, Err(HoldRefused::AccountSuspended));
    }
    stage.ledger(1).answer(suspension(&stage, &boss, AccountStatus::Active)).await.unwrap();
    stage.hold(RequestId::mint(), 10).await.unwrap();
}

#[tokio::test]
async fn acts_of_others_than_operators_are_refused_by_the_ledger_too() {
    let stage = Stage::with(1_000).await;
    let (ledger, eve) = (stage.ledger(0), user(&stage.ledger(0), ("eve@example.com", false)).await);
    let not_found = |error: OfficeError| assert_eq!(error, OfficeError::Refused(Refusal::NotFound));
    not_found(ledger.answer(grant(&stage, &eve, 500)).await.unwrap_err());
    not_found(ledger.answer(suspension(&stage, &eve, AccountStatus::Suspended)).await.unwrap_err());
    not_found(ledger.answer(Reconcile { by: eve.clone() }).await.unwrap_err());

    let event = Some(Event { id: "evt_1".to_owned(), kind: "checkout.session.completed".to_owned() });
    let of = Hints { intent: Some("pi_1".to_owned()), ..Hints::default() };
    let news = News { of, cents: 500, currency: "usd".to_owned(), fact: Fact::Paid, told_s: 0 };
    assert_eq!(ledger.answer(Tell { event, news, asked: Asked::Yes }).await.unwrap(), Told::Unmatched);
    let open = || ledger.answer(ListUnmatched { which: Handled::Open, place: Place::First, limit: 10 });
    let unmatched = open().await.unwrap().rows[0].unmatched;
    let assign = AssignUnmatched { unmatched, email: EMAIL.to_owned(), by: eve.clone() };
    not_found(ledger.answer(assign).await.unwrap_err());
    let reason = "because".to_owned();
    not_found(ledger.answer(DismissUnmatched { unmatched, reason, by: eve }).await.unwrap_err());
    assert_eq!(open().await.unwrap().rows.len(), 1);
    assert_eq!(stage.balance().await, (1_000, 0));
}

#[tokio::test]
async fn the_shards_are_seen_and_reconciled() {
    let stage = Stage::with(1_000).await;
    let boss = user(&stage.ledger(0), ("boss@example.com", true)).await;
    stage.hold(RequestId::mint(), 100).await.unwrap();
    stage.hold(RequestId::mint(), 50).await.unwrap();
    let state = stage.ledger(1).answer(LookAtLedger {}).await.unwrap();
    let Store::Shards(shards) = state.store else { panic!("a cluster has shards") };
    assert_eq!(shards.iter().map(|shard| shard.shard).collect::<Vec<_>>(), [0, 1, 2, 3]);
    let glances: Vec<Glance> = shards.iter().map(|shard| shard.glance.unwrap()).collect();
    let sums = glances.iter().map(|glance| (glance.holds, glance.held.nanos()));
    assert_eq!(sums.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1)), (2, 150));

    stage.ledger(0).answer(Reconcile { by: boss }).await.unwrap();
    let last = async || {
        let state = stage.ledger(1).answer(LookAtLedger {}).await.unwrap();
        state.reconciliations.into_iter().find(|one| one.scope == Scope::Whole && one.ended_ms.is_some())
    };
    until("it has ended", async || last().await.is_some()).await;
    let ended = last().await.unwrap();
    assert_eq!((ended.failure, ended.drift), (None, NanoUsd::ZERO), "{:?}", ended.findings);
    let checks: Vec<_> = ended.routes.iter().map(|route| route.check.as_str()).collect();
    assert!(checks.contains(&"Redis has the book's balance"), "{checks:?}");
    assert!(ended.routes.iter().all(|route| route.differences == 0 && 0 < route.compared));
}
