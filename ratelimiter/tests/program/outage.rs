//! Redis fails under the running service.

use actix_web::http::StatusCode;
use syntopen_shared::id::KeyId;
use syntopen_shared::testing::RedisServer;
use syntopen_shared::wire::ratelimiter::Check;

use crate::{PATIENCE, POLL, Replica};

#[actix_web::test]
async fn a_killed_redis_is_told_and_the_window_is_there_when_it_is_back() {
    // Each write is on the disk before its answer, so that the file has them all.
    let mut redis = RedisServer::with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let (replica, client) = (Replica::start(&redis.url()).await, awc::Client::new());
    let check = Check { key: KeyId::mint(), limit: 5, count: 4 };
    assert_eq!(replica.check(&client, &[check]).await.unwrap()[0].admitted, 4);

    redis.kill();
    assert_eq!(replica.check(&client, &[check]).await, Err(StatusCode::SERVICE_UNAVAILABLE));
    replica.until("/readyz", StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(replica.get("/healthz").await.0, Some(StatusCode::OK));
    let (_, metrics) = replica.get("/metrics").await;
    assert!(metrics.contains("ratelimit_checks_total{decision=\"unavailable\"} 4"), "{metrics}");

    redis.restart();
    replica.becomes_ready().await;
    assert_eq!(decided(&replica, &client, check).await, 1, "of 5, 4 were admitted before");
}

#[actix_web::test]
async fn a_stopped_redis_is_told_and_used_again_when_it_goes_on() {
    let redis = RedisServer::start();
    let (replica, client) = (Replica::start(&redis.url()).await, awc::Client::new());
    let check = Check { key: KeyId::mint(), limit: 1_000, count: 1 };
    assert_eq!(replica.check(&client, &[check]).await.unwrap()[0].admitted, 1);
    redis.pause();
    for _ in 0..3 {
        assert_eq!(replica.check(&client, &[check]).await, Err(StatusCode::SERVICE_UNAVAILABLE));
    }
    assert_eq!(replica.get("/readyz").await.0, Some(StatusCode::SERVICE_UNAVAILABLE));
    redis.resume();
    replica.becomes_ready().await;
    assert_eq!(decided(&replica, &client, check).await, 1);
}

#[actix_web::test]
async fn a_redis_that_forgot_the_script_is_no_failure() {
    let redis = RedisServer::start();
    let (replica, client) = (Replica::start(&redis.url()).await, awc::Client::new());
    let check = Check { key: KeyId::mint(), limit: 100, count: 1 };
    for left in (90..100).rev() {
        assert_eq!(redis.command("SCRIPT FLUSH"), "+OK\r\n");
        assert_eq!(replica.check(&client, &[check]).await.unwrap()[0].remaining, left);
    }
}

/// How many are admitted as soon as anybody decides: each worker finds out for itself that Redis is back.
async fn decided(replica: &Replica, client: &awc::Client, check: Check) -> u32 {
    let decided = async {
        loop {
            match replica.check(client, &[check]).await {
                Ok(decisions) => return decisions[0].admitted,
                Err(_) => actix_web::rt::time::sleep(POLL).await,
            }
        }
    };
    actix_web::rt::time::timeout(PATIENCE, decided).await.unwrap()
}
