//! Keys that were refused a moment ago: until their window can admit again, nobody has to be asked.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use syntopen_shared::id::KeyId;
use syntopen_shared::wire::ratelimiter::{Check, Decision};

/// A refusal is repeated for no longer than this, in microseconds: a limit may have been raised, and after a loss of
/// the windows there may be room.
const REPEATED_MAX_US: i64 = 1_000_000;
/// Keys remembered at most; beyond it, the rate limiter is asked.
const KEYS_MAX: usize = 10_000;

/// The keys that were just refused.
#[derive(Debug, Default)]
pub(super) struct Refused {
    /// A std mutex is right: nothing is awaited while it is held, and each hold lasts for one map operation.
    keys: Mutex<HashMap<KeyId, Refusal>>,
    /// How many there are: where there are none, nobody takes the lock.
    count: AtomicUsize,
}

#[derive(Clone, Copy, Debug)]
struct Refusal {
    limit: u32,
    /// The window admits nothing before this moment.
    until_us: i64,
    /// It surely may at this one.
    free_us: i64,
}

/// When a question was sent and its answer came, in microseconds of one clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) sent_us: i64,
    pub(super) answered_us: i64,
}

impl Refused {
    /// The refusal that the rate limiter would repeat now.
    pub(super) fn repeat(&self, check: &Check, now_us: i64) -> Option<Decision> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let refusal = *keys.get(&check.key)?;
        if now_us < refusal.until_us && refusal.limit == check.limit {
            let next_us = u64::try_from(refusal.free_us - now_us).unwrap_or(0);
            return Some(Decision { admitted: 0, remaining: 0, next_us });
        }
        keys.remove(&check.key);
        self.count.store(keys.len(), Ordering::Relaxed);
        None
    }

    /// Remembers a refusal. The window was full at some moment between question and answer, for `next_us` from then.
    pub(super) fn remember(&self, check: &Check, decision: &Decision, asked: Asked) {
        let next_us = i64::try_from(decision.next_us).unwrap_or(i64::MAX);
        let until_us = asked.sent_us.saturating_add(next_us.min(REPEATED_MAX_US));
        if until_us <= asked.answered_us {
            return;
        }
        let refusal = Refusal { limit: check.limit, until_us, free_us: asked.answered_us.saturating_add(next_us) };
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEYS_MAX {
            keys.retain(|_, refusal| asked.answered_us < refusal.until_us);
        }
        if keys.len() < KEYS_MAX {
            keys.insert(check.key, refusal);
        }
        self.count.store(keys.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(next_us: u64) -> Decision {
        Decision { admitted: 0, remaining: 0, next_us }
    }

    #[test]
    fn a_refusal_is_repeated_until_the_window_may_admit() {
        let (refused, check) = (Refused::default(), Check { key: KeyId::mint(), limit: 3, count: 1 });
        refused.remember(&check, &refusal(500), Asked { sent_us: 1_000, answered_us: 1_100 });
        assert_eq!(refused.repeat(&check, 1_499), Some(refusal(101)), "told no earlier than it may be true");
        assert_eq!(refused.repeat(&Check { key: KeyId::mint(), ..check }, 1_499), None);
        assert_eq!(refused.repeat(&check, 1_500), None);
        assert_eq!(refused.repeat(&check, 1_499), None, "forgotten");
    }

    #[test]
    fn no_refusal_is_repeated_for_longer_than_a_second() {
        let (refused, check) = (Refused::default(), Check { key: KeyId::mint(), limit: 3, count: 1 });
        refused.remember(&check, &refusal(60_000_000), Asked { sent_us: 0, answered_us: 1_000 });
        assert_eq!(refused.repeat(&check, 999_999), Some(refusal(59_001_001)));
        assert_eq!(refused.repeat(&check, REPEATED_MAX_US), None);
    }

    #[test]
    fn a_changed_limit_is_asked_for() {
        let (refused, check) = (Refused::default(), Check { key: KeyId::mint(), limit: 3, count: 1 });
        refused.remember(&check, &refusal(60_000_000), Asked { sent_us: 0, answered_us: 1_000 });
        assert_eq!(refused.repeat(&Check { limit: 4, ..check }, 2_000), None);
    }

    #[test]
    fn no_more_keys_are_remembered_than_fit() {
        let refused = Refused::default();
        let check = || Check { key: KeyId::mint(), limit: 3, count: 1 };
        for _ in 0..=KEYS_MAX {
            refused.remember(&check(), &refusal(500), Asked { sent_us: 0, answered_us: 1 });
        }
        assert_eq!(refused.count.load(Ordering::Relaxed), KEYS_MAX);
        refused.remember(&check(), &refusal(500), Asked { sent_us: 600, answered_us: 601 });
        assert_eq!(refused.count.load(Ordering::Relaxed), 1, "the old ones go first");
    }
}
