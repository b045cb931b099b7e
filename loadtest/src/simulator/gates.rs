//! Gates: an answer that waits for one is withheld until a test has decided everything and opens it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// Gates that stand open at one time; beyond it the first in alphabetical order is forgotten.
const OPEN_GATES_MAX: usize = 10_000;

#[derive(Default)]
struct Gate {
    open: bool,
    waiting: usize,
}

/// All gates of a simulator, by name. A gate that nobody named before is closed.
pub(super) struct Gates {
    gates: Mutex<BTreeMap<String, Gate>>,
    /// Counts openings, so that whoever waits looks again.
    openings: watch::Sender<u64>,
}

impl Gates {
    pub(super) fn new() -> Self {
        Self { gates: Mutex::default(), openings: watch::Sender::new(0) }
    }

    /// Opens a gate for whoever waits at it and whoever comes later.
    pub(super) fn open(&self, name: &str) {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.len() >= OPEN_GATES_MAX {
            let forgotten = gates.iter().find(|(_, gate)| gate.waiting == 0).map(|(name, _)| name.clone());
            forgotten.map(|name| gates.remove(&name));
        }
        gates.entry(name.to_owned()).or_default().open = true;
        drop(gates);
        self.openings.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// How many requests wait at a gate now.
    pub(super) fn waiting(&self, name: &str) -> usize {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner).get(name).map_or(0, |gate| gate.waiting)
    }

    /// Returns when the gate is open. May be dropped while it waits.
    pub(super) async fn pass(&self, name: &str) {
        let mut openings = self.openings.subscribe();
        let _place = Place::take(self, name);
        while !self.is_open(name) {
            // The sender lives in `self`, so that waiting cannot fail.
            let _ = openings.changed().await;
        }
    }

    fn is_open(&self, name: &str) -> bool {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner).get(name).is_some_and(|gate| gate.open)
    }
}

/// A place in front of a gate; dropping it leaves.
struct Place<'a> {
    gates: &'a Gates,
    name: &'a str,
}

impl<'a> Place<'a> {
    fn take(gates: &'a Gates, name: &'a str) -> Self {
        gates.gates.lock().unwrap_or_else(PoisonError::into_inner).entry(name.to_owned()).or_default().waiting += 1;
        Self { gates, name }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut gates = self.gates.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(gate) = gates.get_mut(self.name) else { return };
        gate.waiting = gate.waiting.saturating_sub(1);
        if gate.waiting == 0 && !gate.open {
            gates.remove(self.name);
        }
    }
}
