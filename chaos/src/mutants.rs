//! Rules of the services, broken one at a time, each with a schedule that makes the breach tell.

use std::time::Duration;

use crate::cluster::Part;
use crate::run::Run;
use crate::schedule::{Failpoint, Fault, Schedule};

/// A broken rule, and what goes wrong until it shows.
pub struct Mutant {
    /// The name in the services.
    pub name: &'static str,
    /// What is broken, for people.
    pub what: &'static str,
    load: f32,
    steps: fn() -> Vec<(f32, Fault, f32)>,
}

/// All of them.
pub const MUTANTS: [Mutant; 8] = [
    Mutant { name: "no_idempotency", what: "a finish is carried out again", load: 20.0, steps: aborts_after_apply },
    Mutant { name: "trim_before_commit", what: "the stream is trimmed first", load: 20.0, steps: book_goes_away },
    Mutant { name: "epoch_ignored", what: "records of another epoch count", load: 20.0, steps: redis_goes_back },
    Mutant { name: "expire_blind", what: "a hold expires before its deadline", load: 20.0, steps: ledgers_pause },
    Mutant { name: "credit_without_number", what: "a credit is applied again", load: 12.0, steps: aborts_after_apply },
    Mutant { name: "forget_on_apply", what: "the outbox forgets too early", load: 20.0, steps: redis_forgets },
    Mutant { name: "window_never_expires", what: "no slot is ever freed", load: 66.0, steps: nothing },
    Mutant { name: "window_expires_early", what: "slots are freed too early", load: 56.0, steps: nothing },
];

/// None of these schedules kills a gateway, so that no hold is left to expire.
const REST: Duration = Duration::from_secs(40);

impl Mutant {
    /// The run that shows it.
    #[must_use]
    pub fn run(&self, seed: u64) -> Run {
        Run { mutant: Some(self.name), ..self.control(seed) }
    }

    /// The same run with the rule in force, in which nothing may be found.
    #[must_use]
    pub fn control(&self, seed: u64) -> Run {
        let load = Duration::from_secs_f32(self.load);
        Run { seed, load, rest: REST, schedule: Schedule::of(&(self.steps)()), mutant: None }
    }
}

fn nothing() -> Vec<(f32, Fault, f32)> {
    Vec::new()
}

fn aborts_after_apply() -> Vec<(f32, Fault, f32)> {
    let abort =
        |at, ledger, pass| (at, Fault::Abort(Part::Ledger(ledger), Failpoint { name: "ledger.applied", pass }), 2.5);
    vec![abort(2.0, 0, 3), abort(5.0, 1, 8), abort(8.0, 0, 15), abort(11.0, 1, 5), abort(14.0, 0, 9)]
}

fn book_goes_away() -> Vec<(f32, Fault, f32)> {
    let away = |at| (at, Fault::Kill(Part::Postgres), 1.5);
    vec![away(2.0), away(6.0), away(10.0), away(14.0)]
}

fn redis_goes_back() -> Vec<(f32, Fault, f32)> {
    vec![(2.0, Fault::GoBack, 4.0), (9.0, Fault::GoBack, 5.0)]
}

/// The reaper of a stopped ledger goes on with what it knew when it was stopped.
fn ledgers_pause() -> Vec<(f32, Fault, f32)> {
    let pause = |at, ledger| (at, Fault::Pause(Part::Ledger(ledger)), 2.0);
    vec![pause(3.0, 0), pause(6.0, 1), pause(9.0, 0), pause(12.0, 1)]
}

/// What was applied while the book was away is lost with Redis: only the outboxes have it.
fn redis_forgets() -> Vec<(f32, Fault, f32)> {
    vec![
        (2.0, Fault::Kill(Part::Postgres), 3.0),
        (4.0, Fault::RemoveFiles, 0.0),
        (10.0, Fault::Kill(Part::Postgres), 3.0),
        (12.0, Fault::RemoveFiles, 0.0),
    ]
}
