//! The suite over Redis, and what only Redis does.

use std::sync::{Arc, Mutex, Weak};

use async_trait::async_trait;
use syntopen_ledger::Unavailable;
use syntopen_ledger::balances::redis::{RedisBalances, RedisSettings};
use syntopen_ledger::balances::{Balances as _, CheckpointOutcome, Epoch, FinishOutcome, HoldOutcome};
use syntopen_shared::clock::ManualClock;
use syntopen_shared::redis::Redis;
use syntopen_shared::testing::RedisServer;
use syntopen_shared::wire::ledger::FinishKind;
use uuid::Uuid;

use super::conformance;
use super::script::{Backend, Script};
use super::suite::JOURNAL_MAX;
use super::{START_MS, Setup};

/// More than one, so that accounts of one test are in several.
const SHARDS: u32 = 3;

/// Balances of their own in a Redis that tests share.
pub(super) type OwnShards = Setup<Arc<RedisServer>, RedisBalances>;

/// The server that tests of this moment share; the last of them stops it.
static SERVER: Mutex<Weak<RedisServer>> = Mutex::new(Weak::new());

fn server() -> Arc<RedisServer> {
    let mut shared = SERVER.lock().unwrap();
    shared.upgrade().unwrap_or_else(|| {
        let server = Arc::new(RedisServer::start());
        *shared = Arc::downgrade(&server);
        server
    })
}

/// Balances in `redis` that no other test can see, open in epoch 1.
pub(super) async fn balances_at(url: &str, settings: RedisSettings) -> (RedisBalances, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(START_MS));
    let redis = Arc::new(Redis::open(&url.parse().unwrap()).unwrap());
    let balances = RedisBalances::new(redis, settings).in_time_of(clock.clone());
    for shard in 0..balances.shards() {
        assert!(recover(&balances, shard, Epoch(1)).await);
    }
    (balances, clock)
}

/// Settings with hash tags of their own.
pub(super) fn settings(shards: u32) -> RedisSettings {
    RedisSettings { shards, stream_max: JOURNAL_MAX as u64, tag: format!("{}-", Uuid::now_v7()) }
}

pub(super) async fn own_shards(shards: u32) -> OwnShards {
    let server = server();
    let (balances, clock) = balances_at(&server.url(), settings(shards)).await;
    Setup { balances: Box::new(balances), clock, server }
}

/// Takes a shard into an epoch, as a recovery does that finds nothing to book.
pub(super) async fn recover(balances: &RedisBalances, shard: u32, epoch: Epoch) -> bool {
    if !balances.freeze(shard, epoch).await.unwrap() {
        return false;
    }
    let survivors = balances.survivors(shard, epoch).await.unwrap().unwrap();
    balances.open_shard(shard, epoch, (&survivors, &survivors.marker())).await.unwrap()
}

async fn redis() -> Setup<Arc<RedisServer>> {
    let Setup { balances, clock, server } = own_shards(SHARDS).await;
    Setup { balances, clock, server }
}

#[async_trait]
impl Backend for RedisBalances {
    async fn book(&self) -> Vec<i64> {
        let mut booked = Vec::new();
        for shard in 0..self.shards() {
            // What the book has last is what the stream begins with.
            let view = self.read(shard, None, 1_000).await.unwrap();
            let last = &view.entries.last().unwrap().anchor;
            booked.extend(view.entries[1..].iter().map(|entry| entry.entry.as_ref().unwrap().amount.nanos()));
            assert!(self.trim(shard, last).await.unwrap());
        }
        booked
    }
}

conformance!(redis);

#[tokio::test]
async fn open_holds_live_on_and_ended_ones_a_day() {
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    let (server, settings) = (server(), settings(1));
    let tag = settings.tag.clone();
    let (balances, clock) = balances_at(&server.url(), settings).await;
    let mut script = Script::over(&balances, &clock);
    let ask = |what: &str, hold: Uuid| {
        let answer = server.command(&format!("{what} {{{tag}0}}:h:{hold}"));
        answer.trim().trim_start_matches(':').parse::<i64>().unwrap()
    };
    script.play("account A 100\nhold H1 A 5 5 = ok 5\nhold H2 A 5 5 = ok 5\ngive_up H3 A = ok").await;
    for id in ["H1", "H2"] {
        assert_eq!(ask("PTTL", script.id(id)), -1, "{id} is open and must not vanish");
    }
    script.play("settle H1 A 3 = ok\ntick 60\nsweep = 1\nhold H2 A 5 5 = finished").await;
    for id in ["H1", "H2", "H3"] {
        let ttl_ms = ask("PTTL", script.id(id));
        assert!((DAY_MS - 60_000..=DAY_MS).contains(&ttl_ms), "{id}: {ttl_ms}");
        assert!(ask("STRLEN", script.id(id)) < 100, "{id} keeps what replays need, and no usage");
    }
}

#[tokio::test]
async fn a_batch_is_answered_in_its_order() {
    let Setup { balances, clock, server: _server } = own_shards(SHARDS).await;
    let mut script = Script::over(&*balances, &clock);
    // Accounts of several shards.
    for account in ["A", "B", "C", "D"] {
        script.play(&format!("account {account} 10")).await;
    }
    let order = ["A", "B", "C", "D", "B", "A"];
    let mut holds = Vec::new();
    let mut finishes = Vec::new();
    for (place, who) in order.into_iter().enumerate() {
        holds.push(script.hold_command(&format!("H{place}"), who, ["6", "6"]));
        finishes.push(script.finish_command(&format!("H{place}"), who, FinishKind::Settle, "2"));
    }
    let granted = balances.hold_all(&holds).await;
    let granted: Vec<_> = granted.into_iter().map(|held| matches!(held, Ok(HoldOutcome::Granted(_)))).collect();
    assert_eq!(granted, [true, true, true, true, false, false]);
    let checkpoints: Vec<_> =
        (0..6).map(|place| script.checkpoint_command(&format!("H{place}"), order[place], ["6", "1"])).collect();
    let recorded = balances.checkpoint_all(&checkpoints).await;
    let recorded: Vec<_> = recorded.into_iter().map(|done| done.unwrap() == CheckpointOutcome::Unknown).collect();
    assert_eq!(recorded, [false, false, false, false, true, true]);
    let done = balances.finish_all(&finishes).await;
    let unknown: Vec<_> = done.into_iter().map(|done| done.unwrap() == FinishOutcome::Unknown(Epoch(1))).collect();
    assert_eq!(unknown, [false, false, false, false, true, true]);
    assert!(balances.hold_all(&[]).await.is_empty());
}

#[tokio::test]
async fn a_server_that_is_gone_is_unavailable_and_one_that_is_back_knows_everything() {
    let mut server = RedisServer::start();
    // With `everysec` even a write to the file may wait, as long as a busy disk has not taken the one before.
    server.command("CONFIG SET appendfsync always");
    let (balances, clock) = balances_at(&server.url(), settings(SHARDS)).await;
    let mut script = Script::over(&balances, &clock);
    script.play("account A 10\nhold H1 A 6 6 = ok 6").await;
    let finish = script.finish_command("H1", "A", FinishKind::Settle, "5");
    server.kill();
    assert_eq!(balances.finish(&finish).await, Err(Unavailable));
    assert_eq!(balances.expire_overdue(10).await, Err(Unavailable));
    assert_eq!(balances.audit(0, &[], &[]).await.err(), Some(Unavailable));
    server.restart();
    script.play("settle H1 A 5 = ok\nbalance A = 5 held 0").await;
}

#[tokio::test]
async fn at_the_end_of_memory_holds_are_refused_and_ends_are_taken() {
    let server = RedisServer::start();
    let (balances, clock) = balances_at(&server.url(), settings(1)).await;
    let mut script = Script::over(&balances, &clock);
    script.play("account A 10\nhold H1 A 3 3 = ok 3\nhold H2 A 3 3 = ok 3\ncheckpoint H2 A 3 1 = ok").await;
    server.command("CONFIG SET maxmemory 1");
    let hold = script.hold_command("H3", "A", ["1", "1"]);
    assert_eq!(balances.hold(&hold).await, Err(Unavailable));
    script
        .play(
            "checkpoint H2 A 3 2        = ok
             settle H1 A 3              = ok
             tick 60
             sweep                      = 1
             credit A 2 5               = ok
             status A 10 version:2 key:revoked
             balance A                  = 10 held 0
             book                       = 3 2",
        )
        .await;
    server.command("CONFIG SET maxmemory 0");
    script.play("hold H3 A 1 1 = key_revoked").await;
}
