//! The cluster under a nemesis, and what must hold of it without one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod proofs;
mod stage;

use std::time::Duration;

/// Another one is chosen with the variable `CHAOS_SEED`.
const SEED: u64 = 20_261_124;
/// Time for more than ten faults.
const LOAD: Duration = Duration::from_secs(70);

#[test]
fn no_fault_loses_or_invents_money() {
    let seed = std::env::var("CHAOS_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    assert!(syntopen_chaos::cli::soak(seed, LOAD), "see above");
}
