//! Windows in this process's memory: exact for one replica, lost with it.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use syntopen_shared::clock::Clock;
use syntopen_shared::id::KeyId;
use syntopen_shared::wire::ratelimiter::{Check, Decision};

use super::{Ring, Unavailable, WINDOW_US, Window};

/// How many locks share the keys, so that cores rarely wait for one another.
const SHARDS: usize = 64;

/// The windows of all keys, in memory. Keys that have not asked for two windows (120 s) cost nothing.
pub struct MemoryWindow {
    clock: Arc<dyn Clock>,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

impl MemoryWindow {
    /// Windows over which no time has passed yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()) }
    }

    /// [`Window::check`] without a future, for callers in the same process.
    pub fn decide(&self, check: &Check) -> Decision {
        let mut shard = self.lock(self.shard_of(check.key));
        // Read under the lock, or a thread that read the time earlier could admit after one that read it later.
        let now = self.clock.monotonic_us();
        shard.rotate(now);
        shard.ring_of(check.key).check(check, now)
    }

    /// How many keys are remembered, for a gauge.
    #[must_use]
    pub fn keys(&self) -> usize {
        let keys_of = |shard| {
            let shard = self.lock(shard);
            shard.recent.len() + shard.before.len()
        };
        self.shards.iter().map(keys_of).sum()
    }

    /// Keyed by a secret of this process, so that nobody can aim at one shard.
    fn shard_of(&self, key: KeyId) -> &Mutex<Shard> {
        let hash = self.hasher.hash_one(key);
        &self.shards[usize::from(hash.to_le_bytes()[0]) % SHARDS]
    }

    /// A ring is whole between any two of its statements, so a panic elsewhere cannot have broken it.
    fn lock<'a>(&self, shard: &'a Mutex<Shard>) -> MutexGuard<'a, Shard> {
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Window for MemoryWindow {
    async fn check(&self, check: Check) -> Result<Decision, Unavailable> {
        Ok(self.decide(&check))
    }

    async fn check_all(&self, checks: &[Check]) -> Vec<Result<Decision, Unavailable>> {
        checks.iter().map(|check| Ok(self.decide(check))).collect()
    }
}

impl std::fmt::Debug for MemoryWindow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryWindow").finish_non_exhaustive()
    }
}

/// Some of the keys, in two generations. A ring that is asked moves to `recent`; each time more than a window has
/// passed, what is still in `before` has been silent for that long, so it is empty, and goes without being looked at.
#[derive(Default)]
struct Shard {
    recent: HashMap<KeyId, Ring>,
    before: HashMap<KeyId, Ring>,
    rotated_at: i64,
}

impl Shard {
    fn rotate(&mut self, now: i64) {
        if now.saturating_sub(self.rotated_at) > WINDOW_US {
            self.before = std::mem::take(&mut self.recent);
            self.rotated_at = now;
        }
    }

    fn ring_of(&mut self, key: KeyId) -> &mut Ring {
        let Self { recent, before, .. } = self;
        recent.entry(key).or_insert_with(|| before.remove(&key).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use syntopen_shared::clock::ManualClock;

    use super::*;

    #[test]
    fn forgets_keys_that_went_silent_and_no_other() {
        let clock = Arc::new(ManualClock::at(0));
        let window = MemoryWindow::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let keys: Vec<_> = (0..1_000).map(|_| KeyId::mint()).collect();
        let ask_all =
            |limit| keys.iter().map(|key| window.decide(&Check { key: *key, limit, count: 1 }).admitted).sum();
        let admitted: u32 = ask_all(1);
        assert_eq!((admitted, window.keys()), (1_000, 1_000));

        clock.advance_us(WINDOW_US);
        let admitted: u32 = ask_all(1);
        assert_eq!((admitted, window.keys()), (0, 1_000), "still in the window");

        // The first key goes on asking, alone in its shard; the others of that shard go.
        for _ in 0..3 {
            clock.advance_us(WINDOW_US + 1);
            assert_eq!(window.decide(&Check { key: keys[0], limit: 1, count: 1 }).admitted, 1);
        }
        assert_eq!(window.lock(window.shard_of(keys[0])).recent.len(), 1);
        assert_eq!(window.lock(window.shard_of(keys[0])).before.len(), 0);
        assert!(window.keys() < 1_000);
    }
}
