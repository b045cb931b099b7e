//! In front of each kind of command to a service: what comes while a batch is under way goes in the next.
//!
//! Nothing waits for a timer: a command that finds no batch under way goes at once, alone or with those that came in
//! the same moment. Replicas are asked in turn, one batch after the other: so batches are as large as with one replica,
//! all replicas have the same load, and a connection to each is warm when another fails. Only when a batch is under way
//! for longer than [`STALLED`] does the next one not wait for it: a replica that stands still delays nothing but what
//! it was sent.
//!
//! A command is handed over synchronously and carried out whether or not somebody still waits for its answer.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use actix::{Actor, ActorFutureExt as _, Addr, Arbiter, AsyncContext as _, Context, Handler, Message, WrapFuture as _};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::ser::Serializer as _;
use syntopen_shared::wire::ledger::BATCH_MAX;
use tokio::sync::oneshot;

use crate::clients::Unavailable;
use crate::clients::replicas::STALLED;
use crate::clients::service::failure::Failure;
use crate::clients::service::{Route, Service, ServiceSettings};

#[cfg(test)]
mod tests;

/// Commands that wait or are under way at most; beyond that they are refused at once.
const WAITING_MAX: usize = 16_384;
/// Batches under way at most, all but one of them stalled.
const BATCHES_MAX: usize = 8;
/// Commands under way at once, of a kind that is not batched.
const SINGLES_MAX: usize = 64;

/// A kind of command to a service.
pub trait Command: Unpin + 'static {
    /// What is asked.
    type Ask: Serialize + Send + Unpin + 'static;
    /// What is answered.
    type Answer: DeserializeOwned + Send + 'static;
    /// How it is sent.
    const ROUTE: Route;
    /// What is sent together.
    const GATHER: Gather;
}

/// How commands make up a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gather {
    /// A body is an array of commands, answered by an array.
    InBatches,
    /// A body is one command.
    Singly,
}

/// Handle of a batcher.
pub struct Batcher<C: Command> {
    sender: Addr<Sender<C>>,
    waiting: Arc<AtomicUsize>,
    up: Arc<AtomicBool>,
}

impl<C: Command> Batcher<C> {
    /// A batcher that sends from the thread of `arbiter`.
    #[must_use]
    pub fn start(arbiter: &Arbiter, settings: ServiceSettings) -> Self {
        let up = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&up);
        let sender = Sender::start_in_arbiter(&arbiter.handle(), move |_| {
            let service = Service::start(settings, C::ROUTE, told);
            Sender { service, queue: VecDeque::new(), starts: BTreeMap::new(), started: 0 }
        });
        Self { sender, waiting: Arc::default(), up }
    }

    /// Sends a command and returns its answer.
    ///
    /// # Errors
    /// When no replica answers, or too many commands wait.
    pub async fn ask(&self, ask: C::Ask) -> Result<C::Answer, Unavailable> {
        let place = Place::take(&self.waiting).ok_or(Unavailable::Unsent)?;
        let (reply, answer) = oneshot::channel();
        self.sender.do_send(Pending::<C> { ask, reply, _place: place });
        answer.await.unwrap_or(Err(Unavailable::Unknown))
    }

    /// Whether a replica is known to answer.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }
}

/// A command's share of the bound.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(waiting: &Arc<AtomicUsize>) -> Option<Self> {
        let place = Self(Arc::clone(waiting));
        (waiting.fetch_add(1, Ordering::AcqRel) < WAITING_MAX).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

struct Pending<C: Command> {
    ask: C::Ask,
    /// Dropped where nothing is known of the command.
    reply: oneshot::Sender<Result<C::Answer, Unavailable>>,
    _place: Place,
}

impl<C: Command> Message for Pending<C> {
    type Result = ();
}

/// Runs when the mailbox is empty, so that what came in one moment goes together.
struct Flush;

impl Message for Flush {
    type Result = ();
}

struct Sender<C: Command> {
    service: Rc<Service>,
    queue: VecDeque<Pending<C>>,
    /// When each batch that is under way began.
    starts: BTreeMap<u64, Instant>,
    started: u64,
}

impl<C: Command> Actor for Sender<C> {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        if C::GATHER == Gather::InBatches {
            context.run_interval(STALLED, Self::flush);
        }
    }
}

impl<C: Command> Handler<Pending<C>> for Sender<C> {
    type Result = ();

    fn handle(&mut self, pending: Pending<C>, context: &mut Context<Self>) {
        self.queue.push_back(pending);
        // Later ones find it on its way; where a batch is under way, its end is what flushes.
        if self.queue.len() == 1 && self.is_free() {
            context.notify(Flush);
        }
    }
}

impl<C: Command> Handler<Flush> for Sender<C> {
    type Result = ();

    fn handle(&mut self, _: Flush, context: &mut Context<Self>) {
        self.flush(context);
    }
}

impl<C: Command> Sender<C> {
    fn is_free(&self) -> bool {
        match C::GATHER {
            Gather::Singly => self.starts.len() < SINGLES_MAX,
            // One that stalls does not keep others waiting, and neither do those behind it that do not.
            Gather::InBatches => {
                self.starts.len() < BATCHES_MAX && self.starts.values().all(|start| STALLED <= start.elapsed())
            }
        }
    }

    fn flush(&mut self, context: &mut Context<Self>) {
        while !self.queue.is_empty() && self.is_free() {
            let most = match C::GATHER {
                Gather::InBatches => BATCH_MAX,
                Gather::Singly => 1,
            };
            let batch: Vec<_> = self.queue.drain(..self.queue.len().min(most)).collect();
            self.started += 1;
            let number = self.started;
            self.starts.insert(number, Instant::now());
            let sending = send(Rc::clone(&self.service), batch);
            context.spawn(sending.into_actor(self).map(move |(), sender, context| {
                sender.starts.remove(&number);
                sender.flush(context);
            }));
        }
    }
}

async fn send<C: Command>(service: Rc<Service>, batch: Vec<Pending<C>>) {
    service.counted.commands.inc_by(u64::try_from(batch.len()).unwrap_or(u64::MAX));
    match exchange::<C>(&service, &batch).await {
        Ok(answers) => reply(batch, answers),
        // One of them is wrong: the others must not suffer for it.
        Err(Failure::Rejected(_)) if batch.len() > 1 => {
            for pending in batch {
                let alone = [pending];
                if let Ok(answers) = exchange::<C>(&service, &alone).await {
                    reply(alone.into(), answers);
                }
            }
        }
        Err(failure) if failure.is_unsent() => {
            for pending in batch {
                let _ = pending.reply.send(Err(Unavailable::Unsent));
            }
        }
        // Whoever waits hears that its reply is gone; the cause has been logged and counted.
        Err(_) => {}
    }
}

fn reply<C: Command>(batch: Vec<Pending<C>>, answers: Vec<C::Answer>) {
    for (pending, answer) in batch.into_iter().zip(answers) {
        // Whoever asked may be gone.
        let _ = pending.reply.send(Ok(answer));
    }
}

async fn exchange<C: Command>(service: &Service, batch: &[Pending<C>]) -> Result<Vec<C::Answer>, Failure> {
    let body = encode(batch).map_err(|error| Failure::Rejected(error.to_string()))?;
    let answer = service.exchange(body).await?;
    let answers: Vec<C::Answer> = match C::GATHER {
        Gather::InBatches => serde_json::from_slice(&answer),
        Gather::Singly => serde_json::from_slice(&answer).map(|answer| vec![answer]),
    }
    .map_err(|error| unreadable::<C>(&error.to_string()))?;
    if answers.len() == batch.len() { Ok(answers) } else { Err(unreadable::<C>("not as many answers as commands")) }
}

fn unreadable<C: Command>(reason: &str) -> Failure {
    tracing::error!(path = C::ROUTE.path, reason, "a service's answer is of another version");
    Failure::Broken
}

fn encode<C: Command>(batch: &[Pending<C>]) -> serde_json::Result<Bytes> {
    let mut body = Vec::new();
    match (C::GATHER, batch) {
        (Gather::Singly, [pending]) => serde_json::to_writer(&mut body, &pending.ask)?,
        _ => serde_json::Serializer::new(&mut body).collect_seq(batch.iter().map(|pending| &pending.ask))?,
    }
    Ok(body.into())
}
