//! Renews every running hold and records what its request has cost so far, in one batch every two seconds.
//!
//! It reads the meters that the relay writes, and never blocks the relay.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix::{Actor, ActorFutureExt as _, Addr, Arbiter, AsyncContext as _, Context, WrapFuture as _};
use futures_util::{StreamExt as _, future, stream};
use syntopen_shared::id::RequestId;
use syntopen_shared::wire::ledger::{BATCH_MAX, Checkpoint};

use crate::clients::ledger::LedgerClient;
use crate::meter::Meter;
use crate::tokens::Tokenizer;

/// How often holds are renewed; they live for 60 s.
const INTERVAL: Duration = Duration::from_secs(2);
/// For how long of that text is counted before the holds are renewed with what is known.
const COUNT_MAX: Duration = Duration::from_millis(500);
/// How many texts are counted at once.
const COUNTERS: usize = 2;

/// Handle of the checkpointer: the list of running requests.
#[derive(Clone)]
pub struct Checkpointer {
    running: Arc<Running>,
    // Keeps the actor alive; it is never sent anything.
    _timer: Addr<Timer>,
}

/// A std mutex is right: nothing is awaited while it is held, and each hold lasts for one map operation.
type Running = Mutex<HashMap<RequestId, Arc<Meter>>>;

impl Checkpointer {
    /// A checkpointer that works on the thread of `arbiter`.
    #[must_use]
    pub fn start(arbiter: &Arbiter, ledger: Arc<dyn LedgerClient>, tokenizer: Arc<Tokenizer>) -> Self {
        let running = Arc::new(Running::default());
        let timer = Timer { running: Arc::clone(&running), ledger, tokenizer, in_flight: false };
        let timer = Timer::start_in_arbiter(&arbiter.handle(), move |_| timer);
        Self { running, _timer: timer }
    }

    /// From now on the hold of this request is renewed.
    pub fn watch(&self, meter: &Arc<Meter>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.insert(meter.id(), Arc::clone(meter));
    }

    /// From now on it is not.
    pub fn forget(&self, id: RequestId) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

struct Timer {
    running: Arc<Running>,
    ledger: Arc<dyn LedgerClient>,
    tokenizer: Arc<Tokenizer>,
    in_flight: bool,
}

impl Actor for Timer {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.run_interval(INTERVAL, Self::tick);
    }
}

impl Timer {
    fn tick(&mut self, context: &mut Context<Self>) {
        if self.in_flight {
            return;
        }
        let meters: Vec<_> = {
            let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.values().filter(|meter| meter.age() >= INTERVAL).cloned().collect()
        };
        if meters.is_empty() {
            return;
        }
        self.in_flight = true;
        let (ledger, tokenizer) = (Arc::clone(&self.ledger), Arc::clone(&self.tokenizer));
        let work = async move {
            count(&meters, &tokenizer).await;
            renew(&*ledger, &meters).await;
        };
        context.spawn(work.into_actor(self).map(|(), timer, _| timer.in_flight = false));
    }
}

/// Counts what has come, for a while: renewing must not wait for it. What is not counted by then is at the next tick.
async fn count(meters: &[Arc<Meter>], tokenizer: &Arc<Tokenizer>) {
    let uncounted = meters.iter().filter(|meter| meter.needs_count());
    let counting = stream::iter(uncounted).for_each_concurrent(COUNTERS, |meter| async move {
        meter.count(tokenizer).await;
    });
    // Whoever was still counting takes it up again: a meter keeps its text until it is counted.
    let _late = actix_rt::time::timeout(COUNT_MAX, counting).await;
}

/// Renews all holds at once. The ledger renews when it is asked, and answers when its book has it: a book that is down
/// must not keep the next renewal from being sent.
async fn renew(ledger: &dyn LedgerClient, meters: &[Arc<Meter>]) {
    let renewing = meters.chunks(BATCH_MAX).map(|batch| ledger.checkpoint(batch.iter().map(checkpoint).collect()));
    let renewed = actix_rt::time::timeout(INTERVAL, future::join_all(renewing)).await;
    if renewed.is_ok_and(|answers| answers.iter().any(Result::is_err)) {
        tracing::warn!(holds = meters.len(), "holds could not be renewed; trying again in 2 s");
    }
}

fn checkpoint(meter: &Arc<Meter>) -> Checkpoint {
    Checkpoint {
        id: meter.id(),
        account: meter.account(),
        key: meter.key(),
        amount: meter.amount(),
        usage: meter.so_far(),
    }
}
