//! Links and their lifetimes, alerts, and the end of an account.

use syntopen_ledger::office::{Answers as _, OfficeError};
use syntopen_shared::id::{RequestId, UserId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::token::{Token, TokenHash};
use syntopen_shared::wire::ledger::{AccountStatus, FinishKind, Finished, HoldRefused};
use syntopen_shared::wire::office::alerts::{ClaimAlerts, ConfirmAlert, DueAlert, LookUpAlert, SetAlert};
use syntopen_shared::wire::office::links::{LookUpLink, Purpose, RequestLink, Requested, ResetPassword};
use syntopen_shared::wire::office::members::{CloseAccount, LookUpClosing};
use syntopen_shared::wire::office::{By, Password, Refusal};

use crate::support::{Bench, EMAIL};

const PASSWORD: &str = "correct horse battery";
const MINUTE_MS: i64 = 60_000;

async fn request(bench: &Bench, (purpose, email): (Purpose, &str)) -> (Requested, TokenHash) {
    let hash = Token::generate().hash();
    let request = RequestLink { purpose, email: email.to_owned(), hash: hash.clone() };
    (bench.ledger.answer(request).await.unwrap(), hash)
}

async fn reset(bench: &Bench, hash: &TokenHash) -> Result<(), OfficeError> {
    let (password, address) = (Password::new(PASSWORD.to_owned()), "127.0.0.1".to_owned());
    bench.ledger.answer(ResetPassword { hash: hash.clone(), password, address }).await
}

async fn due(bench: &Bench) -> Vec<DueAlert> {
    bench.ledger.answer(ClaimAlerts { limit: 10 }).await.unwrap()
}

fn by(user: UserId) -> By {
    By { user, address: "127.0.0.1".to_owned() }
}

#[tokio::test]
async fn a_link_to_reset_works_for_an_hour() {
    let bench = Bench::with(0).await;
    let is_there = async |hash: &TokenHash| {
        let look = LookUpLink { purpose: Purpose::Reset, hash: hash.clone() };
        bench.ledger.answer(look).await.unwrap().is_some()
    };
    let (requested, hash) = request(&bench, (Purpose::Reset, EMAIL)).await;
    assert_eq!(requested, Requested::Known);

    bench.clock.advance_ms(59 * MINUTE_MS);
    assert!(is_there(&hash).await);
    bench.clock.advance_ms(MINUTE_MS);
    assert!(!is_there(&hash).await);
    assert_eq!(reset(&bench, &hash).await, Err(Refusal::NotFound.into()));

    let (_, hash) = request(&bench, (Purpose::Reset, EMAIL)).await;
    assert_eq!(reset(&bench, &hash).await, Ok(()));
    assert_eq!(reset(&bench, &hash).await, Err(Refusal::NotFound.into()));
}

#[tokio::test]
async fn who_is_unknown_gets_as_many_links_that_lead_nowhere() {
    let bench = Bench::with(0).await;
    for (email, answer) in [(EMAIL, Requested::Known), ("eve@example.com", Requested::Unknown)] {
        for _ in 0..5 {
            assert_eq!(request(&bench, (Purpose::Reset, email)).await.0, answer);
        }
        assert_eq!(request(&bench, (Purpose::Reset, email)).await.0, Requested::Enough);
    }
    bench.clock.advance_ms(60 * MINUTE_MS);
    let (requested, hash) = request(&bench, (Purpose::Reset, "eve@example.com")).await;
    assert_eq!(requested, Requested::Unknown);
    assert_eq!(bench.ledger.answer(LookUpLink { purpose: Purpose::Reset, hash: hash.clone() }).await.unwrap(), None);
    assert_eq!(reset(&bench, &hash).await, Err(Refusal::NotFound.into()));
}

#[tokio::test]
async fn a_claim_that_nobody_confirms_lapses() {
    let bench = Bench::with(100).await;
    let user = bench.show().await.user;
    let below = |nanos| {
        let below = Some(NanoUsd::new(nanos));
        bench.ledger.answer(SetAlert { account: bench.account, by: by(user), below })
    };
    for wrong in [0, -1, i64::MAX] {
        assert!(matches!(below(wrong).await, Err(OfficeError::Refused(Refusal::Invalid { .. }))), "{wrong}");
    }
    below(200).await.unwrap();
    let looked_up = bench.ledger.answer(LookUpAlert { account: bench.account }).await.unwrap();
    assert_eq!(looked_up, Some(NanoUsd::new(200)));

    let first = due(&bench).await;
    assert_eq!(first.len(), 1);
    assert_eq!((first[0].balance.nanos(), first[0].owners.as_slice()), (100, [EMAIL.to_owned()].as_slice()));
    bench.clock.advance_ms(14 * MINUTE_MS);
    assert_eq!(due(&bench).await, []);
    bench.clock.advance_ms(MINUTE_MS);
    let again = due(&bench).await;
    assert_eq!(again.len(), 1, "whoever claimed it has died");
    for claim in [&first[0], &again[0]] {
        let confirm = ConfirmAlert { account: claim.account, claimed_ms: claim.claimed_ms };
        bench.ledger.answer(confirm).await.unwrap();
    }
    bench.clock.advance_ms(60 * MINUTE_MS);
    assert_eq!(due(&bench).await, []);
}

#[tokio::test]
async fn a_closed_account_holds_nothing_and_keeps_its_books() {
    let bench = Bench::with(100).await;
    let (account, user) = (bench.account, bench.show().await.user);
    let close = |user, password: &str| {
        let password = Password::new(password.to_owned());
        bench.ledger.answer(CloseAccount { account, by: by(user), password })
    };
    assert_eq!(close(user, PASSWORD).await, Err(Refusal::WrongCredentials.into()), "it has no password");
    let (_, hash) = request(&bench, (Purpose::Reset, EMAIL)).await;
    reset(&bench, &hash).await.unwrap();
    let running = RequestId::mint();
    bench.hold(running, 50).await.unwrap();
    assert_eq!(close(UserId::mint(), PASSWORD).await, Err(Refusal::NotFound.into()));
    assert_eq!(close(user, "wrong").await, Err(Refusal::WrongCredentials.into()));
    let closing = bench.ledger.answer(LookUpClosing { account, user }).await.unwrap();
    assert_eq!((closing.balance.nanos(), closing.keys, closing.members), (100, 1, 1));

    close(user, PASSWORD).await.unwrap();

    let refused = bench.hold(RequestId::mint(), 1).await.unwrap_err();
    assert!(matches!(refused, HoldRefused::AccountSuspended | HoldRefused::KeyRevoked), "{refused:?}");
    assert_eq!(bench.finish(running, FinishKind::Settle, 30).await, Ok(Finished { booked: true }));
    assert_eq!((bench.balance().await, bench.show().await.status), ((70, 0), AccountStatus::Suspended));
    assert_eq!(request(&bench, (Purpose::Reset, EMAIL)).await.0, Requested::Closed);
    bench.assert_no_drift().await;
    let bench = bench.reopened().await;
    assert!(bench.hold(RequestId::mint(), 1).await.is_err());
    bench.assert_no_drift().await;
}
