//! What a ledger says of a Redis that is not fit for money.

use std::sync::Arc;

use syntopen_ledger::balances::redis::{RedisBalances, RedisSettings};
use syntopen_shared::redis::Redis;
use syntopen_shared::testing::{RedisServer, wait_until};

fn balances(server: &RedisServer) -> RedisBalances {
    let redis = Redis::open(&server.url().parse().unwrap()).unwrap();
    RedisBalances::new(Arc::new(redis), RedisSettings::default())
}

#[tokio::test]
async fn a_server_without_a_file_needs_a_replica() {
    let server = RedisServer::with(&["--appendonly", "no"]);
    let complaints = balances(&server).preflight().await.unwrap();
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    assert!(complaints[0].contains("set appendonly to yes"), "{complaints:?}");
    let replica = RedisServer::with(&["--replicaof", "127.0.0.1", &server.port().to_string()]);
    wait_until("the replica is connected", || server.command("INFO replication").contains("connected_slaves:1"));
    assert_eq!(balances(&server).preflight().await.unwrap(), [""; 0]);
    drop(replica);
}

#[tokio::test]
async fn a_server_must_not_evict() {
    let server = RedisServer::start();
    assert_eq!(balances(&server).preflight().await.unwrap(), [""; 0]);
    server.command("CONFIG SET maxmemory-policy allkeys-lru");
    let complaints = balances(&server).preflight().await.unwrap();
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    assert!(complaints[0].contains("set maxmemory-policy to noeviction"), "{complaints:?}");
}
