//! The dashboard's way to the ledgers of a cluster. It speaks from a thread of its own, as all clients of services do.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use actix::Arbiter;
use bytes::Bytes;
use syntopen_ledger::Unavailable;
use syntopen_ledger::office::OfficeError;
use syntopen_shared::wire::office::{Answered, Command, Kind};
use tokio::sync::{mpsc, oneshot};

use crate::clients::service::{Repeat, Route, Service, ServiceSettings, Watch};

/// How long a replica may take: a look into the book of a large account, or a password to be hashed.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Commands that wait or are under way at most; beyond that they are refused at once.
const WAITING_MAX: usize = 256;
const ROUTE: Route = Route { path: "/office", timeout: TIMEOUT, repeat: Repeat::Undone, watch: Watch::Ill };

/// The replicas of the ledger.
pub struct Remote {
    errands: mpsc::Sender<Errand>,
}

struct Errand {
    path: &'static str,
    repeat: Repeat,
    body: Bytes,
    reply: oneshot::Sender<Option<Bytes>>,
}

impl Remote {
    /// A client that speaks from the thread of `arbiter`.
    #[must_use]
    pub fn start(arbiter: &Arbiter, settings: ServiceSettings) -> Self {
        let (errands, todo) = mpsc::channel(WAITING_MAX);
        arbiter.spawn_fn(move || {
            let service = Service::start(settings, ROUTE, Arc::new(AtomicBool::new(false)));
            actix_rt::spawn(run(service, todo));
        });
        Self { errands }
    }

    pub(super) async fn ask<C: Command>(&self, command: C) -> Result<C::Answer, OfficeError> {
        let body = serde_json::to_vec(&command).map_err(|_| Unavailable)?;
        let repeat = match C::KIND {
            Kind::Look => Repeat::Always,
            Kind::Act => Repeat::Undone,
        };
        let (reply, answer) = oneshot::channel();
        let errand = Errand { path: C::PATH, repeat, body: body.into(), reply };
        self.errands.try_send(errand).map_err(|_| Unavailable)?;
        let answer = answer.await.ok().flatten().ok_or(Unavailable)?;
        let answered: Answered<C::Answer> = serde_json::from_slice(&answer).map_err(|error| {
            tracing::error!(path = C::PATH, %error, "an answer of the ledger is of another version");
            Unavailable
        })?;
        Ok(answered?)
    }
}

async fn run(service: Rc<Service>, mut todo: mpsc::Receiver<Errand>) {
    while let Some(errand) = todo.recv().await {
        let service = Rc::clone(&service);
        actix_rt::spawn(async move {
            let Errand { path, repeat, body, reply } = errand;
            let answer = service.exchange_at(&format!("/office/{path}"), repeat, body).await;
            // Who asked may have gone away.
            drop(reply.send(answer.ok()));
        });
    }
}
