//! Redis loses what it has, the book goes away, and both come back.

use syntopen_shared::api_key::ApiKey;
use syntopen_shared::id::{KeyId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::testing::{PostgresServer, RedisServer};
use syntopen_shared::wire::ledger::{Finish, FinishKind, FinishRefused, HoldRefused, SpendLimits};

use super::APPLIED;
use super::stage::{Stage, connect, settings, until};
use crate::support::create_key;

#[tokio::test]
async fn a_wiped_redis_is_rebuilt_from_the_book() {
    let stage = Stage::with(1_000).await;
    let (booked, lost, running) = (RequestId::mint(), RequestId::mint(), RequestId::mint());
    for id in [booked, lost, running] {
        stage.hold(id, 100).await.unwrap();
    }
    stage.finish(booked, FinishKind::Settle, 30).await.unwrap();
    stage.until_booked(booked, 30).await;

    stage.redis.command("FLUSHALL");
    let refused = stage.hold(RequestId::mint(), 1).await;
    assert!(matches!(refused, Err(HoldRefused::Frozen) | Ok(_)), "{refused:?}");
    stage.until_open().await;

    let taken = stage.ledger(1).checkpoint_all(vec![stage.checkpoint_command(running, 100, 5)]).await;
    assert_eq!(taken, [true], "a checkpoint puts the hold back");
    assert_eq!(stage.finish(lost, FinishKind::Settle, 40).await, APPLIED, "charged directly");
    assert_eq!(stage.finish(lost, FinishKind::Settle, 40).await, APPLIED);
    assert_eq!(stage.finish(booked, FinishKind::Settle, 30).await, APPLIED, "the book has it");
    assert_eq!(stage.finish(booked, FinishKind::Release, 0).await, Err(FinishRefused::Conflict));
    assert_eq!(stage.finish(running, FinishKind::Settle, 50).await, APPLIED);
    for (id, total) in [(booked, 30), (lost, 40), (running, 50)] {
        stage.until_booked(id, total).await;
    }
    until("what was held is given back", async || stage.balance().await == (1_000 - 120, 0)).await;
    stage.assert_no_drift().await;
}

#[tokio::test]
async fn a_redis_that_went_back_charges_nothing_twice() {
    let mut stage = Stage::with(1_000).await;
    let (early, late) = (RequestId::mint(), RequestId::mint());
    stage.hold(early, 100).await.unwrap();
    let copy = tempfile::TempDir::new().unwrap();
    copy_files(stage.redis.dir(), copy.path());
    stage.hold(late, 100).await.unwrap();
    for (id, total) in [(early, 10), (late, 20)] {
        stage.finish(id, FinishKind::Settle, total).await.unwrap();
        stage.until_booked(id, total).await;
    }

    stage.redis.kill();
    std::fs::remove_dir_all(stage.redis.dir().join("appendonlydir")).unwrap();
    copy_files(copy.path(), stage.redis.dir());
    stage.redis.restart();
    // The old hold is open again there; what ends it now must not charge again.
    until("everything is answered again", async || {
        let again = [(early, 10), (late, 20)].map(|(id, total)| stage.finish_command(id, FinishKind::Settle, total));
        stage.ledger(0).finish_all(again.to_vec()).await.iter().all(|answer| matches!(answer, Some(Ok(_))))
    })
    .await;
    stage.until_open().await;
    until("the balance is the book's", async || stage.balance().await == (970, 0)).await;
    stage.assert_no_drift().await;
}

fn copy_files(from: &std::path::Path, to: &std::path::Path) {
    for entry in std::fs::read_dir(from.join("appendonlydir")).unwrap() {
        let entry = entry.unwrap();
        std::fs::create_dir_all(to.join("appendonlydir")).unwrap();
        std::fs::copy(entry.path(), to.join("appendonlydir").join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn charges_wait_while_the_book_is_away() {
    let mut stage = Stage::with(1_000).await;
    stage.hold(RequestId::mint(), 1).await.unwrap();
    stage.postgres.kill();
    let id = RequestId::mint();
    stage.hold(id, 100).await.unwrap();
    assert_eq!(stage.finish(id, FinishKind::Settle, 60).await, APPLIED);
    stage.postgres.restart();
    stage.until_booked(id, 60).await;
    assert_eq!(stage.balance().await, (940, 1));
    stage.assert_no_drift().await;
}

#[tokio::test]
async fn known_keys_stay_known_while_the_book_is_away() {
    let mut stage = Stage::with(1_000).await;
    let created = stage.ledger(0).create_key(create_key(SpendLimits::default())).await.unwrap();
    let hash = ApiKey::parse(&created.api_key).unwrap().hash();
    let stranger = ApiKey::generate().hash();
    assert_eq!(stage.ledger(0).resolve(hash).await.unwrap().as_ref(), Some(&created.record));
    stage.postgres.kill();
    assert_eq!(stage.ledger(1).resolve(hash).await.unwrap(), Some(created.record), "by the other ledger");
    assert!(stage.ledger(1).resolve(stranger).await.is_err(), "nobody knows whether there is such a key");
}

#[tokio::test]
async fn an_end_that_the_book_cannot_take_stops_nobody() {
    let stage = Stage::with(1_000).await;
    let stranger = Finish { key: KeyId::mint(), ..stage.finish_command(RequestId::mint(), FinishKind::Release, 0) };
    assert_eq!(stage.ledger(0).finish(stranger.clone()).await.unwrap(), APPLIED, "nobody has asked the book");
    let id = RequestId::mint();
    stage.hold(id, 100).await.unwrap();
    stage.finish(id, FinishKind::Settle, 60).await.unwrap();
    stage.until_booked(id, 60).await;

    assert_eq!(stage.ledger(0).finish(Finish { id: RequestId::mint(), ..stranger }).await.unwrap(), APPLIED);
    let id = RequestId::mint();
    stage.hold(id, 100).await.unwrap();
    stage.finish(id, FinishKind::Settle, 60).await.unwrap();
    for shard in 0..4 {
        stage.redis.command(&format!("DEL {{s{shard}}}:meta"));
    }
    stage.until_booked(id, 60).await;
    stage.until_open().await;
    stage.assert_no_drift().await;
}

#[tokio::test]
async fn money_that_was_booked_is_never_stranded() {
    let mut stage = Stage::with(10).await;
    assert!(matches!(stage.hold(RequestId::mint(), 100).await, Err(HoldRefused::InsufficientBalance { .. })));
    stage.redis.kill();
    stage.credit(500, "while Redis is away").await;
    stage.redis.restart();
    until("the top-up is there before the refusal", async || {
        matches!(stage.ledger(0).hold(stage.hold_command(RequestId::mint(), 100)).await, Ok(Ok(_)))
    })
    .await;
    assert_eq!(stage.balance().await.0, 510);
}

#[tokio::test]
async fn a_redis_that_may_lose_money_is_refused() {
    let (redis, postgres) = (RedisServer::with(&["--appendonly", "no"]), PostgresServer::start());
    let mut settings = settings(&redis, &postgres).await;
    let refused = connect(&settings).await.err().unwrap().to_string();
    assert!(refused.contains("SYNTOPEN_LEDGER_REDIS_UNSAFE"), "{refused}");
    redis.command("CONFIG SET maxmemory-policy allkeys-lru");
    let refused = connect(&settings).await.err().unwrap().to_string();
    assert!(refused.contains("noeviction"), "{refused}");
    settings.accepts_unsafe_redis = true;
    connect(&settings).await.unwrap().close().await;
}

#[tokio::test]
async fn a_book_keeps_its_number_of_shards() {
    let (redis, postgres) = (RedisServer::start(), PostgresServer::start());
    let mut settings = settings(&redis, &postgres).await;
    connect(&settings).await.unwrap().close().await;
    settings.shards = 8;
    let refused = connect(&settings).await.err().unwrap().to_string();
    assert!(refused.contains('4') && refused.contains('8'), "{refused}");
}

#[tokio::test]
async fn nothing_is_lost_when_ledgers_close() {
    let stage = Stage::with(1_000).await;
    let id = RequestId::mint();
    stage.hold(id, 100).await.unwrap();
    stage.finish(id, FinishKind::Settle, 60).await.unwrap();
    stage.ledger(0).close().await;
    let confirm = syntopen_shared::wire::ledger::Confirm { id, total: NanoUsd::new(60) };
    until("the book has it", async || matches!(stage.ledger(1).confirm(vec![confirm]).await.as_deref(), Ok([true])))
        .await;
}
