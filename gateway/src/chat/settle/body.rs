//! The body of a streamed answer.

use std::cell::RefCell;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_rt::task::JoinHandle;
use actix_web::web::Bytes;
use futures_util::{FutureExt as _, Stream, stream};
use syntopen_shared::chaos::failpoint;
use syntopen_shared::wire::ledger::Outcome;
use tokio::sync::oneshot;

use super::{error_event, finish};
use crate::answer::UpstreamError;
use crate::app::App;
use crate::chat::relay::stream::{Step, StreamRelay};
use crate::error::ApiError;

const COMMENT: Bytes = Bytes::from_static(b": keep-alive\n\n");

struct Body {
    app: Arc<App>,
    phase: Phase,
    watcher: Watcher,
}

/// Ends with the body, whose client it watches.
struct Watcher(JoinHandle<()>);

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.abort();
    }
}

enum Phase {
    /// The answer is coming in.
    Relaying(Rc<RefCell<Slot>>),
    /// It has finished and is being settled, by a task that goes on when the client does not.
    Settling(oneshot::Receiver<Bytes>),
    /// Nothing more is sent.
    Over,
}

/// Where the relay lies while the client does not ask for more.
struct Slot {
    relay: Option<Box<StreamRelay>>,
    since: Instant,
    /// Whether the client has been sent anything.
    has_sent: bool,
}

/// What the client is sent. When it goes, this is dropped, and with it the guard that ends the hold.
pub(super) fn stream(app: Arc<App>, relay: Box<StreamRelay>) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let slot = Rc::new(RefCell::new(Slot { relay: Some(relay), since: Instant::now(), has_sent: false }));
    let watcher = Watcher(actix_rt::spawn(watch(Rc::downgrade(&slot), app.config.timeouts.idle)));
    stream::unfold(Body { app, phase: Phase::Relaying(slot), watcher }, |body| async move {
        let Body { app, phase, watcher } = body;
        // A panic while relaying would close the connection without a word.
        let next = AssertUnwindSafe(next(&app, phase)).catch_unwind().await.unwrap_or_else(|_| {
            app.metrics.panics.inc();
            tracing::error!("a panic while relaying a stream was caught");
            Some((error_event(&ApiError::internal()), Phase::Over))
        });
        next.map(|(bytes, phase)| (Ok(bytes), Body { app, phase, watcher }))
    })
}

/// Ends the hold of a stream whose client does not read on. Its connection may stay open, but it holds nothing.
async fn watch(slot: Weak<RefCell<Slot>>, idle: Duration) {
    let mut wait = idle;
    loop {
        actix_rt::time::sleep(wait).await;
        let Some(slot) = slot.upgrade() else { return };
        let mut slot = slot.borrow_mut();
        let waits = slot.relay.is_some().then(|| idle.saturating_sub(slot.since.elapsed()));
        if waits == Some(Duration::ZERO) {
            tracing::warn!("a client does not read its stream: giving it up");
            let relay = slot.relay.take();
            drop(slot);
            if let Some(relay) = relay {
                relay.into_guard().break_off(Outcome::Disconnected);
            }
            return;
        }
        wait = waits.unwrap_or(idle);
    }
}

/// What is sent next, and what follows.
async fn next(app: &Arc<App>, phase: Phase) -> Option<(Bytes, Phase)> {
    match phase {
        Phase::Over => None,
        Phase::Settling(settled) => Some(settling(app, settled).await),
        Phase::Relaying(slot) => {
            let relay = slot.borrow_mut().relay.take();
            match relay {
                Some(relay) => Some(relaying(app, slot, relay).await),
                None => Some((error_event(&ApiError::stalled_reader()), Phase::Over)),
            }
        }
    }
}

async fn relaying(app: &Arc<App>, slot: Rc<RefCell<Slot>>, mut relay: Box<StreamRelay>) -> (Bytes, Phase) {
    let step = relay.step().await;
    if slot.borrow().has_sent {
        failpoint("gateway.after_first_byte");
    }
    match step {
        // The client may never ask for more: what has finished is settled now.
        Ok(Step::Send(bytes)) if relay.is_finished() => (bytes, Phase::Settling(begin_settling(app, relay))),
        Ok(Step::Send(bytes)) => {
            *slot.borrow_mut() = Slot { relay: Some(relay), since: Instant::now(), has_sent: true };
            (bytes, Phase::Relaying(slot))
        }
        Ok(Step::Finished) => {
            let settled = begin_settling(app, relay);
            settling(app, settled).await
        }
        Err(failure) => {
            break_off(relay, &failure);
            (error_event(&ApiError::broken_stream()), Phase::Over)
        }
    }
}

async fn settling(app: &App, mut settled: oneshot::Receiver<Bytes>) -> (Bytes, Phase) {
    match actix_rt::time::timeout(app.config.timeouts.comment, &mut settled).await {
        Err(_) => (COMMENT, Phase::Settling(settled)),
        Ok(rest) => (rest.unwrap_or_else(|_| error_event(&ApiError::internal())), Phase::Over),
    }
}

fn break_off(relay: Box<StreamRelay>, failure: &UpstreamError) {
    tracing::warn!(kind = ?failure.kind, "an upstream broke off in mid-stream");
    let has_begun = relay.has_begun();
    let guard = relay.into_guard();
    if has_begun {
        guard.break_off(Outcome::UpstreamFailed);
    } else {
        // Nothing but comments has reached the client.
        guard.release(Outcome::UpstreamFailed);
    }
}

/// Reads the usage behind the finish and settles, whether or not the client still waits.
fn begin_settling(app: &Arc<App>, relay: Box<StreamRelay>) -> oneshot::Receiver<Bytes> {
    let (told, settled) = oneshot::channel();
    let app = Arc::clone(app);
    actix_rt::spawn(async move {
        let settling = AssertUnwindSafe(settle(&app, relay, told)).catch_unwind();
        if settling.await.is_err() {
            app.metrics.panics.inc();
            tracing::error!("a panic while settling a stream was caught");
        }
    });
    settled
}

async fn settle(app: &App, relay: Box<StreamRelay>, told: oneshot::Sender<Bytes>) {
    let ended = relay.end().await;
    let outcome = if told.is_closed() { Outcome::Disconnected } else { Outcome::Completed };
    let rest = finish(app, ended, outcome).await;
    // The client may have gone: its answer is paid for all the same.
    drop(told.send(rest));
}
