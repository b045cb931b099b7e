//! Calls of scripts, over one real Redis and over a real Redis Cluster, while their nodes forget, move, stop and die.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cluster;
mod one;

use std::time::Duration;

use redis::{RedisResult, Script, Value, from_redis_value};
use syntopen_shared::redis::{Call, Connection, Redis};

/// A node that is back must be used again within this time.
const RECOVERY_MAX: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);
/// Far more than any call may take: what hangs fails here.
const CALL_MAX: Duration = Duration::from_secs(10);

/// Two scripts, so that one may be forgotten and the other not.
struct Scripts {
    add: Script,
    read: Script,
}

impl Scripts {
    fn new() -> Self {
        Self {
            add: Script::new("return redis.call('INCRBY', KEYS[1], ARGV[1])"),
            read: Script::new("return tonumber(redis.call('GET', KEYS[1]) or 0)"),
        }
    }

    fn add(&self, key: &str, amount: i64) -> Call<'_> {
        Call::new(&self.add, &[key], &[amount.to_string().as_bytes()])
    }

    fn read(&self, key: &str) -> Call<'_> {
        Call::new(&self.read, &[key], &[])
    }
}

fn open(url: &str) -> Redis {
    Redis::open(&url.parse().unwrap()).unwrap()
}

/// What the calls say; none may hang.
async fn answers(redis: &Redis, calls: &[Call<'_>]) -> Vec<RedisResult<i64>> {
    let answers = tokio::time::timeout(CALL_MAX, redis.call_all(calls)).await.unwrap();
    answers.into_iter().map(|answer: RedisResult<Value>| Ok(from_redis_value(answer?)?)).collect()
}

/// The numbers that the calls return, all of which must succeed.
async fn numbers(redis: &Redis, calls: &[Call<'_>]) -> Vec<i64> {
    answers(redis, calls).await.into_iter().map(Result::unwrap).collect()
}

/// Polls until all the calls succeed.
async fn recovers(redis: &Redis, calls: &[Call<'_>]) {
    let all_succeed = async {
        while answers(redis, calls).await.iter().any(Result::is_err) {
            tokio::time::sleep(POLL).await;
        }
    };
    tokio::time::timeout(RECOVERY_MAX, all_succeed).await.unwrap();
}

/// Polls until keys on every node can be written again.
async fn recovers_plainly(connection: &mut Connection) {
    let all_written = async {
        for key in 0..60 {
            while redis::cmd("SET").arg(key).arg(1).exec_async(connection).await.is_err() {
                tokio::time::sleep(POLL).await;
            }
        }
    };
    tokio::time::timeout(RECOVERY_MAX, all_written).await.unwrap();
}
