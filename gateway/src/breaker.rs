//! Breakers: an upstream that fails is left alone for a while, and one call then probes whether it is back.
//!
//! Each upstream has one, and each of its credentials has one of its own for what is about the credential: one that is
//! refused, or whose quota is used up, is left alone while its siblings serve.
//!
//! They are plain state behind a lock, not an actor. Nothing happens to them by itself: a state changes only when a
//! call asks or ends. And there must be *one* probe among all workers: an actor would have to be awaited for it, since
//! two workers that read the same snapshot would both take themselves for it. They are this process's own: each gateway
//! of a cluster finds out for itself, at the cost of some failed calls each, and none has to agree with another.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use syntopen_shared::clock::Clock;

use crate::catalog::Upstream;
use crate::metrics::Metrics;

mod circuit;
mod machine;
mod tally;
#[cfg(test)]
mod tests;
mod window;

pub use circuit::{BreakerMetrics, Circuit, Condition, Pass, Refused, Verdict};
pub use machine::{Breaker, BreakerSettings, Moment, Outcome, Shown, Ticket};
pub use tally::Calls;

use circuit::Parts;

/// The breakers of all upstreams. They outlive a change of the catalog.
pub struct Breakers {
    settings: BreakerSettings,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// By the name of the upstream. Written when an upstream is called for the first time, and read ever after.
    circuits: RwLock<HashMap<Arc<str>, Arc<Circuit>>>,
}

impl Breakers {
    /// Breakers that are all closed.
    #[must_use]
    pub fn new(settings: BreakerSettings, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        Self { settings, clock, metrics, circuits: RwLock::default() }
    }

    /// The breakers of `upstream`. They begin anew when the catalog changes where it is, or its credentials.
    #[must_use]
    pub fn of(&self, upstream: &Upstream) -> Arc<Circuit> {
        let known = self.circuits.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(circuit) = known.get(&upstream.name).filter(|circuit| circuit.is_of(upstream)) {
            return Arc::clone(circuit);
        }
        drop(known);
        let mut known = self.circuits.write().unwrap_or_else(PoisonError::into_inner);
        // Another worker may have been faster.
        if let Some(circuit) = known.get(&upstream.name).filter(|circuit| circuit.is_of(upstream)) {
            return Arc::clone(circuit);
        }
        let parts = Parts { settings: self.settings, clock: Arc::clone(&self.clock), metrics: &self.metrics };
        let circuit = Arc::new(Circuit::new(upstream, parts));
        known.insert(Arc::clone(&upstream.name), Arc::clone(&circuit));
        circuit
    }

    /// Whether a call to `upstream` would be let through now.
    ///
    /// # Errors
    /// In how many milliseconds to ask again.
    pub fn ready(&self, upstream: &Upstream) -> Result<(), u64> {
        let ready = self.of(upstream).ready(Refused::default());
        ready.map_err(|until_us| self.ms_until(until_us))
    }

    /// How many milliseconds it is until that moment, rounded up.
    #[must_use]
    pub fn ms_until(&self, until_us: i64) -> u64 {
        u64::try_from(until_us.saturating_sub(self.clock.monotonic_us())).unwrap_or(0).div_ceil(1_000)
    }
}
