//! One node.

use syntopen_shared::redis::Redis;
use syntopen_shared::testing::{RedisServer, free_port};

use crate::{Scripts, answers, numbers, open, recovers, recovers_plainly};

#[tokio::test]
async fn answers_in_the_order_of_the_calls() {
    let (server, scripts) = (RedisServer::start(), Scripts::new());
    let redis = open(&server.url());
    let calls = [scripts.add("a", 1), scripts.read("a"), scripts.add("b", 7), scripts.add("a", 1), scripts.read("b")];
    assert_eq!(numbers(&redis, &calls).await, [1, 1, 7, 2, 7]);
    assert_eq!(numbers(&redis, &[]).await, [0_i64; 0]);
}

#[tokio::test]
async fn a_forgotten_script_is_loaded_and_no_call_is_carried_out_twice() {
    let (server, scripts) = (RedisServer::start(), Scripts::new());
    let redis = open(&server.url());
    for round in 1..=5 {
        // In even rounds one script is known and the other is not.
        assert_eq!(server.command("SCRIPT FLUSH"), "+OK\r\n");
        if round % 2 == 0 {
            numbers(&redis, &[scripts.read("other")]).await;
        }
        let calls: Vec<_> = (0..20).flat_map(|_| [scripts.add("a", 1), scripts.read("b")]).collect();
        numbers(&redis, &calls).await;
        assert_eq!(numbers(&redis, &[scripts.read("a")]).await, [20 * round]);
    }
}

#[tokio::test]
async fn one_failing_call_spoils_no_other() {
    let (server, scripts) = (RedisServer::start(), Scripts::new());
    let redis = open(&server.url());
    server.command("RPUSH list x");
    let answers = answers(&redis, &[scripts.add("a", 1), scripts.add("list", 1), scripts.add("a", 1)]).await;
    assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(answers[2].as_ref().unwrap(), &2);
}

#[tokio::test]
async fn a_killed_server_is_an_error_until_it_is_back() {
    let (mut server, scripts) = (RedisServer::start(), Scripts::new());
    let redis = open(&server.url());
    numbers(&redis, &[scripts.add("a", 1)]).await;
    server.kill();
    for _ in 0..3 {
        assert!(answers(&redis, &[scripts.read("a")]).await[0].is_err());
        assert!(redis.ping().await.is_err());
    }
    server.restart();
    recovers(&redis, &[scripts.read("a")]).await;
    redis.ping().await.unwrap();
    assert_eq!(numbers(&redis, &[scripts.read("a")]).await, [1], "the append-only file has it");
}

#[tokio::test]
async fn a_connection_for_plain_commands_mends_itself() {
    let mut server = RedisServer::start();
    let mut connection = open(&server.url()).connection().await.unwrap();
    let set = redis::cmd("SET").arg("a").arg("1").clone();
    set.exec_async(&mut connection).await.unwrap();
    assert!(redis::cmd("INCR").exec_async(&mut connection).await.is_err(), "a refusal");
    server.kill();
    assert!(set.exec_async(&mut connection).await.is_err());
    server.restart();
    recovers_plainly(&mut connection).await;
}

#[tokio::test]
async fn a_stopped_server_is_an_error_until_it_goes_on() {
    let (server, scripts) = (RedisServer::start(), Scripts::new());
    let (redis, unconnected) = (open(&server.url()), open(&server.url()));
    numbers(&redis, &[scripts.read("a")]).await;
    server.pause();
    for redis in [&redis, &unconnected, &redis] {
        let many: Vec<_> = (0..50).map(|_| scripts.read("a")).collect();
        assert!(answers(redis, &many).await.iter().all(Result::is_err));
    }
    assert!(redis.ping().await.is_err());
    server.resume();
    recovers(&redis, &[scripts.read("a")]).await;
    recovers(&unconnected, &[scripts.read("a")]).await;
}

#[tokio::test]
async fn an_outage_is_told_to_everybody_at_once() {
    let (server, scripts) = (RedisServer::start(), Scripts::new());
    let redis = open(&server.url());
    server.pause();
    // If each waited for a connection of its own, one after the other, this would take minutes.
    let asked = (0..300).map(|_| async { answers(&redis, &[scripts.read("a")]).await });
    let answers = futures_util::future::join_all(asked).await;
    assert!(answers.iter().all(|answer| answer[0].is_err()));
    server.resume();
    recovers(&redis, &[scripts.read("a")]).await;
}

#[tokio::test]
async fn a_call_that_is_given_up_by_its_caller_holds_up_no_other() {
    let (server, scripts) = (RedisServer::start(), Scripts::new());
    let redis = open(&server.url());
    for _ in 0..10 {
        // Polled once: that begins the connection and leaves it to whoever comes next.
        let calls = [scripts.add("a", 1)];
        let abandoned = redis.call_all(&calls);
        assert!(futures_util::FutureExt::now_or_never(abandoned).is_none());
        numbers(&redis, &[scripts.read("a")]).await;
    }
}

#[test]
fn a_connection_does_not_outlive_its_runtime_in_the_next_one() {
    let (server, scripts) = (RedisServer::start(), Scripts::new());
    let redis = open(&server.url());
    for count in 1..=3 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert_eq!(runtime.block_on(numbers(&redis, &[scripts.add("a", 1)])), [count]);
    }
}

#[tokio::test]
async fn tells_the_version() {
    let server = RedisServer::start();
    open(&server.url()).check_version().await.unwrap().unwrap();
    let nobody = open(&format!("redis://127.0.0.1:{}", free_port()));
    assert!(nobody.check_version().await.is_err());
    assert_eq!(Redis::info(&open(&server.url()), "server").await.unwrap().len(), 1);
}
