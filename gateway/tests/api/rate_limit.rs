//! The key's window.

use serde_json::json;

use crate::helpers::{TestApp, request, with};

#[actix_web::test]
async fn the_limit_is_exact_under_concurrency() {
    let app = TestApp::spawn().await;
    let customer = app.customer_with("0", |key| key.rpm = 25).await;
    let asked = request("test/free", 1);
    let answers = futures_util::future::join_all((0..200).map(|_| app.chat(&customer, &asked))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(200), count(429)), (25, 175));
    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!(refused.error().1, "rate_limit_exceeded");
    assert_eq!(refused.header("x-ratelimit-limit"), Some("25"));
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    let ms: u64 = refused.header("retry-after-ms").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds) && ms <= seconds * 1_000 && ms > (seconds - 1) * 1_000, "{seconds} s, {ms} ms");
    app.assert_books_agree().await;
}

#[actix_web::test]
async fn a_limit_of_zero_allows_nothing() {
    let app = TestApp::spawn().await;
    let customer = app.customer_with("5", |key| key.rpm = 0).await;
    let refused = app.chat(&customer, &request("test/free", 1)).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(refused.header("x-should-retry"), Some("false"));
}

#[actix_web::test]
async fn what_cannot_be_served_takes_no_slot_and_what_fails_keeps_it() {
    let app = TestApp::spawn().await;
    let customer = app.customer_with("0", |key| key.rpm = 10).await;
    let left = |answer: &crate::helpers::Answer| answer.header("x-ratelimit-remaining").map(str::to_owned);
    assert_eq!(app.chat(&customer, &request("no/such-model", 1)).await.status, 404);
    assert_eq!(app.chat(&customer, &json!({"model": "test/free"})).await.status, 400);
    let poor = app.chat(&customer, &request("openai/gpt-4o-mini", 100)).await;
    assert_eq!((poor.status, left(&poor)), (402, Some("9".to_owned())));
    let failed = with(request("test/free", 1), json!({"simulator": {"fault": {"status": 400}}}));
    let failed = app.chat(&customer, &failed).await;
    assert_eq!((failed.status, left(&failed)), (400, Some("8".to_owned())));
}
