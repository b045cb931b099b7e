//! Rate limits of a cluster.

use serde_json::json;
use syntopen_shared::wire::admin::{RevokeKey, UpdateKey};

use super::Services;
use crate::helpers::{eventually, request};

const DEGRADED: &str = "gateway_ratelimiter_degraded ";

#[actix_web::test]
async fn without_the_limiter_each_gateway_admits_its_share() {
    let mut services = Services::start(1, 1).await;
    let app = services.gateway().await;
    let customer = app.customer_with("0", |key| key.rpm = 9).await;
    let closed = app.customer_with("0", |key| key.rpm = 0).await;
    let asked = request("test/free", 1);
    let first = app.chat(&customer, &asked).await;
    assert_eq!((first.status, first.header("x-ratelimit-remaining")), (200, Some("8")));

    services.limiters[0].stop();
    for left in ["2", "1", "0"] {
        let answer = app.chat(&customer, &asked).await;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (200, Some(left)));
        assert_eq!(answer.header("x-ratelimit-limit"), Some("9"));
    }
    let refused = app.chat(&customer, &asked).await;
    assert_eq!(refused.error(), (429, "rate_limit_exceeded".to_owned()));
    assert!(refused.header("retry-after").is_some() && refused.header("x-ratelimit-reset").is_some());
    assert_eq!(app.chat(&closed, &asked).await.status, 429);
    assert_eq!(app.metric(DEGRADED).await.as_deref(), Some("1"));

    services.limiters[0].run();
    let back = eventually("the limiter's own windows", || async {
        let answer = app.chat(&customer, &asked).await;
        (answer.status == 200).then_some(answer)
    });
    assert_eq!(back.await.header("x-ratelimit-remaining"), Some("7"), "it remembers the first one");
    assert_eq!(app.metric(DEGRADED).await.as_deref(), Some("0"));
    app.assert_books_agree().await;
}

#[actix_web::test]
async fn a_flood_is_refused_without_asking_for_each() {
    let services = Services::start(1, 1).await;
    let app = services.gateway().await;
    let customer = app.customer_with("0", |key| key.rpm = 2).await;
    let asked = request("test/free", 1);
    let answers = futures_util::future::join_all((0..20).map(|_| app.chat(&customer, &asked))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 2);
    let refused_again = || async {
        let refused = app.chat(&customer, &asked).await;
        assert_eq!((refused.status, refused.header("x-ratelimit-remaining")), (429, Some("0")));
        let ms: u64 = refused.header("retry-after-ms").unwrap().parse().unwrap();
        assert!((1..=60_001).contains(&ms), "{ms}");
        let again = app.metric("gateway_ratelimiter_refused_again_total ").await.unwrap();
        (again != "0").then_some(())
    };
    eventually("a refusal without a question", refused_again).await;
}

#[actix_web::test]
async fn a_changed_limit_is_in_force_without_a_hold() {
    let services = Services::start(1, 1).await;
    let app = services.gateway().await;
    let customer = app.customer_with("0", |key| key.rpm = 0).await;
    let asked = request("test/free", 1);
    assert_eq!(app.chat(&customer, &asked).await.status, 429);
    let update = UpdateKey { rpm: Some(5), ..UpdateKey::of(customer.record.key) };
    services.book.update_key(update).await.unwrap();
    let admitted = || async {
        let answer = app.chat(&customer, &asked).await;
        (answer.status == 200).then_some(answer)
    };
    let admitted = eventually("the new limit", admitted).await;
    assert_eq!(admitted.header("x-ratelimit-limit"), Some("5"));
}

#[actix_web::test]
async fn a_revoked_key_is_refused_by_every_gateway() {
    let services = Services::start(2, 1).await;
    let (one, two) = (services.gateway().await, services.gateway().await);
    let customer = one.customer("5").await;
    let asked = request("test/free", 1);
    for app in [&one, &two] {
        assert_eq!(app.chat(&customer, &asked).await.status, 200);
    }
    services.book.revoke_key(RevokeKey { key: customer.record.key }).await.unwrap();
    assert_eq!(one.chat(&customer, &asked).await.error(), (401, "invalid_api_key".to_owned()));
    let refused = || async { (two.get(&customer, "/v1/models").await.status == 401).then_some(()) };
    eventually("a refused GET", refused).await;
    assert_eq!(two.chat(&customer, &asked).await.json()["error"]["code"], json!("invalid_api_key"));
}
