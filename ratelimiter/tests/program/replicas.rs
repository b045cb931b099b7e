//! Several replicas decide as one.

use std::rc::Rc;

use actix_web::http::StatusCode;
use futures_util::future::join_all;
use syntopen_shared::id::KeyId;
use syntopen_shared::testing::{RedisCluster, RedisServer};
use syntopen_shared::wire::ratelimiter::{Check, LEAVING};

use crate::{Replica, TOKEN};

const CLIENTS: usize = 12;
const BATCHES: usize = 40;
const LIMITS: [u32; 4] = [7, 60, 1_000, 5_000];

#[actix_web::test]
async fn share_one_window_exactly() {
    let redis = RedisServer::start();
    admit_exactly_the_limits(&redis.url()).await;
}

#[actix_web::test]
async fn share_one_window_exactly_over_a_cluster() {
    let cluster = RedisCluster::start();
    admit_exactly_the_limits(&cluster.url()).await;
}

#[actix_web::test]
async fn a_killed_replica_takes_nothing_with_it() {
    let redis = RedisServer::start();
    let (mut one, other) = (Replica::start(&redis.url()).await, Replica::start(&redis.url()).await);
    let (client, check) = (awc::Client::new(), Check { key: KeyId::mint(), limit: 5, count: 3 });
    assert_eq!(one.check(&client, &[check]).await.unwrap()[0].admitted, 3);
    one.process.kill();
    assert_eq!(other.check(&client, &[check]).await.unwrap()[0].admitted, 2);
}

#[actix_web::test]
async fn a_replica_that_is_about_to_stop_counts_nothing_and_says_so() {
    let redis = RedisServer::start();
    let (one, other) = (Replica::start(&redis.url()).await, Replica::start(&redis.url()).await);
    let (client, check) = (awc::Client::new(), Check { key: KeyId::mint(), limit: 5, count: 5 });
    one.process.signal("TERM");
    one.until("/readyz", StatusCode::SERVICE_UNAVAILABLE).await;
    let asked = client.post(format!("http://{}/check", one.address)).bearer_auth(TOKEN).send_json(&[check]);
    let mut refused = asked.await.unwrap();
    let told: serde_json::Value = refused.json().await.unwrap();
    assert_eq!((refused.status(), &told["error"]["code"]), (StatusCode::SERVICE_UNAVAILABLE, &LEAVING.into()));
    assert_eq!(other.check(&client, &[check]).await.unwrap()[0].admitted, 5);
}

/// Clients ask both replicas at once, for more than the limits of all keys, in batches that mix them.
async fn admit_exactly_the_limits(url: &str) {
    let replicas = Rc::new([Replica::start(url).await, Replica::start(url).await]);
    let keys = LIMITS.map(|limit| (KeyId::mint(), limit));
    let clients = (0..CLIENTS).map(|number| {
        let replicas = Rc::clone(&replicas);
        actix_web::rt::spawn(async move {
            let (client, mut admitted) = (awc::Client::new(), [0; LIMITS.len()]);
            for batch in 0..BATCHES {
                let check = |(key, limit): (KeyId, u32)| Check { key, limit, count: 1 + limit / 200 };
                let checks: Vec<_> = keys.map(check).into_iter().flat_map(|check| [check; 2]).collect();
                let decisions = replicas[(number + batch) % 2].check(&client, &checks).await.unwrap();
                for (place, decision) in decisions.iter().enumerate() {
                    admitted[place / 2] += decision.admitted;
                }
            }
            admitted
        })
    });
    let admitted: Vec<_> = join_all(clients).await.into_iter().map(Result::unwrap).collect();
    for (place, limit) in LIMITS.into_iter().enumerate() {
        assert_eq!(admitted.iter().map(|admitted| admitted[place]).sum::<u32>(), limit, "limit {limit}");
    }
    let mut counted = [0, 0];
    for replica in &*replicas {
        let (_, metrics) = replica.get("/metrics").await;
        counted[0] += counter(&metrics, "ratelimit_checks_total{decision=\"admitted\"}");
        counted[1] += counter(&metrics, "ratelimit_batch_size_count");
        assert_eq!(counter(&metrics, "ratelimit_redis_errors_total"), 0);
        assert!(counter(&metrics, "ratelimit_redis_duration_seconds_count") > 0);
    }
    assert_eq!(counted, [LIMITS.iter().sum(), (CLIENTS * BATCHES) as u32]);
}

/// The value of a metric in Prometheus' text format.
fn counter(metrics: &str, name: &str) -> u32 {
    metrics.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().parse().unwrap()
}
