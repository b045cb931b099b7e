//! What the program refuses to start with, and how it ends.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Output;

use syntopen_shared::id::KeyId;
use syntopen_shared::testing::{RedisServer, free_port};
use syntopen_shared::wire::ratelimiter::Check;

use crate::{Replica, TOKEN, program};

fn run(settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let output: Output = program().envs(settings.iter().copied()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn wrong_settings_are_named_and_end_it_with_78() {
    let (code, said) = run(&[]);
    assert_eq!(code, Some(78), "{said}");
    for name in ["SYNTOPEN_CLUSTER_TOKEN", "SYNTOPEN_REDIS_URL", "SYNTOPEN_RATELIMITER_MEMORY=1"] {
        assert!(said.contains(name), "{said}");
    }
    let (code, said) = run(&[("SYNTOPEN_CLUSTER_TOKEN", "t"), ("SYNTOPEN_REDIS_URL", "redis://:hidden@")]);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("SYNTOPEN_REDIS_URL") && !said.contains("hidden"), "{said}");
}

#[test]
fn a_redis_that_is_too_old_is_refused() {
    // No such old server can be installed beside the one that is supported; this is all of it that is asked.
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            answer_as_6_2(&stream);
        }
    });
    let listen = format!("127.0.0.1:{}", free_port());
    let settings = [("SYNTOPEN_LISTEN", &*listen), ("SYNTOPEN_CLUSTER_TOKEN", TOKEN), ("SYNTOPEN_REDIS_URL", &*url)];
    let (code, said) = run(&settings);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("Redis 6.2.14 is too old: 7.0"), "{said}");
}

/// One answer for each command, until the connection ends.
fn answer_as_6_2(mut stream: &std::net::TcpStream) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(head) = lines.next() {
        let words: usize = head.trim_start_matches('*').parse().unwrap();
        let words: Vec<_> = (0..words).filter_map(|_| lines.nth(1)).collect();
        let answer = if words[0] == "INFO" { "$21\r\nredis_version:6.2.14\n\r\n" } else { "-ERR unknown command\r\n" };
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn a_redis_that_does_not_come_is_not_waited_for_without_end() {
    let (listen, url) = (format!("127.0.0.1:{}", free_port()), format!("redis://127.0.0.1:{}", free_port()));
    let settings = [
        ("SYNTOPEN_LISTEN", &*listen),
        ("SYNTOPEN_CLUSTER_TOKEN", TOKEN),
        ("SYNTOPEN_REDIS_URL", &*url),
        ("SYNTOPEN_START_SECONDS", "1"),
    ];
    let (code, said) = run(&settings);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("SYNTOPEN_REDIS_URL: Redis does not answer"), "{said}");
}

#[actix_web::test]
async fn it_waits_for_a_redis_that_is_not_there_yet() {
    let mut redis = RedisServer::start();
    redis.kill();
    let replica = Replica::launch(("SYNTOPEN_REDIS_URL", &redis.url()));
    redis.restart();
    replica.becomes_ready().await;
}

#[actix_web::test]
async fn it_runs_in_memory_where_it_is_told_to_and_ends_with_0() {
    let mut replica = Replica::launch(("SYNTOPEN_RATELIMITER_MEMORY", "1"));
    replica.becomes_ready().await;
    let check = Check { key: KeyId::mint(), limit: 3, count: 5 };
    let decisions = replica.check(&awc::Client::new(), &[check]).await.unwrap();
    assert_eq!(decisions[0].admitted, 3);
    replica.process.signal("TERM");
    assert_eq!(replica.process.wait(), Some(0));
}
