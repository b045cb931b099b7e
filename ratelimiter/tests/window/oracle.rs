//! The window by brute force: every admission is kept, and every question counts them all again.

use std::ops::RangeInclusive;

use syntopen_ratelimiter::window::Window;
use syntopen_shared::clock::{Clock as _, ManualClock};
use syntopen_shared::id::KeyId;
use syntopen_shared::wire::ratelimiter::{Check, Decision};

// The contract's figures, written down again: the code under test must not define what it is judged by.
const WINDOW_US: i64 = 60_000_000;
const EXACT_LIMIT: u32 = 1_000;
const LATE_AT_MOST_US: i64 = WINDOW_US / 256;

/// One question of a script: wait, then ask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) wait_us: i64,
    pub(crate) limit: u32,
    pub(crate) count: u32,
}

struct Admission {
    at: i64,
    count: u32,
    limit: u32,
}

#[derive(Default)]
pub(crate) struct Oracle {
    admissions: Vec<Admission>,
}

/// Plays `script` against a fresh key of `window` and holds each answer against the contract.
pub(crate) async fn play(window: &dyn Window, clock: &ManualClock, script: impl IntoIterator<Item = Step>) -> Oracle {
    let (key, mut oracle) = (KeyId::mint(), Oracle::default());
    for Step { wait_us, limit, count } in script {
        clock.advance_us(wait_us);
        let check = Check { key, limit, count };
        let decision = window.check(check).await.unwrap();
        oracle.judge(&check, &decision, clock.monotonic_us());
    }
    oracle.assert_no_window_exceeds_its_limit();
    oracle
}

impl Oracle {
    /// How many requests were admitted in all.
    pub(crate) fn admitted(&self) -> u32 {
        self.admissions.iter().map(|admission| admission.count).sum()
    }

    fn judge(&mut self, check: &Check, decision: &Decision, now: i64) {
        let Check { limit, count, .. } = *check;
        let room = self.room(limit, now);
        let admitted = room.start().min(&count)..=room.end().min(&count);
        assert!(admitted.contains(&&decision.admitted), "{check:?} at {now}: {decision:?}, expected {admitted:?}");
        if decision.admitted > 0 {
            self.admissions.push(Admission { at: now, count: decision.admitted, limit });
        }
        let room = self.room(limit, now);
        assert!(room.contains(&decision.remaining), "{check:?} at {now}: {decision:?}, expected {room:?} remaining");
        if self.is_exact(now) {
            assert_eq!(decision.next_us, self.next_us(limit, now).unsigned_abs(), "{check:?} at {now}: {decision:?}");
        }
    }

    /// How much is free: the least and the most that the contract allows.
    fn room(&self, limit: u32, now: i64) -> RangeInclusive<u32> {
        let most = limit.saturating_sub(self.count_in(now - WINDOW_US..=now));
        if self.is_exact(now) {
            return most..=most;
        }
        limit.saturating_sub(self.count_in(now - WINDOW_US - LATE_AT_MOST_US..=now))..=most
    }

    /// Whether all that may still count was admitted under limits that promise exactness.
    fn is_exact(&self, now: i64) -> bool {
        self.within(now - WINDOW_US - LATE_AT_MOST_US..=now).all(|admission| admission.limit <= EXACT_LIMIT)
    }

    /// How long until the window has more room than now.
    fn next_us(&self, limit: u32, now: i64) -> i64 {
        if limit == 0 {
            return WINDOW_US;
        }
        let room_at = |later| limit.saturating_sub(self.count_in(later - WINDOW_US..=now));
        let mut leave = self.within(now - WINDOW_US..=now).map(|admission| admission.at + WINDOW_US + 1);
        leave.find(|later| room_at(*later) > room_at(now)).map_or(0, |later| later - now)
    }

    /// A window that ends between two admissions holds no more than the one that ends at the earlier of them.
    fn assert_no_window_exceeds_its_limit(&self) {
        for (index, last) in self.admissions.iter().enumerate() {
            let so_far = self.admissions[..=index].iter().rev();
            let count: u32 = so_far.take_while(|one| one.at >= last.at - WINDOW_US).map(|one| one.count).sum();
            assert!(count <= last.limit, "{count} of {} in the 60 s up to {}", last.limit, last.at);
        }
    }

    fn count_in(&self, instants: RangeInclusive<i64>) -> u32 {
        self.within(instants).map(|admission| admission.count).sum()
    }

    fn within(&self, instants: RangeInclusive<i64>) -> impl Iterator<Item = &Admission> {
        self.admissions.iter().filter(move |admission| instants.contains(&admission.at))
    }
}
