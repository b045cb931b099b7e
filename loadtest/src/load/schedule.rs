//! When the requests of a run are begun.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};

use super::{LoadSettings, SECONDS_MAX};

/// Requests that are due and not begun, beyond which the clock's thread waits; the moments themselves do not move.
const DUE_MAX: usize = 1_024;
/// How long after the end of a run a request that was due in it is still begun.
const GRACE: Duration = Duration::from_secs(1);

/// What begins a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// The answer to the one before it on the same connection.
    Closed,
    /// The clock: so many a second, whether or not the ones before were answered.
    Open(NonZeroU32),
}

/// Gives each connection of a run its turns.
pub(super) struct Schedule {
    deadline: Instant,
    /// Requests that may still be begun.
    left: AtomicU64,
    /// The moments of an open loop, from the thread that keeps them.
    due: Option<Mutex<mpsc::Receiver<Instant>>>,
    missed: AtomicU64,
}

impl Schedule {
    /// A schedule that begins now. An open loop has a thread of its own until it is over, because a runtime's timers
    /// are a millisecond coarse, longer than many an answer takes.
    pub(super) fn begin(settings: &LoadSettings, began: Instant) -> Self {
        let deadline = began + settings.duration.min(Duration::from_secs(SECONDS_MAX));
        let due = match settings.pace {
            Pace::Closed => None,
            Pace::Open(rate) => {
                let (sender, receiver) = mpsc::channel(DUE_MAX);
                let (rate, count) = (u64::from(rate.get()), settings.requests_max);
                let moments = (0..count).map(move |number| began + offset(number, rate));
                tokio::task::spawn_blocking(move || tick(moments.take_while(|due| *due < deadline), &sender));
                Some(Mutex::new(receiver))
            }
        };
        Self { deadline, left: AtomicU64::new(settings.requests_max), due, missed: AtomicU64::new(0) }
    }

    /// The moment from which the latency of the next request counts, once it has come; `None` when the run is over.
    pub(super) async fn turn(&self) -> Option<Instant> {
        let Some(due) = &self.due else { return self.take() };
        loop {
            let moment = due.lock().await.recv().await?;
            if Instant::now() < self.deadline + GRACE {
                return Some(moment);
            }
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Requests that were due and never begun, since no connection was free before the run was over.
    pub(super) fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    fn take(&self) -> Option<Instant> {
        let now = Instant::now();
        let take = |left: u64| left.checked_sub(1);
        let may_begin =
            now < self.deadline && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok();
        may_begin.then_some(now)
    }
}

/// From the beginning to the request of this number, counted from the whole so that no rounding adds up.
fn offset(number: u64, rate: u64) -> Duration {
    let (seconds, rest) = (number / rate, number % rate);
    Duration::from_secs(seconds) + Duration::from_nanos(rest * 1_000_000_000 / rate)
}

/// Tells each moment when it has come, late ones at once.
fn tick(moments: impl Iterator<Item = Instant>, due: &mpsc::Sender<Instant>) {
    for moment in moments {
        std::thread::sleep(moment.saturating_duration_since(Instant::now()));
        if due.blocking_send(moment).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_even_and_do_not_drift() {
        let nanos = [0, 1, 2, 3, 7].map(|number| offset(number, 3).as_nanos());
        assert_eq!(nanos, [0, 333_333_333, 666_666_666, 1_000_000_000, 2_333_333_333]);
        assert_eq!(offset(u64::from(u32::MAX) * 7, u64::from(u32::MAX)), Duration::from_secs(7));
    }

    #[test]
    fn a_clock_without_listeners_stops() {
        let (sender, receiver) = mpsc::channel(1);
        drop(receiver);
        let now = Instant::now();
        let mut told = 0;
        tick(std::iter::repeat_with(|| (told += 1, now).1), &sender);
        assert_eq!(told, 1);
    }
}
