//! Settlements on their way to the ledger.
//!
//! A settlement outlives its request: it is handed over synchronously, from wherever the request ends (a finished
//! answer, a dropped future, a panic), and delivered from a thread of its own until the ledger has it. The queue is
//! bounded by places that are reserved before the hold is sent, so that handing over cannot fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::{Actor, Addr, Arbiter, Context, Handler, Message};
use syntopen_shared::wire::ledger::{Finish, FinishRefused};
use tokio::sync::oneshot;

use crate::clients::ledger::LedgerClient;
use crate::meter::{Ending, Meter};
use crate::metrics::Metrics;
use crate::tokens::Tokenizer;

const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Handle of the outbox.
#[derive(Clone)]
pub struct Outbox {
    courier: Addr<Courier>,
    places: Arc<Places>,
}

#[derive(Debug)]
struct Places {
    taken: AtomicUsize,
    max: usize,
}

/// A reserved place: the right to hand over one settlement. Free again when dropped or when its settlement is booked.
pub struct Place {
    courier: Addr<Courier>,
    taken: Taken,
}

struct Taken(Arc<Places>);

/// What the outbox needs to deliver.
pub struct Delivery {
    /// Where settlements go.
    pub ledger: Arc<dyn LedgerClient>,
    /// Counts what no provider counted.
    pub tokenizer: Arc<Tokenizer>,
    /// Counts what went wrong.
    pub metrics: Arc<Metrics>,
}

impl Outbox {
    /// An outbox of at most `max` entries that delivers on the thread of `arbiter`.
    #[must_use]
    pub fn start(arbiter: &Arbiter, max: usize, delivery: Delivery) -> Self {
        let courier = Courier { delivery: Arc::new(delivery) };
        let courier = Courier::start_in_arbiter(&arbiter.handle(), move |_| courier);
        Self { courier, places: Arc::new(Places { taken: AtomicUsize::new(0), max }) }
    }

    /// Reserves a place, or `None` when all are taken.
    #[must_use]
    pub fn reserve(&self) -> Option<Place> {
        let places = &self.places;
        let free = |taken: usize| (taken < places.max).then_some(taken + 1);
        places.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, free).ok()?;
        Some(Place { courier: self.courier.clone(), taken: Taken(Arc::clone(places)) })
    }

    /// How many requests are running or waiting for the book.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.taken.load(Ordering::Acquire)
    }

    /// Whether no request is running and none waits for the book.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Place {
    /// Hands a settlement over. Synchronous, needs no runtime, and cannot fail. The receiver hears when the ledger has
    /// applied it.
    pub fn hand_over(self, meter: Arc<Meter>, ending: Ending) -> oneshot::Receiver<()> {
        let (applied, heard) = oneshot::channel();
        self.courier.do_send(Settlement { meter, ending, applied, taken: self.taken });
        heard
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

struct Settlement {
    meter: Arc<Meter>,
    ending: Ending,
    applied: oneshot::Sender<()>,
    taken: Taken,
}

impl Message for Settlement {
    type Result = ();
}

struct Courier {
    delivery: Arc<Delivery>,
}

impl Actor for Courier {
    type Context = Context<Self>;
}

impl Handler<Settlement> for Courier {
    type Result = ();

    fn handle(&mut self, settlement: Settlement, _: &mut Context<Self>) {
        actix_rt::spawn(deliver(Arc::clone(&self.delivery), settlement));
    }
}

async fn deliver(delivery: Arc<Delivery>, settlement: Settlement) {
    let Settlement { meter, ending, applied, taken } = settlement;
    let finish = meter.finish(ending, &delivery.tokenizer).await;
    delivery.metrics.finished(&finish);
    if send(&delivery, finish).await {
        // Nobody waits for a release, or for what ended with a disconnect.
        let _ = applied.send(());
    }
    drop(taken);
}

/// Sends until the ledger has answered; whether it has taken the settlement.
async fn send(delivery: &Delivery, finish: Finish) -> bool {
    let mut wait = RETRY_FIRST;
    loop {
        match delivery.ledger.finish(finish.clone()).await {
            Ok(Ok(_)) => return true,
            Ok(Err(FinishRefused::Conflict)) => {
                delivery.metrics.settlements_parked.inc();
                let (request, account) = (finish.id, finish.account);
                let (kind, cost_nanos) = (finish.kind, finish.usage.cost.nanos());
                tracing::error!(%request, %account, ?kind, cost_nanos, "the ledger refuses a settlement for good: look into it");
                return false;
            }
            Ok(Err(FinishRefused::Frozen)) | Err(_) => {
                delivery.metrics.settlements_resent.inc();
                actix_rt::time::sleep(wait).await;
                wait = (wait * 2).min(RETRY_MAX);
            }
        }
    }
}
