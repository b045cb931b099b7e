//! Settlements on their way to the ledger, and from there into the book.
//!
//! A settlement outlives its request: it is handed over synchronously, from wherever the request ends (a finished
//! answer, a dropped future, a panic), and delivered from a thread of its own until the ledger has applied it. What is
//! applied but not booked is remembered until the book confirms its id with its total, and sent again when that takes
//! long: the ledger's hot state may have lost it. The outbox is bounded by places that are reserved before the hold is
//! sent, so that handing over cannot fail; what is applied has the places that are left, and its oldest goes first.
//!
//! One table and one timer: nothing that waits has a task of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix::{Actor, ActorFutureExt as _, Addr, Arbiter, AsyncContext as _, Context, Handler, Message, WrapFuture as _};
use syntopen_shared::chaos::is_mutant;
use syntopen_shared::wire::ledger::{BATCH_MAX, Finish, FinishAnswer, FinishRefused};
use tokio::sync::oneshot;

use self::booking::Booking;
use self::table::{RETRY_FIRST, Table, Unapplied};
use crate::clients::ledger::LedgerClient;
use crate::meter::{Ending, Meter};
use crate::metrics::Metrics;
use crate::tokens::Tokenizer;

mod booking;
mod table;
#[cfg(test)]
mod tests;

/// How often it is looked whether something is due.
const TICK: Duration = Duration::from_millis(50);
/// How often the book is asked.
const CONFIRM_INTERVAL: Duration = Duration::from_millis(500);
/// How often it is asked while the gateway ends.
const CONFIRM_HURRIED: Duration = Duration::from_millis(100);
/// How many settlements are sent again at once: more would keep those that come first from the ledger.
const AGAIN_MAX: usize = 4 * BATCH_MAX;

/// Handle of the outbox.
#[derive(Clone)]
pub struct Outbox {
    courier: Addr<Courier>,
    places: Arc<Places>,
}

#[derive(Debug)]
struct Places {
    /// Of requests that run, or whose settlement is not applied.
    taken: AtomicUsize,
    /// Settlements that are applied and not confirmed.
    unbooked: AtomicUsize,
    max: usize,
}

/// A reserved place: the right to hand over one settlement. Free again when dropped or when its settlement is applied.
pub struct Place {
    courier: Addr<Courier>,
    taken: Taken,
}

#[derive(Debug)]
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
        let places = Arc::new(Places { taken: AtomicUsize::new(0), unbooked: AtomicUsize::new(0), max });
        let courier = Courier {
            delivery: Arc::new(delivery),
            places: Arc::clone(&places),
            table: Table::default(),
            is_open: true,
            is_sending: false,
            is_asking: false,
            ask_at: Instant::now(),
            ask_interval: CONFIRM_INTERVAL,
        };
        let courier = Courier::start_in_arbiter(&arbiter.handle(), move |_| courier);
        Self { courier, places }
    }

    /// Reserves a place, or `None` when all are taken.
    #[must_use]
    pub fn reserve(&self) -> Option<Place> {
        let places = &self.places;
        let free = |taken: usize| (taken < places.max).then_some(taken + 1);
        places.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, free).ok()?;
        Some(Place { courier: self.courier.clone(), taken: Taken(Arc::clone(places)) })
    }

    /// How many requests are running, or have a settlement that is not applied.
    #[must_use]
    pub fn unapplied(&self) -> usize {
        self.places.taken.load(Ordering::Acquire)
    }

    /// How many settlements are applied and not confirmed by the book.
    #[must_use]
    pub fn unbooked(&self) -> usize {
        self.places.unbooked.load(Ordering::Acquire)
    }

    /// Whether no request is running and none waits for the ledger or the book.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.unapplied() == 0 && self.unbooked() == 0
    }

    /// The gateway ends: nothing waits for long any more.
    pub fn hurry(&self) {
        self.courier.do_send(Hurry);
    }
}

impl Place {
    /// Hands a settlement over. Synchronous, needs no runtime, and cannot fail. The receiver hears when the ledger has
    /// applied it.
    pub fn hand_over(self, meter: Arc<Meter>, ending: Ending) -> oneshot::Receiver<()> {
        let (applied, heard) = oneshot::channel();
        let ticket = Ticket { applied, _taken: self.taken };
        self.courier.do_send(Settlement { meter, ending, ticket });
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
    ticket: Ticket,
}

impl Message for Settlement {
    type Result = ();
}

/// What is given up when a settlement is applied.
#[derive(Debug)]
struct Ticket {
    applied: oneshot::Sender<()>,
    _taken: Taken,
}

impl Ticket {
    fn tell(self) {
        // Nobody waits for a release, or for what ended with a disconnect.
        let _ = self.applied.send(());
    }
}

/// What came of sending a settlement.
struct Sent {
    entry: Unapplied<Ticket>,
    answer: FinishAnswer,
}

impl Message for Sent {
    type Result = ();
}

struct Hurry;

impl Message for Hurry {
    type Result = ();
}

struct Courier {
    delivery: Arc<Delivery>,
    places: Arc<Places>,
    table: Table<Ticket>,
    /// Whether the ledger was there at the last tick.
    is_open: bool,
    is_sending: bool,
    is_asking: bool,
    ask_at: Instant,
    ask_interval: Duration,
}

impl Actor for Courier {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.run_interval(TICK, Self::tick);
    }
}

impl Handler<Settlement> for Courier {
    type Result = ();

    fn handle(&mut self, settlement: Settlement, context: &mut Context<Self>) {
        actix_rt::spawn(deliver(Arc::clone(&self.delivery), settlement, context.address()));
    }
}

impl Handler<Sent> for Courier {
    type Result = ();

    fn handle(&mut self, Sent { entry, answer }: Sent, _: &mut Context<Self>) {
        self.judge(entry, answer);
        self.bound();
    }
}

impl Handler<Hurry> for Courier {
    type Result = ();

    fn handle(&mut self, _: Hurry, _: &mut Context<Self>) {
        let now = Instant::now();
        (self.ask_at, self.ask_interval) = (now, CONFIRM_HURRIED);
        self.table.hurry(now);
    }
}

/// Sends a settlement for the first time. What need not be remembered ends here.
async fn deliver(delivery: Arc<Delivery>, settlement: Settlement, courier: Addr<Courier>) {
    let Settlement { meter, ending, ticket } = settlement;
    let finish = Arc::new(meter.finish(ending, &delivery.tokenizer).await);
    // It holds the request's body.
    drop(meter);
    delivery.metrics.finished(&finish);
    let answer = delivery.ledger.finish(Arc::clone(&finish)).await.ok();
    match answer {
        Some(Ok(finished)) if finished.booked => ticket.tell(),
        answer => courier.do_send(Sent { entry: Unapplied { finish, wait: RETRY_FIRST, ticket }, answer }),
    }
}

impl Courier {
    fn judge(&mut self, entry: Unapplied<Ticket>, answer: FinishAnswer) {
        match answer {
            Some(Ok(finished)) => {
                if !finished.booked && !is_mutant("forget_on_apply") {
                    self.table.applied(entry.finish, Instant::now());
                    self.publish();
                }
                entry.ticket.tell();
            }
            Some(Err(FinishRefused::Conflict)) => park(&self.delivery.metrics, &entry.finish),
            Some(Err(FinishRefused::Frozen)) | None => {
                self.delivery.metrics.settlements_resent.inc();
                self.table.retry(entry, Instant::now());
            }
        }
    }

    /// What is applied may have the places that nothing else has.
    fn bound(&mut self) {
        let free = self.places.max.saturating_sub(self.places.taken.load(Ordering::Acquire));
        let forgotten = self.table.keep(free);
        if forgotten > 0 {
            self.delivery.metrics.settlements_forgotten.inc_by(u64::try_from(forgotten).unwrap_or(u64::MAX));
            self.publish();
        }
    }

    fn publish(&self) {
        self.places.unbooked.store(self.table.unbooked(), Ordering::Release);
    }

    fn tick(&mut self, context: &mut Context<Self>) {
        let (now, is_open) = (Instant::now(), self.delivery.ledger.is_open());
        if is_open && !std::mem::replace(&mut self.is_open, is_open) {
            self.table.retry_now(now);
        }
        self.is_open = is_open;
        self.bound();
        if !self.is_sending {
            self.send_again(context, now);
        }
        if !self.is_asking && self.ask_at <= now && self.table.unbooked() > 0 {
            self.ask_at = now + self.ask_interval;
            self.ask(context);
        }
    }

    fn send_again(&mut self, context: &mut Context<Self>, now: Instant) {
        let due = self.table.take_due(AGAIN_MAX, now);
        if due.is_empty() {
            return;
        }
        self.is_sending = true;
        let sending = send_all(Arc::clone(&self.delivery), due);
        context.spawn(sending.into_actor(self).map(|sent, courier, _| {
            courier.is_sending = false;
            for Sent { entry, answer } in sent {
                courier.judge(entry, answer);
            }
            courier.bound();
        }));
    }

    /// Asks the book about the next of what is applied. A round goes on as long as the book answers.
    fn ask(&mut self, context: &mut Context<Self>) {
        let questions = self.table.ask(BATCH_MAX);
        self.is_asking = !questions.is_empty();
        if self.is_asking {
            let booking = Booking::ask(Arc::clone(&self.delivery), questions);
            context.spawn(booking.into_actor(self).map(|booking, courier, context| courier.heard(booking, context)));
        }
    }

    fn heard(&mut self, booking: Booking, context: &mut Context<Self>) {
        let now = Instant::now();
        let mut again = Vec::new();
        for (number, is_booked) in booking.answers {
            if is_booked {
                self.table.confirmed(number);
            } else {
                again.extend(self.table.unconfirmed(number, now).map(|finish| (number, finish)));
            }
        }
        self.publish();
        let sending = booking::send_again(Arc::clone(&self.delivery), again);
        context.spawn(sending.into_actor(self).map(move |done, courier, context| {
            for number in done {
                courier.table.confirmed(number);
            }
            courier.publish();
            courier.is_asking = false;
            if booking.is_there {
                courier.ask(context);
            }
        }));
    }
}

/// Sends batch by batch, until one fails as a whole: then the ledger is gone, and so it would be for the others.
async fn send_all(delivery: Arc<Delivery>, due: Vec<Unapplied<Ticket>>) -> Vec<Sent> {
    let (mut sent, mut due) = (Vec::with_capacity(due.len()), due.into_iter());
    loop {
        let batch: Vec<_> = due.by_ref().take(BATCH_MAX).collect();
        if batch.is_empty() {
            return sent;
        }
        let finishes = batch.iter().map(|entry| Arc::clone(&entry.finish)).collect();
        let answers = delivery.ledger.finish_again(finishes).await;
        let is_gone = answers.is_err();
        let answers = answers.unwrap_or_else(|_| vec![None; batch.len()]);
        sent.extend(batch.into_iter().zip(answers).map(|(entry, answer)| Sent { entry, answer }));
        if is_gone {
            sent.extend(due.by_ref().map(|entry| Sent { entry, answer: None }));
        }
    }
}

/// The ledger refuses it for good, which nobody but a person can mend.
fn park(metrics: &Metrics, finish: &Finish) {
    metrics.settlements_parked.inc();
    let (request, account) = (finish.id, finish.account);
    let (kind, cost_nanos) = (finish.kind, finish.usage.cost.nanos());
    tracing::error!(%request, %account, ?kind, cost_nanos, "the ledger refuses a settlement for good: look into it");
}
