//! Settlements on their way into the book.

use std::sync::atomic::Ordering;

use syntopen_shared::money::NanoUsd;

use super::Services;
use crate::helpers::{eventually, request};

/// The price of a token of `test/output-only`.
const NANOS_PER_TOKEN: i64 = 1_000_000;

#[actix_web::test]
async fn a_settlement_is_sent_again_until_the_book_confirms_it() {
    let services = Services::start(1, 1).await;
    let app = services.gateway().await;
    let customer = app.customer("5").await;
    let control = &services.ledgers[0].control;
    control.unbooked.store(true, Ordering::SeqCst);
    assert_eq!(app.chat(&customer, &request("test/output-only", 10)).await.status, 200);
    let counts = || async { (app.app.outbox.unapplied(), app.app.outbox.unbooked()) };
    eventually("an applied settlement", || async { (counts().await == (0, 1)).then_some(()) }).await;
    let sent_again = || async { (control.finishes.lock().unwrap().len() >= 2).then_some(()) };
    eventually("the settlement a second time", sent_again).await;
    assert!(control.seen("/confirm") > 1);
    assert_eq!(app.app.outbox.unbooked(), 1);
    assert_eq!(app.metric("gateway_outbox_unbooked ").await.as_deref(), Some("1"));

    control.unbooked.store(false, Ordering::SeqCst);
    app.settled().await;
    let ids: Vec<_> = control.finishes.lock().unwrap().iter().map(|finish| finish.id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "it was one and the same");
    assert_eq!(app.balance(&customer).await.0, NanoUsd::new(4_990 * NANOS_PER_TOKEN));
    app.assert_books_agree().await;
}

#[actix_web::test]
async fn a_book_that_is_down_for_long_keeps_nobody_from_asking() {
    let services = Services::start(1, 1).await;
    let app = services.gateway_with(&[("SYNTOPEN_OUTBOX_MAX", "2")]).await;
    let customer = app.customer("5").await;
    services.ledgers[0].control.unbooked.store(true, Ordering::SeqCst);
    for _ in 0..5 {
        assert_eq!(app.chat(&customer, &request("test/output-only", 10)).await.status, 200);
    }
    let forgotten = || async {
        let forgotten = app.metric("gateway_settlements_forgotten_total ").await.unwrap();
        (forgotten == "3").then_some(())
    };
    eventually("the oldest to be forgotten", forgotten).await;
    assert_eq!(app.app.outbox.unbooked(), 2);
    services.ledgers[0].control.unbooked.store(false, Ordering::SeqCst);
    app.settled().await;
    assert_eq!(app.balance(&customer).await.0, NanoUsd::new(4_950 * NANOS_PER_TOKEN));
}

#[actix_web::test]
async fn what_fails_is_tried_until_it_is_applied_also_at_the_end() {
    let services = Services::start(2, 1).await;
    let mut app = services.gateway_with(&[("SYNTOPEN_SETTLE_WAIT_MS", "50")]).await;
    let customer = app.customer("5").await;
    services.ledgers.iter().for_each(|ledger| ledger.control.fail(&["/finishes"]));
    for _ in 0..20 {
        assert_eq!(app.chat(&customer, &request("test/output-only", 10)).await.status, 200);
    }
    assert_eq!(app.app.outbox.unapplied(), 20);
    let exceeded = app.metric("gateway_settle_wait_exceeded_total ").await;
    assert_eq!(exceeded.as_deref(), Some("20"));
    let (posted, held) = app.balance(&customer).await;
    assert_eq!((posted.nanos(), held.nanos()), (5_000 * NANOS_PER_TOKEN, 200 * NANOS_PER_TOKEN));

    app.request_stop();
    let closed = || async { app.client.get(app.url("/v1/models")).send().await.is_err().then_some(()) };
    eventually("a closed port", closed).await;
    services.ledgers.iter().for_each(|ledger| ledger.control.fail(&[]));
    app.stop();
    assert!(app.app.outbox.is_empty());
    let (posted, held) = app.balance(&customer).await;
    assert_eq!((posted.nanos(), held.nanos()), (4_800 * NANOS_PER_TOKEN, 0));
}
