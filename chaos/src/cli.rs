//! The program: `syntopen-chaos run`, `syntopen-chaos mutants`.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::mutants::MUTANTS;
use crate::run::{Outcome, Run};
use crate::schedule::Schedule;

/// Violations that are printed; the rest is in the logs.
const SHOWN_MAX: usize = 20;
/// Runs until one has to show all that a run is to show.
const RUNS_MAX: u64 = 3;

/// Kills the processes of a whole cluster, and accounts for all the money.
#[derive(Parser)]
#[command(name = "syntopen-chaos", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A run of any length, and another if it shows too little.
    Run {
        /// Everything that happens by chance follows from it; chosen by chance where it is missing.
        #[arg(long)]
        seed: Option<u64>,
        /// How many minutes there is load.
        #[arg(long, default_value_t = 10)]
        minutes: u64,
    },
    /// Breaks each rule in turn: fails unless each breach is noticed, and nothing is without one.
    Mutants {
        /// Only this one.
        #[arg(long)]
        only: Option<String>,
        /// Everything that happens by chance follows from it.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

/// Runs the program to its end.
#[must_use]
pub fn run() -> ExitCode {
    let passed = match Arguments::parse().command {
        Command::Run { seed, minutes } => soak(seed.unwrap_or_else(rand::random), Duration::from_secs(60 * minutes)),
        Command::Mutants { only, seed } => mutants(only.as_deref(), seed),
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs by seeds, from this one on, until one shows all that a run is to show; whether nothing was wrong in any.
///
/// What happens to be under way when a fault strikes is not in the seed, so a run may miss, say, a hold that expires.
/// Such a run proves little, but says nothing against the programs.
#[must_use]
pub fn soak(seed: u64, load: Duration) -> bool {
    (seed..seed.saturating_add(RUNS_MAX)).find_map(|seed| played(seed, load)).unwrap_or(false)
}

/// One run by a seed; whether nothing was wrong, or nothing if the run does not show enough to tell.
/// What was wrong is printed, with the schedule that repeats it.
fn played(seed: u64, load: Duration) -> Option<bool> {
    say(&format!("chaos: seed {seed}, {} s of load", load.as_secs()));
    let schedule = Schedule::random(seed, load);
    let outcome = Run { seed, load, rest: Run::REST, schedule: schedule.clone(), mutant: None }.play();
    say(&outcome.to_string());
    let missing = outcome.missing();
    if outcome.violations.is_empty() {
        missing.iter().for_each(|what| say(&format!("a run that shows too little: there were no {what}")));
        return missing.is_empty().then_some(true);
    }
    say(&format!("the schedule of seed {seed} was:\n{schedule}"));
    show(outcome);
    Some(false)
}

fn mutants(only: Option<&str>, seed: u64) -> bool {
    let mut passed = true;
    say(&format!("{:<24} {:<38} {:<10} {}", "rule", "broken so that", "unbroken", "broken"));
    for mutant in MUTANTS.iter().filter(|mutant| only.is_none_or(|only| only == mutant.name)) {
        let unbroken = mutant.control(seed).play();
        let broken = mutant.run(seed).play();
        let verdict = |outcome: &Outcome| match outcome.violations.first() {
            None => "nothing".to_owned(),
            Some(first) => {
                format!("{} found; {}", outcome.violations.len(), first.chars().take(120).collect::<String>())
            }
        };
        let (without, with) = (verdict(&unbroken), verdict(&broken));
        say(&format!("{:<24} {:<38} {without:<10} {with}", mutant.name, mutant.what));
        passed &= unbroken.violations.is_empty() && !broken.violations.is_empty();
        if !unbroken.violations.is_empty() {
            show(unbroken);
        }
    }
    passed
}

fn show(mut outcome: Outcome) {
    for violation in outcome.violations.iter().take(SHOWN_MAX) {
        say(&format!("- {violation}"));
    }
    if let Some(dir) = outcome.keep_logs() {
        let text = outcome.violations.join("\n");
        // The folder is there: it was made for this run.
        let _written = std::fs::write(dir.join("violations.txt"), text);
        say(&format!("logs, journal, record and all violations are in {}", dir.display()));
    }
}

/// Tells whoever runs it. Nothing is left to be done where even that fails.
fn say(text: &str) {
    let _told = writeln!(std::io::stderr(), "{text}");
}
