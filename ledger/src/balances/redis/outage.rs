//! One line in the log for each outage, however many commands it fails.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use redis::{RedisError, RedisResult};

use crate::error::Unavailable;

/// Which shards cannot be reached.
#[derive(Debug)]
pub(super) struct Outage {
    failing: Vec<AtomicBool>,
    count: AtomicUsize,
}

impl Outage {
    pub(super) fn of(shards: u32) -> Self {
        Self { failing: (0..shards).map(|_| AtomicBool::new(false)).collect(), count: AtomicUsize::new(0) }
    }

    /// Hears what a shard answered, and logs where that begins or ends an outage.
    pub(super) fn hear<T>(&self, shard: u32, answer: RedisResult<T>) -> Result<T, Unavailable> {
        match (self.turn(shard, answer.is_err()), &answer) {
            (Some(Turn::Begins), Err(error)) => {
                let (kind, code) = (error.kind(), error.code());
                tracing::error!(shard, kind = ?kind, code, error = detail(error), "Redis fails");
            }
            (Some(Turn::Ends), _) => tracing::info!("Redis answers again"),
            _ => {}
        }
        answer.map_err(|_| Unavailable)
    }

    /// Whether all shards together turn from well to failing or back when one of them fails, or does not.
    fn turn(&self, shard: u32, fails: bool) -> Option<Turn> {
        let flag = self.failing.get(usize::try_from(shard).ok()?)?;
        // Most answers are like the ones before them, and then nothing is written.
        if flag.load(Ordering::Relaxed) == fails || flag.swap(fails, Ordering::Relaxed) == fails {
            return None;
        }
        if fails {
            (self.count.fetch_add(1, Ordering::Relaxed) == 0).then_some(Turn::Begins)
        } else {
            (self.count.fetch_sub(1, Ordering::Relaxed) == 1).then_some(Turn::Ends)
        }
    }
}

/// Worth a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Begins,
    Ends,
}

/// What went wrong on the way to Redis. Other errors repeat what they are about, which may be somebody's balance.
fn detail(error: &RedisError) -> Option<String> {
    (error.is_io_error() || error.is_cluster_error()).then(|| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_begins_with_the_first_shard_and_ends_with_the_last() {
        let outage = Outage::of(3);
        let turns = [(0, false), (0, true), (0, true), (2, true), (0, false), (2, true), (2, false), (1, false)];
        let told: Vec<_> = turns.into_iter().map(|(shard, fails)| outage.turn(shard, fails)).collect();
        let (begins, ends) = (Some(Turn::Begins), Some(Turn::Ends));
        assert_eq!(told, [None, begins, None, None, None, None, ends, None]);
        assert_eq!(outage.turn(3, true), None, "there is no such shard");
    }
}
