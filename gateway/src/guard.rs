//! The one owner of a hold: whatever ends the request goes through it, once.
//!
//! It exists before the hold is sent. It is moved by value from stage to stage, and at the end it hands the settlement
//! to the outbox synchronously; if it is dropped (a disconnect, a deadline, a panic, a shutdown) it does the same.
//! Dropping spawns nothing, awaits nothing and counts nothing: it may happen where there is no runtime any more.

use std::sync::Arc;
use std::time::Duration;

use syntopen_shared::price::Tokens;
use syntopen_shared::wire::ledger::{Outcome, UsageSource};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::actors::checkpointer::Checkpointer;
use crate::actors::outbox::Place;
use crate::meter::{Ending, Meter};

/// Ends a hold exactly once.
pub struct HoldGuard {
    meter: Arc<Meter>,
    checkpointer: Checkpointer,
    /// Gone when the hold has been ended.
    place: Option<Place>,
    /// One of the upstream calls that may run at once.
    _slot: OwnedSemaphorePermit,
}

/// What a request needs of the gateway before it may hold money.
pub struct Admission {
    /// A place for its settlement.
    pub place: Place,
    /// One of the upstream calls that may run at once.
    pub slot: OwnedSemaphorePermit,
}

/// The ledger's word on a settlement that was handed over.
pub struct Settling {
    applied: oneshot::Receiver<()>,
}

/// Whether a settlement was applied within the time that an answer waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was.
    InTime,
    /// Not yet, or the ledger refuses it; the outbox goes on with it.
    Unknown,
}

impl HoldGuard {
    /// A guard for a hold that is about to be sent.
    #[must_use]
    pub fn new(meter: Arc<Meter>, checkpointer: Checkpointer, admission: Admission) -> Self {
        Self { meter, checkpointer, place: Some(admission.place), _slot: admission.slot }
    }

    /// The meter of the request.
    #[must_use]
    pub const fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// The hold is granted: it is renewed from now on.
    pub fn granted(&self) {
        self.checkpointer.watch(&self.meter);
    }

    /// The hold was refused, or never sent: there is nothing to end.
    pub fn refused(mut self) {
        self.place = None;
    }

    /// Gives the hold back.
    pub fn release(mut self, outcome: Outcome) {
        self.end(Ending::Released(outcome));
    }

    /// Charges what was received so far.
    pub fn break_off(mut self, outcome: Outcome) {
        self.end(Ending::Broken(outcome));
    }

    /// Charges a complete answer. The settlement is handed over before this returns; awaiting the result is optional.
    pub fn settle(mut self, tokens: Tokens, source: UsageSource, outcome: Outcome) -> Settling {
        let ending = Ending::Complete(tokens, source, outcome);
        let applied = self.end(ending).unwrap_or_else(|| oneshot::channel().1);
        Settling { applied }
    }

    fn end(&mut self, ending: Ending) -> Option<oneshot::Receiver<()>> {
        let place = self.place.take()?;
        self.checkpointer.forget(self.meter.id());
        Some(place.hand_over(Arc::clone(&self.meter), ending))
    }
}

impl Drop for HoldGuard {
    fn drop(&mut self) {
        let outcome = if std::thread::panicking() { Outcome::Aborted } else { Outcome::Disconnected };
        drop(self.end(Ending::Broken(outcome)));
    }
}

impl Settling {
    /// Waits until the ledger has applied the settlement, but no longer than `wait`.
    pub async fn applied_within(self, wait: Duration) -> Applied {
        match actix_rt::time::timeout(wait, self.applied).await {
            Ok(Ok(())) => Applied::InTime,
            Ok(Err(_)) | Err(_) => Applied::Unknown,
        }
    }
}
