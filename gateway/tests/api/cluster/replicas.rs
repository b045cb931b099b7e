//! Several replicas of each service, of which some fail.

use std::cell::Cell;
use std::sync::atomic::Ordering;

use serde_json::json;

use super::Services;
use crate::helpers::{Customer, TestApp, eventually, request, with};

/// Requests at once.
const CLIENTS: usize = 16;

/// Clients that ask without a pause until `enough` says so; how many were answered, all of them with 200.
async fn load(app: &TestApp, customer: &Customer, enough: impl Fn(usize) -> bool) -> usize {
    let answered = Cell::new(0);
    let client = async || {
        while !enough(answered.get()) {
            let answer = app.chat(customer, &request("openai/gpt-4o-mini", 5)).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            answered.set(answered.get() + 1);
        }
    };
    futures_util::future::join_all((0..CLIENTS).map(|_| client())).await;
    answered.get()
}

#[actix_web::test]
async fn replicas_that_are_killed_under_load_fail_no_request() {
    let mut services = Services::start(2, 2).await;
    let app = services.gateway().await;
    let customer = app.customer("5").await;
    load(&app, &customer, |answered| answered >= 100).await;
    for ledger in &services.ledgers {
        for path in ["/holds", "/finishes"] {
            assert!(ledger.control.seen(path) > 0, "{path}: both replicas have work");
        }
    }
    let killed = Cell::new(None);
    let done = |answered| killed.get().is_some_and(|then| answered >= then + 200);
    let (mut ledger, mut limiter) = (services.ledgers.pop().unwrap(), services.limiters.pop().unwrap());
    let kill = async {
        let before = app.metric("gateway_requests_total{endpoint=\"chat_completions\",status=\"200\"}").await;
        let before: usize = before.unwrap().parse().unwrap();
        // Waiting for a thread's end must not keep the clients from asking.
        let dying = actix_rt::task::spawn_blocking(move || {
            ledger.kill();
            limiter.stop();
        });
        dying.await.unwrap();
        killed.set(Some(before));
    };
    futures_util::join!(load(&app, &customer, done), kill);
    app.assert_books_agree().await;
    let forgotten = app.metric("gateway_settlements_forgotten_total").await;
    assert_eq!(forgotten.as_deref(), Some("0"));
}

#[actix_web::test]
async fn a_replica_that_stands_still_costs_its_time_limit_once() {
    let services = Services::start(2, 1).await;
    let app = services.gateway().await;
    let customer = app.customer("5").await;
    load(&app, &customer, |answered| answered >= 50).await;
    let still = &services.ledgers[0].control;
    let count = || ["/holds", "/finishes", "/keys/resolve"].map(|path| still.seen(path)).iter().sum::<usize>();
    still.silent.store(true, Ordering::SeqCst);
    let before = count();
    load(&app, &customer, |answered| answered >= 500).await;
    // One batch of each kind, and one more of each that went while the first was not yet known to be lost.
    assert!(count() - before <= 4, "{} were sent to it", count() - before);
    still.silent.store(false, Ordering::SeqCst);
    let before = still.seen("/holds");
    eventually("the replica to be asked again", || async {
        load(&app, &customer, |answered| answered >= 1).await;
        (still.seen("/holds") > before).then_some(())
    })
    .await;
    app.assert_books_agree().await;
}

#[actix_web::test]
async fn a_name_may_have_addresses_at_which_nobody_is() {
    let services = Services::start(1, 1).await;
    let url = |address: std::net::SocketAddr| format!("http://localhost:{}", address.port());
    let ledger = format!("{},http://127.0.0.1:1", url(services.ledgers[0].address()));
    let limiter = url(services.limiters[0].address());
    let settings = [("SYNTOPEN_LEDGER_URL", ledger.as_str()), ("SYNTOPEN_RATELIMITER_URL", limiter.as_str())];
    let app = services.gateway_with(&settings).await;
    eventually("readiness", || async { (app.readiness().await == 200).then_some(()) }).await;
    let customer = app.customer("5").await;
    let known = || async { (app.get(&customer, "/v1/models").await.status == 200).then_some(()) };
    eventually("a key to be known", known).await;
    load(&app, &customer, |answered| answered >= 50).await;
    app.assert_books_agree().await;
}

#[actix_web::test]
async fn a_replica_that_decides_nothing_is_not_the_last_word() {
    let services = Services::start(2, 1).await;
    let app = services.gateway().await;
    let customer = app.customer("5").await;
    services.ledgers[0].control.undecided.store(true, Ordering::SeqCst);
    load(&app, &customer, |answered| answered >= 100).await;
    assert!(services.ledgers[0].control.seen("/holds") > 0);
    services.ledgers[1].control.undecided.store(true, Ordering::SeqCst);
    let refused = app.chat(&customer, &request("test/free", 1)).await;
    assert_eq!(refused.error(), (503, "service_unavailable".to_owned()));
    eventually("no readiness", || async { (app.readiness().await == 503).then_some(()) }).await;
    services.ledgers[0].control.undecided.store(false, Ordering::SeqCst);
    assert_eq!(app.chat(&customer, &request("test/free", 1)).await.status, 200);
    assert_eq!(app.readiness().await, 200);
    app.assert_books_agree().await;
}

#[actix_web::test]
async fn nothing_of_the_services_can_be_reached_through_the_gateway() {
    let services = Services::start(1, 1).await;
    let app = services.gateway().await;
    let customer = app.customer("5").await;
    for path in ["/holds", "/finishes", "/keys/resolve", "/check", "/admin/account/show", "/v1/admin/key/list"] {
        for base in [app.address, app.ops] {
            let post = app.client.post(format!("http://{base}{path}")).insert_header(("authorization", "Bearer x"));
            assert_eq!(post.send_body("[]").await.unwrap().status(), 404, "{path}");
        }
    }
    let asked = with(request("test/free", 3), json!({"stream": true}));
    assert_eq!(app.chat(&customer, &asked).await.events().last(), Some(&json!("[DONE]")));
    assert_eq!(app.get(&customer, "/v1/key").await.json()["balance_usd"], "5");
}
