//! The suite for windows in Redis, and the proof that they decide as the pure ring does.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use proptest::prelude::*;
use syntopen_ratelimiter::metrics::Metrics;
use syntopen_ratelimiter::window::{GRANULARITY_US, RedisWindow, Ring, WINDOW_US, Window as _};
use syntopen_shared::clock::{Clock, ManualClock};
use syntopen_shared::id::KeyId;
use syntopen_shared::redis::Redis;
use syntopen_shared::testing::{RedisCluster, RedisServer};
use syntopen_shared::wire::ratelimiter::{Check, Decision};

use crate::oracle::play;
use crate::suite::conformance;
use crate::traffic::{self, Random};

/// A window, and the servers that live as long as it.
pub(crate) struct Served<S> {
    window: RedisWindow,
    pub(crate) server: S,
}

impl<S> Deref for Served<S> {
    type Target = RedisWindow;

    fn deref(&self) -> &RedisWindow {
        &self.window
    }
}

fn serve<S>(server: S, url: &str) -> (Served<S>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(1_800_000_000_000));
    let window = real_time(url).in_time_of(Arc::clone(&clock) as Arc<dyn Clock>);
    (Served { window, server }, clock)
}

/// The windows of the Redis at `url`, in its own time.
pub(crate) fn real_time(url: &str) -> RedisWindow {
    RedisWindow::new(Redis::open(&url.parse().unwrap()).unwrap(), Arc::new(Metrics::new().unwrap()))
}

fn start() -> (Served<RedisServer>, Arc<ManualClock>) {
    let server = RedisServer::with(&["--appendonly", "no"]);
    let url = server.url();
    serve(server, &url)
}

fn start_cluster() -> (Served<RedisCluster>, Arc<ManualClock>) {
    let cluster = RedisCluster::start();
    let url = cluster.url();
    serve(cluster, &url)
}

conformance!(start);

proptest! {
    #![proptest_config(ProptestConfig { cases: 1, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn keeps_the_contract_whatever_arrives(scripts in proptest::collection::vec(traffic::arbitrary(), 40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (window, clock) = start();
            for script in scripts {
                play(&*window, &clock, script).await;
            }
        });
    }
}

#[tokio::test]
async fn decides_as_the_ring_does() {
    let (window, clock) = start();
    compare_with_rings(&window, &clock, 2_000).await;
}

#[tokio::test]
async fn decides_as_the_ring_does_in_a_cluster() {
    let (window, clock) = start_cluster();
    compare_with_rings(&window, &clock, 500).await;
    let sizes: Vec<_> = window.server.nodes().iter().map(|node| node.command("DBSIZE")).collect();
    assert!(sizes.iter().all(|size| size != ":0\r\n"), "some node has no window: {sizes:?}");
}

/// Asks both in batches, of many keys and of one, while the clock jumps either way and limits change.
async fn compare_with_rings(window: &RedisWindow, clock: &ManualClock, batches: usize) {
    let mut random = Random(41);
    let keys: Vec<_> = (0..12).map(|_| KeyId::mint()).collect();
    let mut rings: HashMap<KeyId, Ring> = HashMap::new();
    let mut longest = 0;
    for number in 0..batches {
        clock.advance_us(jump(&mut random));
        let checks: Vec<_> = (0..20).map(|_| any_check(&mut random, &keys)).collect();
        let decided = window.check_all(&checks).await;
        for (check, decision) in checks.iter().zip(decided) {
            let ring = rings.entry(check.key).or_default();
            let expected: Decision = ring.check(check, clock.monotonic_us());
            assert_eq!(decision.unwrap(), expected, "batch {number}: {check:?} among {checks:?}");
            longest = longest.max(ring.len());
        }
    }
    assert!(longest > 32, "no ring has grown: {longest}");
}

fn jump(random: &mut Random) -> i64 {
    match random.below(200) {
        0..2 => -random.below(WINDOW_US / 4),
        2 => random.below(3 * WINDOW_US),
        3 => WINDOW_US - 1 + random.below(3),
        4..8 => GRANULARITY_US - 1 + random.below(3),
        8..40 => 0,
        _ => random.below(WINDOW_US / 200),
    }
}

/// Some keys are asked often, under few limits, so that checks of one batch share a call.
fn any_check(random: &mut Random, keys: &[KeyId]) -> Check {
    let limits = [0, 1, 7, 60, 60, 60, 1_000, 1_000, 1_001, 5_000, u32::MAX];
    let place = random.below(keys.len() as i64);
    let key = keys[place as usize];
    // A key keeps its limit most of the time.
    let draw = if random.below(8) == 0 { random.below(limits.len() as i64) } else { place % limits.len() as i64 };
    let count = match random.below(300) {
        0..25 => 0,
        25 => u32::MAX - 5,
        26 => 1 + random.below(1_200) as u32,
        _ => 1 + random.below(3) as u32,
    };
    Check { key, limit: limits[draw as usize], count }
}

#[tokio::test]
async fn a_silent_key_vanishes() {
    let (window, clock) = start();
    let key = KeyId::mint();
    let check = Check { key, limit: 5, count: 1 };
    let lifetime = || {
        let answer = window.server.command(&format!("PTTL rl:{{{key}}}"));
        answer.trim_start_matches(':').trim().parse::<i64>().unwrap()
    };
    for _ in 0..4 {
        window.check(check).await.unwrap();
        assert!((61_000..=121_000).contains(&lifetime()), "{} ms", lifetime());
        clock.advance_us(WINDOW_US / 2);
    }
    // As if a window and more had passed: an admission puts the end off, a refusal does not.
    window.server.command(&format!("PEXPIRE rl:{{{key}}} 50000"));
    clock.advance_us(WINDOW_US);
    window.check(Check { limit: 0, ..check }).await.unwrap();
    assert!(lifetime() <= 50_000);
    window.check(check).await.unwrap();
    assert!(lifetime() > 61_000);
}

#[tokio::test]
async fn memory_stays_in_proportion() {
    let (window, clock) = start();
    let key = KeyId::mint();
    let bytes = || {
        let answer = window.server.command(&format!("STRLEN rl:{{{key}}}"));
        answer.trim_start_matches(':').trim().parse::<usize>().unwrap()
    };
    for _ in 0..500 {
        clock.advance_us(WINDOW_US / 20);
        window.check(Check { key, limit: 20, count: 1 }).await.unwrap();
    }
    assert!(bytes() < 500, "{} bytes for 20 admissions", bytes());
    for _ in 0..4_000 {
        clock.advance_us(WINDOW_US / 1_500);
        window.check(Check { key, limit: 1_000, count: 1 }).await.unwrap();
        clock.advance_us(1);
        window.check(Check { key, limit: u32::MAX, count: 7 }).await.unwrap();
    }
    assert!(bytes() < 25_000, "{} bytes", bytes());
}

#[tokio::test]
async fn what_is_no_window_is_left_alone() {
    let (window, _) = start();
    let key = KeyId::mint();
    window.server.command(&format!("SET rl:{{{key}}} something"));
    assert!(window.check(Check { key, limit: 5, count: 1 }).await.is_err());
    let other = window.check(Check { key: KeyId::mint(), limit: 5, count: 1 }).await.unwrap();
    assert_eq!(other.admitted, 1);
    assert_eq!(window.server.command(&format!("GET rl:{{{key}}}")), "$9\r\nsomething\r\n");
}

#[tokio::test]
async fn redis_own_clock_counts() {
    let server = RedisServer::with(&["--appendonly", "no"]);
    let window = real_time(&server.url());
    let check = Check { key: KeyId::mint(), limit: 2, count: 1 };
    let first = window.check(check).await.unwrap();
    assert_eq!(first, Decision { admitted: 1, remaining: 1, next_us: WINDOW_US as u64 + 1 });
    let second = window.check(check).await.unwrap();
    assert!(second.admitted == 1 && second.next_us < first.next_us, "time does not pass: {second:?}");
    assert_eq!(window.check(check).await.unwrap().admitted, 0);
}
