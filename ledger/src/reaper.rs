//! Ends holds of whose requests nothing is heard any more, and forgets what is over.

use std::time::Duration;

use syntopen_shared::chaos::is_mutant;
use syntopen_shared::shutdown::Shutdown;
use syntopen_shared::wire::ledger::HOLD_TTL_MS;

use crate::error::Unavailable;
use crate::ledger::{Core, Profile};

const SWEEP_EVERY: Duration = Duration::from_secs(1);
const US_PER_MS: i64 = 1_000;
/// A gap between sweeps beyond which nobody could checkpoint either.
const GAP_MAX_US: i64 = 10_000 * US_PER_MS;
/// How many holds one step over the balances expires, so that it never blocks them for long.
const EXPIRED_MAX: usize = 256;

/// Sweeps until the shutdown is requested.
pub(crate) async fn run(core: &Core, shutdown: &Shutdown) {
    let mut sweeps = match &core.profile {
        // What ran in the process before has been booked when this one started.
        Profile::Embedded { .. } => Sweeps::from(core.clock.monotonic_us()),
        // Nobody knows for how long there was no ledger.
        Profile::Cluster { .. } => Sweeps::after_a_gap(core.clock.monotonic_us()),
    };
    loop {
        tokio::select! {
            () = tokio::time::sleep(SWEEP_EVERY) => {}
            () = shutdown.requested() => return,
        }
        // While the balances do not answer nobody can checkpoint either: that is a gap too. The backend logs why.
        let may_expire = is_reachable(core).await && sweeps.may_expire(core.clock.monotonic_us());
        if may_expire || is_mutant("expire_blind") {
            let _tried_again_next_time = sweep(core).await;
        }
    }
}

/// Whether the balances answer, and how much they have for the book.
async fn is_reachable(core: &Core) -> bool {
    match &core.profile {
        Profile::Embedded { .. } => true,
        Profile::Cluster { cluster, .. } => {
            let lengths = cluster.redis.lengths().await;
            // The last booked entry of each stream stays in it.
            let waiting = lengths.iter().flatten().map(|length| length.saturating_sub(1)).sum::<u64>();
            cluster.metrics.backlog.set(i64::try_from(waiting).unwrap_or(i64::MAX));
            lengths.iter().all(Result::is_ok)
        }
    }
}

/// Ends every overdue hold and forgets what is over. Returns how many holds it ended.
pub(crate) async fn sweep(core: &Core) -> Result<usize, Unavailable> {
    let mut expired = 0;
    loop {
        let some = core.balances.expire_overdue(EXPIRED_MAX).await?;
        expired += some;
        if some < EXPIRED_MAX {
            break;
        }
    }
    if 0 < expired {
        tracing::warn!(holds = expired, "holds expired: their requests were not heard of any more");
    }
    match &core.profile {
        Profile::Embedded { memory, .. } => memory.forget(),
        // Redis forgets by itself.
        Profile::Cluster { cluster, .. } => {
            cluster.metrics.expired.inc_by(expired as u64);
        }
    }
    Ok(expired)
}

/// When sweeps happened. After a gap the ledger was not there to be told of running requests, so that it waits until
/// all of them had time to be heard.
struct Sweeps {
    last_us: i64,
    waits_until_us: i64,
}

impl Sweeps {
    const fn from(now_us: i64) -> Self {
        Self { last_us: now_us, waits_until_us: now_us }
    }

    const fn after_a_gap(now_us: i64) -> Self {
        Self { last_us: now_us, waits_until_us: now_us + HOLD_TTL_MS * US_PER_MS }
    }

    fn may_expire(&mut self, now_us: i64) -> bool {
        if GAP_MAX_US < now_us - self.last_us {
            self.waits_until_us = now_us + HOLD_TTL_MS * US_PER_MS;
        }
        self.last_us = now_us;
        self.waits_until_us <= now_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_after_a_gap() {
        let seconds = |seconds: i64| seconds * 1_000_000;
        let mut sweeps = Sweeps::from(seconds(0));
        assert!(sweeps.may_expire(seconds(1)));
        assert!(sweeps.may_expire(seconds(11)));
        assert!(!sweeps.may_expire(seconds(22)), "11 s passed without a sweep");
        for second in 23..82 {
            assert!(!sweeps.may_expire(seconds(second)), "{second}");
        }
        assert!(sweeps.may_expire(seconds(82)));
    }
}
