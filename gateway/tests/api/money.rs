//! Balances under concurrency, and holds that do not fit.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use syntopen_shared::money::NanoUsd;

use crate::helpers::{TestApp, eventually, request, with};

/// A thousandth of a cent per token: `test/output-only` costs a dollar per thousand tokens.
const NANOS_PER_TOKEN: i64 = 1_000_000;

#[actix_web::test]
async fn a_thousand_clients_share_a_balance_for_ten() {
    let app = TestApp::spawn().await;
    let customer = app.customer("1").await;
    // 100 tokens are 10 cents: ten requests take the dollar to zero.
    let asked = with(request("test/output-only", 100), json!({"simulator": {"wait_for": "all decided"}}));
    let refused = AtomicUsize::new(0);
    let ask = || async {
        let answer = app.chat(&customer, &asked).await;
        if answer.status == 402 {
            refused.fetch_add(1, Ordering::Relaxed);
        }
        answer.status
    };
    let gate = async {
        let decided = || async {
            (refused.load(Ordering::Relaxed) == 990 && app.simulator.waiting_at("all decided") == 10).then_some(())
        };
        eventually("990 refusals and 10 grants", decided).await;
        let (posted, held) = app.balance(&customer).await;
        assert_eq!((posted.nanos(), held.nanos()), (1_000 * NANOS_PER_TOKEN, 1_000 * NANOS_PER_TOKEN));
        app.simulator.open_gate("all decided");
    };
    let (answers, ()) = futures_util::join!(futures_util::future::join_all((0..1_000).map(|_| ask())), gate);

    let count = |status| answers.iter().filter(|answer| **answer == status).count();
    assert_eq!((count(200), count(402)), (10, 990));
    app.assert_books_agree().await;
    assert_eq!(app.balance(&customer).await, (NanoUsd::ZERO, NanoUsd::ZERO));
}

#[actix_web::test]
async fn a_refusal_says_what_is_missing() {
    let app = TestApp::spawn().await;
    let customer = app.customer("0.05").await;
    let refused = app.chat(&customer, &request("test/output-only", 100)).await;
    assert_eq!(refused.error(), (402, "insufficient_balance".to_owned()));
    let error = &refused.json()["error"];
    assert_eq!(error["type"], "insufficient_quota");
    assert_eq!(error["required_usd"], "0.1");
    assert_eq!(error["available_usd"], "0.05");
    assert_eq!(error["held_usd"], "0");
    assert_eq!(error["affordable_tokens"], 50);
    assert_eq!(refused.header("x-should-retry"), Some("false"));
    assert_eq!(app.chat(&customer, &request("test/output-only", 50)).await.status, 200);
    app.assert_books_agree().await;
}

#[actix_web::test]
async fn an_unnamed_maximum_is_clamped_to_half_of_the_balance() {
    let app = TestApp::spawn().await;
    let customer = app.customer("2").await;
    let mut asked = request("test/output-only", 3_000);
    asked.as_object_mut().unwrap().remove("max_tokens");
    asked["simulator"]["tag"] = json!("clamped");
    let answer = app.chat(&customer, &asked).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    // The model may answer with 4,096 tokens, $4.096; half of the balance is granted.
    assert_eq!(answer.header("x-syntopen-max-tokens"), Some("1000"));
    assert_eq!(answer.json()["usage"]["completion_tokens"], 1_000);
    assert_eq!(answer.json()["choices"][0]["finish_reason"], "length");
    app.assert_books_agree().await;
    assert_eq!(app.balance(&customer).await.0.nanos(), 1_000 * NANOS_PER_TOKEN);
    let sent: serde_json::Value = serde_json::from_str(&app.served("clamped").await.body).unwrap();
    assert_eq!(sent["max_completion_tokens"], 1_000);
}

#[actix_web::test]
async fn a_free_model_answers_at_balance_zero() {
    let app = TestApp::spawn().await;
    let customer = app.customer("0").await;
    let answer = app.chat(&customer, &request("test/free", 7)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["usage"]["cost"].to_string(), "0");
    app.assert_books_agree().await;
    assert_eq!(app.balance(&customer).await, (NanoUsd::ZERO, NanoUsd::ZERO));
}

#[actix_web::test]
async fn a_key_stays_within_its_own_limit() {
    let app = TestApp::spawn().await;
    let customer = app.customer_with("5", |key| key.limits.day = Some("0.25".parse().unwrap())).await;
    for _ in 0..2 {
        assert_eq!(app.chat(&customer, &request("test/output-only", 100)).await.status, 200);
    }
    let refused = app.chat(&customer, &request("test/output-only", 100)).await;
    assert_eq!(refused.error(), (402, "insufficient_balance".to_owned()));
    let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("per day") && message.contains("$0.20"), "{message}");
    assert_eq!(app.chat(&customer, &request("test/output-only", 50)).await.status, 200);
    app.assert_books_agree().await;
}

#[actix_web::test]
async fn a_revoked_key_ends_with_its_next_completion() {
    let app = TestApp::spawn().await;
    let customer = app.customer("5").await;
    assert_eq!(app.chat(&customer, &request("test/free", 1)).await.status, 200);
    app.ledger.revoke_key(syntopen_shared::wire::admin::RevokeKey { key: customer.record.key }).await.unwrap();
    assert_eq!(app.chat(&customer, &request("test/free", 1)).await.error(), (401, "invalid_api_key".to_owned()));
}

#[actix_web::test]
async fn balances_survive_a_restart() {
    let mut app = TestApp::spawn().await;
    let customer = app.customer("1").await;
    assert_eq!(app.chat(&customer, &request("test/output-only", 250)).await.status, 200);
    app.stop();
    let again = TestApp::restart(app).await;
    assert_eq!(again.balance(&customer).await, (NanoUsd::new(750 * NANOS_PER_TOKEN), NanoUsd::ZERO));
    assert_eq!(again.chat(&customer, &request("test/output-only", 750)).await.status, 200);
    again.assert_books_agree().await;
    assert_eq!(again.balance(&customer).await.0, NanoUsd::ZERO);
}
