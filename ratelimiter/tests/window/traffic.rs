//! Shapes of traffic, drawn from a seed so that a failure repeats.

use proptest::prelude::*;
use syntopen_ratelimiter::window::{GRANULARITY_US, WINDOW_US};

use crate::oracle::Step;

/// Steele, Lea and Flood's `SplitMix64`: enough to shake traffic up, and the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: i64) -> i64 {
        (self.next() >> 1) as i64 % bound
    }

    /// The time between two arrivals of a Poisson process, in microseconds.
    fn exponential(&mut self, mean_us: i64) -> i64 {
        let uniform = (self.below(1 << 52) + 1) as f64 / (1_i64 << 52) as f64;
        (-uniform.ln() * mean_us as f64) as i64
    }
}

/// Twice as many arrivals as the limit allows.
pub(crate) fn poisson(random: &mut Random, limit: u32, steps: usize) -> Vec<Step> {
    let mean_us = WINDOW_US / i64::from(limit) / 2;
    (0..steps).map(|_| Step { wait_us: random.exponential(mean_us), limit, count: 1 }).collect()
}

/// Silence, then as many as the limit and more within a moment, several at once.
pub(crate) fn bursts(random: &mut Random, limit: u32, steps: usize) -> Vec<Step> {
    let step = |step| {
        let wait_us = if step % 40 == 0 { random.below(WINDOW_US) } else { random.below(1_000) };
        Step { wait_us, limit, count: 1 + random.below(i64::from(limit) / 20 + 1) as u32 }
    };
    (0..steps).map(step).collect()
}

/// Asks around the instants at which slots free: one window after the last burst, a microsecond early and late.
pub(crate) fn edges(random: &mut Random, limit: u32, steps: usize) -> Vec<Step> {
    let waits = [0, 1, 2, WINDOW_US / 2, WINDOW_US - 1, WINDOW_US, WINDOW_US + 1, GRANULARITY_US - 1, GRANULARITY_US];
    let step = |_| {
        let wait_us = waits[random.below(waits.len() as i64) as usize];
        Step { wait_us, limit, count: 1 + random.below(i64::from(limit)) as u32 }
    };
    (0..steps).map(step).collect()
}

/// Limits that change between any two questions, across the exact and the coarse ones.
pub(crate) fn changing_limits(random: &mut Random, _: u32, steps: usize) -> Vec<Step> {
    let limits = [0, 1, 3, 60, 999, 1_000, 1_001, 4_000];
    let step = |_| Step {
        wait_us: random.below(WINDOW_US / 50),
        limit: limits[random.below(limits.len() as i64) as usize],
        count: random.below(120) as u32,
    };
    (0..steps).map(step).collect()
}

/// Any script at all, dense around what may go wrong.
pub(crate) fn arbitrary() -> impl Strategy<Value = Vec<Step>> {
    let wait_us = prop_oneof![
        Just(0),
        0..=3_i64,
        0..=2 * GRANULARITY_US,
        GRANULARITY_US - 1..=GRANULARITY_US + 1,
        0..=WINDOW_US / 4,
        WINDOW_US - 1..=WINDOW_US + 1,
        0..=3 * WINDOW_US,
    ];
    let limit =
        prop_oneof![3 => 1..=5_u32, 1 => Just(0), 2 => 990..=1_010_u32, 1 => 1..=3_000_u32, 1 => Just(u32::MAX)];
    let count = prop_oneof![3 => 0..=3_u32, 1 => 0..=600_u32, 1 => 900..=1_100_u32];
    let step = (wait_us, limit, count).prop_map(|(wait_us, limit, count)| Step { wait_us, limit, count });
    proptest::collection::vec(step, 0..120)
}
