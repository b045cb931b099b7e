//! The conformance suite: what every backend does, told by plain functions over any window and the clock it reads.

use syntopen_ratelimiter::window::{EXACT_LIMIT, WINDOW_US, Window};
use syntopen_shared::clock::ManualClock;
use syntopen_shared::id::KeyId;
use syntopen_shared::wire::ratelimiter::{Check, Decision};

use crate::oracle::{Step, play};
use crate::traffic::{self, Random};

/// Makes a test of each function of this suite. `$start` returns a window and the clock that it reads.
macro_rules! conformance {
    ($start:path) => {
        $crate::suite::conformance! {
            $start:
            admits_up_to_the_limit,
            frees_a_slot_a_microsecond_after_its_window,
            refused_requests_consume_nothing,
            admits_the_first_of_a_count,
            asks_without_consuming,
            a_batch_is_decided_one_after_the_other,
            a_limit_of_zero_admits_nothing,
            a_raised_limit_keeps_the_history,
            a_lowered_limit_waits_until_enough_has_left,
            keys_do_not_share,
            a_silent_key_keeps_its_window_while_others_ask,
            a_coarse_slot_frees_at_most_a_256th_late,
            next_us_is_when_there_is_more_room,
            is_exact_for_poisson_traffic,
            is_exact_for_bursts,
            is_exact_at_the_edges,
            is_exact_while_limits_change,
        }
    };
    ($start:path: $($name:ident,)+) => {
        $(#[tokio::test]
        async fn $name() {
            let (window, clock) = $start();
            $crate::suite::$name(&*window, &clock).await;
        })+
    };
}
pub(crate) use conformance;

/// Limits on both sides of the one up to which everything is exact.
const LIMITS: [u32; 7] = [1, 2, 7, 60, EXACT_LIMIT, EXACT_LIMIT + 1, 5_000];

async fn ask(window: &dyn Window, key: KeyId, limit: u32, count: u32) -> Decision {
    window.check(Check { key, limit, count }).await.unwrap()
}

pub(crate) async fn admits_up_to_the_limit(window: &dyn Window, clock: &ManualClock) {
    let key = KeyId::mint();
    for left in (0..3).rev() {
        let next_us = WINDOW_US as u64 + 1 - 10 * (2 - u64::from(left));
        assert_eq!(ask(window, key, 3, 1).await, Decision { admitted: 1, remaining: left, next_us });
        clock.advance_us(10);
    }
    assert_eq!(ask(window, key, 3, 1).await, Decision { admitted: 0, remaining: 0, next_us: WINDOW_US as u64 - 29 });
}

pub(crate) async fn frees_a_slot_a_microsecond_after_its_window(window: &dyn Window, clock: &ManualClock) {
    let key = KeyId::mint();
    ask(window, key, 1, 1).await;
    clock.advance_us(WINDOW_US);
    assert_eq!(ask(window, key, 1, 1).await, Decision { admitted: 0, remaining: 0, next_us: 1 });
    clock.advance_us(1);
    assert_eq!(ask(window, key, 1, 1).await.admitted, 1);
}

pub(crate) async fn refused_requests_consume_nothing(window: &dyn Window, clock: &ManualClock) {
    let key = KeyId::mint();
    ask(window, key, 2, 2).await;
    for _ in 0..60 {
        clock.advance_us(WINDOW_US / 60);
        assert_eq!(ask(window, key, 2, 1).await.admitted, 0);
    }
    clock.advance_us(1);
    assert_eq!(ask(window, key, 2, 2).await.admitted, 2);
}

pub(crate) async fn admits_the_first_of_a_count(window: &dyn Window, _: &ManualClock) {
    let key = KeyId::mint();
    let next_us = WINDOW_US as u64 + 1;
    assert_eq!(ask(window, key, 10, 7).await, Decision { admitted: 7, remaining: 3, next_us });
    assert_eq!(ask(window, key, 10, 7).await, Decision { admitted: 3, remaining: 0, next_us });
    assert_eq!(ask(window, key, u32::MAX, u32::MAX).await.admitted, u32::MAX - 10);
}

pub(crate) async fn asks_without_consuming(window: &dyn Window, _: &ManualClock) {
    let key = KeyId::mint();
    assert_eq!(ask(window, key, 5, 0).await, Decision { admitted: 0, remaining: 5, next_us: 0 });
    assert_eq!(ask(window, key, 5, 5).await.admitted, 5);
}

pub(crate) async fn a_batch_is_decided_one_after_the_other(window: &dyn Window, _: &ManualClock) {
    let (key, other, next_us) = (KeyId::mint(), KeyId::mint(), WINDOW_US as u64 + 1);
    let check = |key, limit, count| Check { key, limit, count };
    let batch = [
        (check(key, 5, 0), Decision { admitted: 0, remaining: 5, next_us: 0 }),
        (check(key, 5, 1), Decision { admitted: 1, remaining: 4, next_us }),
        (check(other, 1, 1), Decision { admitted: 1, remaining: 0, next_us }),
        (check(key, 5, 3), Decision { admitted: 3, remaining: 1, next_us }),
        (check(key, 5, 2), Decision { admitted: 1, remaining: 0, next_us }),
        (check(key, 5, 0), Decision { admitted: 0, remaining: 0, next_us }),
        (check(key, 7, 1), Decision { admitted: 1, remaining: 1, next_us }),
        (check(key, 5, 1), Decision { admitted: 0, remaining: 0, next_us }),
        (check(key, 7, 1), Decision { admitted: 1, remaining: 0, next_us }),
        (check(other, 1, 1), Decision { admitted: 0, remaining: 0, next_us }),
        (check(other, u32::MAX, u32::MAX), Decision { admitted: u32::MAX - 1, remaining: 0, next_us }),
        (check(other, u32::MAX, u32::MAX), Decision { admitted: 0, remaining: 0, next_us }),
    ];
    let (checks, expected): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    let decisions: Vec<_> = window.check_all(&checks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(decisions, expected);
    assert!(window.check_all(&[]).await.is_empty());
}

pub(crate) async fn a_limit_of_zero_admits_nothing(window: &dyn Window, clock: &ManualClock) {
    let key = KeyId::mint();
    let nothing = Decision { admitted: 0, remaining: 0, next_us: WINDOW_US as u64 };
    assert_eq!(ask(window, key, 0, 1).await, nothing);
    assert_eq!(ask(window, key, 2, 1).await.admitted, 1);
    clock.advance_us(5);
    assert_eq!(ask(window, key, 0, 1).await, nothing);
    assert_eq!(ask(window, key, 2, 2).await.admitted, 1, "the history outlives a limit of 0");
}

pub(crate) async fn a_raised_limit_keeps_the_history(window: &dyn Window, clock: &ManualClock) {
    let key = KeyId::mint();
    let mut used = 0;
    for limit in [1, 60, EXACT_LIMIT, EXACT_LIMIT + 1, 9_000] {
        assert_eq!(ask(window, key, limit, u32::MAX).await.admitted, limit - used);
        used = limit;
        clock.advance_us(1_000_000);
    }
}

pub(crate) async fn a_lowered_limit_waits_until_enough_has_left(window: &dyn Window, clock: &ManualClock) {
    let key = KeyId::mint();
    for _ in 0..5 {
        ask(window, key, 2_000, 10).await;
        clock.advance_us(1_000_000);
    }
    // Five tens, at 0 s to 4 s; under a limit of 20 the fourth must go before there is room again.
    let refused = ask(window, key, 20, 1).await;
    assert_eq!((refused.admitted, refused.remaining), (0, 0));
    clock.advance_us(refused.next_us as i64 - 1);
    assert_eq!(ask(window, key, 20, 0).await.remaining, 0);
    clock.advance_us(1);
    assert_eq!(ask(window, key, 20, 20).await.admitted, 10);
}

pub(crate) async fn keys_do_not_share(window: &dyn Window, _: &ManualClock) {
    for _ in 0..100 {
        assert_eq!(ask(window, KeyId::mint(), 1, 2).await.admitted, 1);
    }
}

pub(crate) async fn a_silent_key_keeps_its_window_while_others_ask(window: &dyn Window, clock: &ManualClock) {
    let others: Vec<_> = (0..1_000).map(|_| KeyId::mint()).collect();
    for wait_us in [0, 1, WINDOW_US / 5 * 3] {
        clock.advance_us(wait_us);
        let silent = KeyId::mint();
        ask(window, silent, 1, 1).await;
        for _ in 0..5 {
            clock.advance_us(WINDOW_US / 5);
            let checks: Vec<_> = others.iter().map(|key| Check { key: *key, limit: 1, count: 1 }).collect();
            assert!(window.check_all(&checks).await.iter().all(Result::is_ok));
        }
        assert_eq!(ask(window, silent, 1, 1).await.admitted, 0, "after a first wait of {wait_us} us");
    }
}

pub(crate) async fn a_coarse_slot_frees_at_most_a_256th_late(window: &dyn Window, clock: &ManualClock) {
    let limit = 2_000;
    let one_each_30_ms = (0..i64::from(limit)).map(|_| Step { wait_us: 30_000, limit, count: 1 });
    let twice = one_each_30_ms.clone().chain(one_each_30_ms);
    let oracle = play(window, clock, twice).await;
    assert!(oracle.admitted() > 2 * limit - limit / 128, "{} admitted", oracle.admitted());
}

pub(crate) async fn next_us_is_when_there_is_more_room(window: &dyn Window, clock: &ManualClock) {
    let mut random = Random(7);
    for limit in LIMITS {
        let key = KeyId::mint();
        for Step { wait_us, count, .. } in traffic::bursts(&mut random, limit, 200) {
            clock.advance_us(wait_us);
            let before = ask(window, key, limit, count).await;
            clock.advance_us(before.next_us as i64 - 1);
            assert_eq!(ask(window, key, limit, 0).await.remaining, before.remaining, "limit {limit}, too early");
            clock.advance_us(1);
            assert!(ask(window, key, limit, 0).await.remaining > before.remaining, "limit {limit}, in time");
        }
    }
}

pub(crate) async fn is_exact_for_poisson_traffic(window: &dyn Window, clock: &ManualClock) {
    against_the_oracle(window, clock, traffic::poisson).await;
}

pub(crate) async fn is_exact_for_bursts(window: &dyn Window, clock: &ManualClock) {
    against_the_oracle(window, clock, traffic::bursts).await;
}

pub(crate) async fn is_exact_at_the_edges(window: &dyn Window, clock: &ManualClock) {
    against_the_oracle(window, clock, traffic::edges).await;
}

pub(crate) async fn is_exact_while_limits_change(window: &dyn Window, clock: &ManualClock) {
    against_the_oracle(window, clock, traffic::changing_limits).await;
}

/// Enough to fill the larger windows; the smaller ones need fewer to be filled many times.
const STEPS_MAX: usize = 3_000;

type Shape = fn(&mut Random, u32, usize) -> Vec<Step>;

async fn against_the_oracle(window: &dyn Window, clock: &ManualClock, shape: Shape) {
    for (seed, limit) in (1..).zip(LIMITS) {
        let script = shape(&mut Random(seed), limit, STEPS_MAX.min(600 + 10 * limit as usize));
        let oracle = play(window, clock, script).await;
        assert!(oracle.admitted() > 0, "the traffic got nowhere");
    }
}
