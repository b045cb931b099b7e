//! The suite over a Redis Cluster of three primaries.

use std::sync::{Arc, Mutex, Weak};

use syntopen_ledger::balances::redis::RedisSettings;
use syntopen_shared::testing::RedisCluster;

use super::redis::{balances_at, settings};
use super::script::Script;
use super::{Setup, conformance};

/// The cluster that tests of this moment share; the last of them stops it.
static CLUSTER: Mutex<Weak<RedisCluster>> = Mutex::new(Weak::new());

fn cluster() -> Arc<RedisCluster> {
    let mut shared = CLUSTER.lock().unwrap();
    shared.upgrade().unwrap_or_else(|| {
        let cluster = Arc::new(RedisCluster::start());
        *shared = Arc::downgrade(&cluster);
        cluster
    })
}

async fn three_primaries() -> Setup<Arc<RedisCluster>> {
    let server = cluster();
    let (balances, clock) = balances_at(&server.url(), settings(8)).await;
    Setup { balances: Box::new(balances), clock, server }
}

conformance!(three_primaries);

#[tokio::test]
async fn the_usual_shards_spread_over_the_primaries() {
    let server = RedisCluster::start();
    let (balances, clock) = balances_at(&server.url(), RedisSettings::default()).await;
    let mut script = Script::over(&balances, &clock);
    for account in 0..32 {
        script.play(&format!("account A{account} 5\nhold H{account} A{account} 5 5 = ok 5")).await;
    }
    script.play("tick 60\nsweep = 32").await;
    assert_eq!(balances.lengths().await.into_iter().map(Result::unwrap).sum::<u64>(), 64 + 32);
    for node in server.nodes() {
        let journals = node.command("KEYS *:journal").matches(":journal").count();
        assert!((16..=27).contains(&journals), "{journals} of 64 shards are on one of three primaries");
    }
    assert_eq!(balances.preflight().await.unwrap(), [""; 0]);
    server.nodes()[1].command("CONFIG SET maxmemory-policy allkeys-lru");
    let complaints = balances.preflight().await.unwrap();
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    assert!(complaints[0].contains(&server.nodes()[1].port().to_string()), "{complaints:?}");
}
