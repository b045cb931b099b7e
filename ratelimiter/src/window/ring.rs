//! The window of one key as a ring of timestamped counts. Pure: the time is an argument, in microseconds.

use std::collections::VecDeque;

use syntopen_shared::wire::ratelimiter::{Check, Decision};

use super::WINDOW_US;

/// Up to this limit every admission keeps its own instant, so that slots free exactly when they should.
pub const EXACT_LIMIT: u32 = 1_000;

/// Above [`EXACT_LIMIT`], admissions of one such stretch of time share an entry and leave with its newest: 1/256 of
/// the window, in microseconds.
pub const GRANULARITY_US: i64 = WINDOW_US / 256;

/// The most entries that a ring ever holds, whatever its limits were.
///
/// While the limit is exact, an entry is added only if fewer than [`EXACT_LIMIT`] admissions, and so fewer entries,
/// are in the window. Coarse entries come one per stretch, and the window touches 257 stretches.
pub const MAX_ENTRIES: usize = EXACT_LIMIT as usize + 257;

/// What was admitted in the last 60 s, oldest first.
///
/// Entries do not depend on the limit they were admitted under, so a changed limit finds the whole history; only how
/// new admissions are merged follows the limit of the moment.
#[derive(Debug)]
pub struct Ring {
    entries: VecDeque<Entry>,
    /// The sum of the entries' counts. It fits, because it never exceeds the largest limit.
    used: u32,
    /// The latest instant seen: the ring's time never runs backwards, whatever its caller's does.
    now: i64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// When the newest of these was admitted: merging may free a slot late, never early.
    at: i64,
    count: u32,
}

impl Default for Ring {
    fn default() -> Self {
        Self { entries: VecDeque::new(), used: 0, now: i64::MIN }
    }
}

impl Ring {
    /// Admits what there is room for at the instant `now`, in microseconds of any clock.
    pub fn check(&mut self, check: &Check, now: i64) -> Decision {
        self.now = self.now.max(now);
        self.forget_old();
        let admitted = check.count.min(check.limit.saturating_sub(self.used));
        if admitted > 0 {
            self.admit(admitted, granularity(check.limit));
        }
        Decision {
            admitted,
            remaining: check.limit.saturating_sub(self.used),
            next_us: self.next_us(check.limit).unsigned_abs(),
        }
    }

    /// How many entries there are; at most [`MAX_ENTRIES`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is left in the window, as of the last check.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn forget_old(&mut self) {
        while let Some(oldest) = self.entries.front()
            && self.now.saturating_sub(oldest.at) > WINDOW_US
        {
            self.used -= oldest.count;
            self.entries.pop_front();
        }
    }

    fn admit(&mut self, count: u32, granularity: i64) {
        let now = self.now;
        self.used += count;
        match self.entries.back_mut() {
            Some(newest) if newest.at.div_euclid(granularity) == now.div_euclid(granularity) => {
                newest.count += count;
                newest.at = now;
            }
            _ => self.entries.push_back(Entry { at: now, count }),
        }
    }

    /// How long until more is admitted than now: until the oldest entry leaves, or, under a limit that was lowered
    /// below what is used, until enough of them have left.
    fn next_us(&self, limit: u32) -> i64 {
        if limit == 0 {
            return WINDOW_US;
        }
        let mut left = self.used;
        for entry in &self.entries {
            left -= entry.count;
            if left < limit {
                return entry.at.saturating_add(WINDOW_US + 1).saturating_sub(self.now);
            }
        }
        0
    }
}

/// How long a stretch of time may share an entry under `limit`, in microseconds.
const fn granularity(limit: u32) -> i64 {
    if limit <= EXACT_LIMIT { 1 } else { GRANULARITY_US }
}

#[cfg(test)]
mod tests {
    use syntopen_shared::id::KeyId;

    use super::*;

    fn ask(ring: &mut Ring, limit: u32, count: u32, now: i64) -> Decision {
        ring.check(&Check { key: KeyId::mint(), limit, count }, now)
    }

    #[test]
    fn an_admission_counts_at_both_ends_of_its_window() {
        let mut ring = Ring::default();
        assert_eq!(ask(&mut ring, 1, 1, 0).admitted, 1);
        let full = ask(&mut ring, 1, 1, WINDOW_US);
        assert_eq!(full, Decision { admitted: 0, remaining: 0, next_us: 1 });
        assert_eq!(ask(&mut ring, 1, 1, WINDOW_US + 1).admitted, 1);
    }

    #[test]
    fn its_time_never_runs_backwards() {
        let mut ring = Ring::default();
        ask(&mut ring, 1, 1, 0);
        assert_eq!(ask(&mut ring, 1, 0, WINDOW_US + 1).remaining, 1);
        assert_eq!(ask(&mut ring, 1, 1, 5), Decision { admitted: 1, remaining: 0, next_us: 60_000_001 });
        assert_eq!(ask(&mut ring, 1, 1, 2 * WINDOW_US + 1).admitted, 0, "admitted as of the later instant");
    }

    #[test]
    fn works_on_any_clock() {
        for now in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1, i64::MAX] {
            let mut ring = Ring::default();
            assert_eq!(ask(&mut ring, 2_000, 7, now).admitted, 7, "at {now}");
            assert_eq!(ask(&mut ring, u32::MAX, u32::MAX, i64::MAX).remaining, 0, "at {now}");
        }
    }

    #[test]
    fn stays_within_its_bound_whatever_the_limits() {
        let mut ring = Ring::default();
        let mut most = 0;
        // Exact limits fill it with single admissions at first, coarse ones then add an entry in every stretch.
        for step in 0..i64::from(EXACT_LIMIT) {
            ask(&mut ring, EXACT_LIMIT, 1, step);
        }
        for step in 0..300 {
            ask(&mut ring, u32::MAX, 1, step * GRANULARITY_US);
            ask(&mut ring, EXACT_LIMIT, 1, step * GRANULARITY_US + 1);
            most = most.max(ring.len());
        }
        assert!(most > EXACT_LIMIT as usize && most <= MAX_ENTRIES, "{most} entries");
    }
}
