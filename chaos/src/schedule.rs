//! What goes wrong, and when: all of it follows from a seed.

use std::fmt;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde::Serialize;

use crate::cluster::{GATEWAYS, LEDGERS, LIMITERS, Part};

/// Passes of a failpoint until it strikes: early in a busy program's life, not at its first step.
const PASSES_MAX: u64 = 6;

/// Time without a fault before the last ones.
const CALM: Duration = Duration::from_millis(7_000);
/// How long before the end of the load the last gateway is killed; each of the others so much earlier.
const LAST_KILL: Duration = Duration::from_millis(1_000);

/// Something that goes wrong and, after a while, is put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// `kill -9`; started again after the while.
    Kill(Part),
    /// `SIGSTOP`; `SIGCONT` after the while.
    Pause(Part),
    /// Redis forgets everything.
    Flush,
    /// Redis is killed and its files are removed.
    RemoveFiles,
    /// Redis is started from what it had been at the beginning of the while.
    GoBack,
    /// The replica is stopped and falls behind; after the while Redis is killed and the replica takes its place.
    Promote,
    /// A program is killed and started so that it aborts at a failpoint.
    Abort(Part, Failpoint),
    /// Redis forgets everything while a ledger is armed to abort in the middle of the recovery.
    AbortRecovery(usize),
}

/// Where a program aborts, and at which pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Failpoint {
    /// The name in the program.
    pub name: &'static str,
    /// At which pass.
    pub pass: u64,
}

/// One fault, its moment and its while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When it begins, from the beginning of the load.
    pub at: Duration,
    /// What goes wrong.
    pub fault: Fault,
    /// How long it lasts.
    pub lasting: Duration,
}

/// All steps of a run, by their moments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Schedule(pub Vec<Step>);

impl Schedule {
    /// Faults of every kind, again and again in another order, spread over the time of the load.
    ///
    /// Last of all, when the rest has been well for a moment, each gateway is killed in the middle of its requests:
    /// their holds expire. Those of a gateway that died before are mostly lost with the memory of Redis.
    #[must_use]
    pub fn random(seed: u64, load: Duration) -> Self {
        let random = &mut StdRng::seed_from_u64(seed);
        let spacing = 3_000..=5_500;
        let calm = load.saturating_sub(CALM);
        let mut steps = Vec::new();
        let mut at = Duration::from_millis(2_000);
        'full: loop {
            let mut deck = deck(random);
            deck.shuffle(random);
            for fault in deck {
                let lasting = while_of(fault, random);
                if calm < at + lasting {
                    break 'full;
                }
                steps.push(Step { at, fault, lasting });
                at += Duration::from_millis(random.random_range(spacing.clone()));
            }
        }
        let last = (1..=GATEWAYS).map(|number| Step {
            at: load.saturating_sub(LAST_KILL * u32::try_from(number).unwrap_or(1)),
            fault: Fault::Kill(Part::Gateway(number - 1)),
            lasting: LAST_KILL / 2,
        });
        steps.extend(last);
        steps.sort_by_key(|step| step.at);
        Self(steps)
    }

    /// Steps at seconds: when, what, and for how long.
    #[must_use]
    pub fn of(steps: &[(f32, Fault, f32)]) -> Self {
        let step = |(at, fault, lasting): &(f32, Fault, f32)| Step {
            at: Duration::from_secs_f32(*at),
            fault: *fault,
            lasting: Duration::from_secs_f32(*lasting),
        };
        Self(steps.iter().map(step).collect())
    }
}

/// One fault of each kind, its part chosen by chance.
fn deck(random: &mut StdRng) -> Vec<Fault> {
    let gateway = |random: &mut StdRng| Part::Gateway(random.random_range(0..GATEWAYS));
    let ledger = |random: &mut StdRng| Part::Ledger(random.random_range(0..LEDGERS));
    let limiter = |random: &mut StdRng| Part::Limiter(random.random_range(0..LIMITERS));
    let at = |name, random: &mut StdRng| Failpoint { name, pass: random.random_range(1..=PASSES_MAX) };
    let paused = [Part::Redis, Part::Replica, Part::Postgres, gateway(random), ledger(random), limiter(random)];
    let killed = [Part::Redis, Part::Replica, Part::Postgres, Part::Simulator, gateway(random), ledger(random)];
    let mut deck: Vec<_> = killed.map(Fault::Kill).into();
    deck.extend([
        Fault::Kill(limiter(random)),
        Fault::Pause(paused[random.random_range(0..paused.len())]),
        Fault::Pause(paused[random.random_range(0..paused.len())]),
        if random.random_bool(0.5) { Fault::Flush } else { Fault::RemoveFiles },
        Fault::GoBack,
        Fault::Promote,
        Fault::Abort(ledger(random), at("ledger.applied", random)),
        Fault::Abort(ledger(random), at("ledger.committed", random)),
        Fault::AbortRecovery(random.random_range(0..LEDGERS)),
        Fault::Abort(gateway(random), at("gateway.before_first_byte", random)),
        Fault::Abort(gateway(random), at("gateway.after_first_byte", random)),
    ]);
    deck
}

/// How long a fault lasts. The book is away for longer than the drainer's interval.
fn while_of(fault: Fault, random: &mut StdRng) -> Duration {
    let millis = match fault {
        Fault::Kill(Part::Postgres) => 4_000..=8_000,
        Fault::Promote | Fault::GoBack | Fault::Pause(_) => 500..=3_000,
        Fault::Kill(_) => 200..=3_000,
        Fault::Flush | Fault::RemoveFiles => 0..=0,
        Fault::Abort(..) | Fault::AbortRecovery(_) => 3_000..=5_000,
    };
    Duration::from_millis(random.random_range(millis))
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Step { at, fault, lasting } in &self.0 {
            writeln!(f, "  {:>8.3} s  {fault:?} for {:.3} s", at.as_secs_f32(), lasting.as_secs_f32())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_schedule_and_a_minute_has_ten_faults() {
        let minute = Duration::from_secs(70);
        for seed in 0..100 {
            let schedule = Schedule::random(seed, minute);
            assert_eq!(schedule, Schedule::random(seed, minute));
            assert!(10 <= schedule.0.len(), "{schedule}");
            assert!(schedule.0.iter().all(|step| step.at + step.lasting <= minute), "{schedule}");
            assert!(schedule.0.is_sorted_by_key(|step| step.at), "{schedule}");
        }
        assert_ne!(Schedule::random(1, minute), Schedule::random(2, minute));
    }
}
