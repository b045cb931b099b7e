//! One kind of command to a service over HTTP: sends bodies to one of its replicas, and to another where that fails.
//!
//! Each kind has its own view of who is well: a ledger that is slow to answer from its book is not slow to hold.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix_rt::net::TcpStream;
use actix_service::ServiceExt as _;
use actix_tls::connect::{Connection, Connector as TcpConnector};
use awc::http::header::{AUTHORIZATION, CONTENT_TYPE};
use awc::http::{StatusCode, Uri};
use awc::{Client, Connector};
use bytes::Bytes;
use syntopen_shared::secret::Secret;

use self::failure::Failure;
use super::address::{self, Resolved, ServiceUrl};
use super::replicas::{Change, Replicas};
use crate::metrics::{Metrics, ServiceMetrics};

pub mod failure;

/// How often replicas are looked after: those that are not well are probed.
const CARE_INTERVAL: Duration = Duration::from_millis(500);
/// A replica of whom nothing was heard for so long is probed too, by the kind of command that watches.
const QUIET_MAX: Duration = Duration::from_secs(1);
/// How often the addresses of names are looked up.
const RESOLVE_INTERVAL: Duration = Duration::from_secs(5);
/// An idle connection is kept so long: shorter than the services keep theirs, which is 5 s.
const KEEP_ALIVE: Duration = Duration::from_secs(4);
/// A connection is used no longer than this, so that new replicas behind one address get their share.
const LIFETIME: Duration = Duration::from_secs(600);
/// How often one body is sent at most.
const TRIES_MAX: usize = 4;
/// A longer answer is none of the service.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// The path that says that a replica lives.
const LIVES: &str = "/healthz";
/// The path that says that it can do its work.
const READY: &str = "/readyz";
/// A batch of no commands, whose answer says that a replica would take some from us.
const NO_COMMANDS: &[u8] = b"[]";

/// A service of the cluster.
#[derive(Clone)]
pub struct ServiceSettings {
    /// What it is called in logs.
    pub name: &'static str,
    /// Where it is.
    pub urls: Vec<ServiceUrl>,
    /// The secret that it asks for.
    pub token: Secret,
    /// How long one replica may take to answer, where it is set to other than a route says.
    pub timeout: Option<Duration>,
    /// Counts exchanges.
    pub metrics: Arc<Metrics>,
}

/// How one kind of command is sent.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Where to.
    pub path: &'static str,
    /// How long one replica may take to answer.
    pub timeout: Duration,
    /// When another replica is asked.
    pub repeat: Repeat,
    /// Who is probed.
    pub watch: Watch,
}

/// When a body is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Whatever came of it: the commands are idempotent.
    Always,
    /// Only where it surely was not carried out.
    Undone,
}

/// Which replicas are probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// Those that failed.
    Ill,
    /// Those of whom nothing was heard, too: whether they can do their work, and take our token, has to be known before
    /// a request comes.
    Quiet,
}

/// One kind of command to one service. Lives on one thread.
pub struct Service {
    settings: ServiceSettings,
    route: Route,
    client: Client,
    replicas: RefCell<Replicas>,
    up: Arc<AtomicBool>,
    pub(crate) counted: ServiceMetrics,
}

impl Service {
    /// Begins to look after the replicas on this thread. `up` tells other threads whether there are any.
    pub fn start(settings: ServiceSettings, route: Route, up: Arc<AtomicBool>) -> Rc<Self> {
        let route = Route { timeout: settings.timeout.unwrap_or(route.timeout), ..route };
        let client = client(&settings.token, route.timeout);
        let counted = settings.metrics.service(settings.name, route.path);
        let service = Rc::new(Self { settings, route, client, replicas: RefCell::default(), up, counted });
        actix_rt::spawn(Rc::clone(&service).resolve());
        actix_rt::spawn(Rc::clone(&service).care());
        service
    }

    /// Sends a body and returns the answer's.
    ///
    /// # Errors
    /// [`Failure`], of the replica that may have carried it out, or else of the last.
    pub async fn exchange(&self, body: Bytes) -> Result<Bytes, Failure> {
        self.exchange_at(self.route.path, self.route.repeat, body).await
    }

    /// Sends a body to another path than the route's, and returns the answer's.
    ///
    /// # Errors
    /// [`Failure`], of the replica that may have carried it out, or else of the last.
    pub async fn exchange_at(&self, path: &str, repeat: Repeat, body: Bytes) -> Result<Bytes, Failure> {
        let (mut tried, mut broken, mut last) = (Vec::new(), None, Failure::NoReplica);
        for _ in 0..TRIES_MAX {
            let Some(address) = self.replicas.borrow_mut().pick(&tried, Instant::now()) else { break };
            let answer = self.send(address, path, body.clone()).await;
            self.note(address, &answer);
            let Err(failure) = answer else { return answer };
            let repeat = failure.may_repeat(repeat);
            // A connection that was kept may have been closed by the other side just now: that is worth a second one.
            if failure != Failure::Broken || broken.replace(address) == Some(address) {
                tried.push(address);
            }
            // What one replica may have done, another's failure does not undo.
            if last.is_unsent() {
                last = failure;
            }
            if !repeat {
                break;
            }
        }
        Err(last)
    }

    async fn send(&self, address: SocketAddr, path: &str, body: Bytes) -> Result<Bytes, Failure> {
        let speaking = async {
            let post = self.client.post(format!("http://{address}{path}"));
            let mut response = post.send_body(body).await.map_err(|error| Failure::of_send(&error))?;
            let status = response.status();
            let answer = response.body().limit(ANSWER_BYTES_MAX).await.map_err(|_| Failure::Broken)?;
            if status == StatusCode::OK {
                Failure::of_nothing(answer)
            } else {
                Err(Failure::of_status(status, &answer))
            }
        };
        actix_rt::time::timeout(self.route.timeout, speaking).await.unwrap_or(Err(Failure::Silent))
    }

    fn note(&self, address: SocketAddr, answer: &Result<Bytes, Failure>) {
        let (mut replicas, now) = (self.replicas.borrow_mut(), Instant::now());
        let (change, failure) = match answer {
            Ok(_) => (replicas.answered(address, now), None),
            // It is well, and so would all others say.
            Err(Failure::Rejected(answer)) => {
                tracing::error!(path = self.route.path, %address, answer, "a service refuses what it was sent");
                (replicas.answered(address, now), None)
            }
            Err(failure) => (replicas.failed(address, failure.manner(), now), Some(failure)),
        };
        drop(replicas);
        match answer {
            Ok(_) => self.counted.ok.inc(),
            Err(failure) => self.counted.failed(failure.as_str()),
        }
        self.tell(address, change, failure);
    }

    async fn probe(&self, address: SocketAddr) -> Result<(), Failure> {
        if self.route.watch == Watch::Ill {
            return self.get(address, LIVES).await;
        }
        match self.send(address, self.route.path, Bytes::from_static(NO_COMMANDS)).await {
            Ok(_) | Err(Failure::Rejected(_)) => self.get(address, READY).await,
            Err(failure) => Err(failure),
        }
    }

    async fn get(&self, address: SocketAddr, path: &str) -> Result<(), Failure> {
        let get = self.client.get(format!("http://{address}{path}")).send();
        match actix_rt::time::timeout(self.route.timeout, get).await {
            Ok(Ok(response)) if response.status() == StatusCode::OK => Ok(()),
            Ok(Ok(response)) => Err(Failure::Refused(response.status())),
            Ok(Err(error)) => Err(Failure::of_send(&error)),
            Err(_) => Err(Failure::Silent),
        }
    }

    /// Probes whoever is due, for ever.
    async fn care(self: Rc<Self>) {
        let quiet = match self.route.watch {
            Watch::Ill => Duration::MAX,
            Watch::Quiet => QUIET_MAX,
        };
        loop {
            let due = self.replicas.borrow().due(quiet, Instant::now());
            let probed = due.into_iter().map(async |address| (address, self.probe(address).await));
            for (address, probed) in futures_util::future::join_all(probed).await {
                let (mut replicas, now) = (self.replicas.borrow_mut(), Instant::now());
                let change = match &probed {
                    Ok(()) => replicas.is_well(address, now),
                    Err(failure) => replicas.is_ill(address, failure.manner(), now),
                };
                drop(replicas);
                self.tell(address, change, probed.as_ref().err());
            }
            actix_rt::time::sleep(CARE_INTERVAL).await;
        }
    }

    /// Looks up who there is, again and again where names may get other addresses.
    async fn resolve(self: Rc<Self>) {
        let mut is_known = true;
        loop {
            let Resolved { addresses, is_whole } = address::resolve(&self.settings.urls).await;
            let was_known = std::mem::replace(&mut is_known, is_whole);
            if is_whole {
                self.replicas.borrow_mut().set(&addresses);
            } else {
                self.replicas.borrow_mut().add(&addresses);
                if was_known {
                    let (service, path) = (self.settings.name, self.route.path);
                    tracing::warn!(service, path, "a name cannot be resolved; the addresses that it had stay in use");
                }
            }
            if !address::have_names(&self.settings.urls) {
                return;
            }
            actix_rt::time::sleep(RESOLVE_INTERVAL).await;
        }
    }

    /// Publishes whether anyone is there, and logs who comes and who goes.
    fn tell(&self, address: SocketAddr, change: Change, failure: Option<&Failure>) {
        let are_up = self.replicas.borrow().are_up();
        if self.up.load(Ordering::Relaxed) != are_up {
            self.up.store(are_up, Ordering::Relaxed);
        }
        let (service, path) = (self.settings.name, self.route.path);
        match change {
            Change::None => {}
            Change::Recovered => tracing::info!(service, path, %address, "a replica answers again"),
            Change::Lost if failure == Some(&Failure::Unauthorized) => {
                tracing::error!(service, path, %address, "{}", Failure::Unauthorized);
            }
            Change::Lost => {
                let reason = failure.map(ToString::to_string).unwrap_or_default();
                tracing::warn!(service, path, %address, reason, "a replica fails; it is avoided for a while");
            }
        }
    }
}

fn client(token: &Secret, timeout: Duration) -> Client {
    let prompt = TcpConnector::default().service().map(|connection: Connection<Uri, TcpStream>| {
        // A socket that refuses is slower, but works.
        drop(connection.io_ref().set_nodelay(true));
        connection
    });
    let connector = Connector::new()
        .connector(prompt)
        .timeout(timeout / 2)
        .conn_keep_alive(KEEP_ALIVE)
        .conn_lifetime(LIFETIME)
        // The bound is the batcher's.
        .limit(0);
    Client::builder()
        .connector(connector)
        .disable_timeout()
        .disable_redirects()
        .no_default_headers()
        .add_default_header((AUTHORIZATION, format!("Bearer {}", token.expose())))
        .add_default_header((CONTENT_TYPE, "application/json"))
        .finish()
}
