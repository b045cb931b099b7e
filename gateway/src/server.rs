//! The HTTP servers: the public port, the ops port, and the administration socket.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_cors::Cors;
use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_rt::net::TcpStream;
use actix_service::{IntoServiceFactory as _, ServiceExt as _, ServiceFactoryExt, fn_service, map_config};
use actix_tls::connect::{Connection as TcpConnection, Connector as TcpConnector};
use actix_web::dev::{AppConfig, Server, ServerHandle};
use actix_web::http::Uri;
use actix_web::middleware::{Condition, NormalizePath, TrailingSlash, from_fn};
use actix_web::{App as WebApp, HttpServer, web};
use anyhow::Context as _;
use awc::{Client, Connector};
use syntopen_ledger::Ledger;
use syntopen_shared::shutdown::Shutdown;

use crate::api::{self, envelope};
use crate::app::{App, Running};
use crate::chat::headers::EXPOSED;
use crate::config::{Config, Profile};
use crate::connection::Connection;
use crate::mail;

/// An idle connection of a client is kept so long.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// A request head must arrive within this time.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// A connection that is being closed may take so long.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// An idle connection to an upstream is kept so long: shorter than servers commonly keep theirs.
const UPSTREAM_KEEP_ALIVE: Duration = Duration::from_secs(50);
/// How long ledger and book may take for what is left when the servers have stopped.
const OUTBOX_DRAIN: Duration = Duration::from_secs(10);
/// How often it is asked.
const OUTBOX_POLL: Duration = Duration::from_millis(5);

/// A gateway that accepts connections.
pub struct Gateway {
    running: Running,
    public: Server,
    ops: Server,
    /// Takes administration commands, in the embedded profile.
    admin: Option<Server>,
    /// Where the public API listens.
    pub address: SocketAddr,
    /// Where the ops port listens.
    pub ops_address: SocketAddr,
}

impl Gateway {
    /// Builds the gateway and binds its ports.
    ///
    /// # Errors
    /// When it cannot be built, or a port or the socket cannot be bound.
    pub async fn start(config: Config, shutdown: Shutdown) -> anyhow::Result<Self> {
        let public = bind(config.listen.public, "SYNTOPEN_LISTEN")?;
        let ops = bind(config.listen.ops, "SYNTOPEN_OPS_LISTEN")?;
        let (address, ops_address) = (public.local_addr()?, ops.local_addr()?);
        let running = App::build(config, shutdown).await?;
        let app = &running.app;
        let admin = match (&running.ledger, &app.config.profile) {
            (Some(ledger), Profile::Embedded(data_dir)) => {
                Some(serve_admin(ledger, &crate::admin::socket_path(data_dir))?)
            }
            _ => None,
        };
        Ok(Self { public: serve_public(app, public)?, ops: serve_ops(app, ops)?, admin, running, address, ops_address })
    }

    /// What all workers share.
    #[must_use]
    pub const fn app(&self) -> &Arc<App> {
        &self.running.app
    }

    /// The ledger of this process, in the embedded profile.
    #[must_use]
    pub fn ledger(&self) -> Option<Arc<Ledger>> {
        self.running.ledger.clone()
    }

    /// Serves until the shutdown is requested; then stops accepting, lets running answers end, hands every settlement
    /// to the book, and closes it.
    ///
    /// # Errors
    /// When a server fails.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self { running, public, ops, admin, .. } = self;
        let app = Arc::clone(&running.app);
        let watching = actix_rt::spawn(Arc::clone(&app.catalog).watch(app.shutdown.clone()));
        let alerting = actix_rt::spawn(mail::watch(Arc::clone(&app)));
        let telling = actix_rt::spawn(crate::report::run(Arc::clone(&app)));
        let handles = Handles {
            delay: app.config.timeouts.delay,
            public: public.handle(),
            ops: ops.handle(),
            admin: admin.as_ref().map(Server::handle),
        };
        let stopping = actix_rt::spawn(handles.stop(app.shutdown.clone()));
        let served = futures_util::future::try_join_all([public, ops].into_iter().chain(admin)).await;
        stopping.abort();
        watching.abort();
        telling.abort();
        drain(&app).await;
        if let Some(mail) = &app.mail {
            mail.drain().await;
        }
        alerting.abort();
        if let Some(ledger) = running.ledger {
            ledger.close().await;
        }
        for thread in running.actors {
            thread.stop();
        }
        served.map(|_| ()).context("serving")
    }
}

struct Handles {
    delay: Duration,
    public: ServerHandle,
    ops: ServerHandle,
    admin: Option<ServerHandle>,
}

impl Handles {
    async fn stop(self, shutdown: Shutdown) {
        shutdown.requested().await;
        // A balancer learns from `/readyz` that this gateway ends, and has requests under way to it until it does.
        actix_rt::time::sleep(self.delay).await;
        self.public.stop(true).await;
        if let Some(admin) = self.admin {
            admin.stop(true).await;
        }
        self.ops.stop(false).await;
    }
}

/// Waits until the book has every settlement.
async fn drain(app: &App) {
    let started = Instant::now();
    app.outbox.hurry();
    while !app.outbox.is_empty() && started.elapsed() < OUTBOX_DRAIN {
        actix_rt::time::sleep(OUTBOX_POLL).await;
    }
    match (app.outbox.unapplied(), app.outbox.unbooked()) {
        (0, 0) => tracing::info!("every settlement is booked"),
        (0, unbooked) => {
            app.metrics.settlements_forgotten.inc_by(u64::try_from(unbooked).unwrap_or(u64::MAX));
            tracing::warn!(unbooked, "settlements are applied and on the ledger's stream, but not booked yet");
        }
        (left, unbooked) => tracing::error!(
            left,
            unbooked,
            "settlements were not applied in time; their last checkpoints will be charged"
        ),
    }
}

fn bind(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).with_context(|| format!("cannot listen on {address} ({setting})"))
}

fn serve_public(app: &Arc<App>, listener: TcpListener) -> anyhow::Result<Server> {
    let (data, config) = (web::Data::from(Arc::clone(app)), app.config.clone());
    let server = Server::build()
        .workers(config.listen.workers)
        .shutdown_timeout(config.timeouts.drain.as_secs())
        .disable_signals();
    let stopping = server.graceful_shutdown_signal();
    let service = move || {
        let origins = &config.cors.origins;
        let app = WebApp::new()
            .app_data(data.clone())
            .app_data(web::Data::new(upstream_client(&config)))
            .wrap(Condition::new(!origins.is_empty(), cors(origins)))
            .wrap(from_fn(envelope::wrap))
            .wrap(NormalizePath::new(TrailingSlash::MergeOnly))
            .configure(api::configure);
        let app = app.into_factory().map_err(|error: actix_web::Error| error.error_response());
        let stopping = stopping.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(HEAD_TIMEOUT)
            .client_disconnect_timeout(CLOSE_TIMEOUT)
            // A client that goes is noticed at once, also while its upstream is silent.
            .h1_allow_half_closed(false)
            .finish(map_config(app, |()| AppConfig::default()));
        ServiceFactoryExt::and_then(fn_service(accept), http)
    };
    Ok(server.listen("public", listener, service)?.run())
}

async fn accept(stream: TcpStream) -> Result<(Connection<TcpStream>, Protocol, Option<SocketAddr>), DispatchError> {
    // Chunks are small, and none may wait for the client to acknowledge the one before. A socket that refuses is
    // slower, but works.
    drop(stream.set_nodelay(true));
    let peer = stream.peer_addr().ok();
    Ok((Connection::new(stream), Protocol::Http1, peer))
}

fn serve_ops(app: &Arc<App>, listener: TcpListener) -> anyhow::Result<Server> {
    let data = web::Data::from(Arc::clone(app));
    let server = HttpServer::new(move || {
        WebApp::new().app_data(data.clone()).wrap(from_fn(envelope::wrap)).configure(api::configure_ops)
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

fn serve_admin(ledger: &Arc<Ledger>, socket: &Path) -> anyhow::Result<Server> {
    let data = web::Data::from(Arc::clone(ledger));
    let server = HttpServer::new(move || WebApp::new().app_data(data.clone()).configure(syntopen_ledger::configure));
    // The data directory is locked, so that a socket in it was left by a process that is gone.
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).context("removing the old socket");
        }
        _ => {}
    }
    let cannot = || format!("cannot listen on {}", socket.display());
    let server = server.workers(1).disable_signals().shutdown_timeout(1).bind_uds(socket).with_context(cannot)?;
    std::fs::set_permissions(socket, std::os::unix::fs::PermissionsExt::from_mode(0o600)).with_context(cannot)?;
    Ok(server.run())
}

/// A worker's client for upstreams. Its own time limits are off: the relay has its own, which end in clear errors.
fn upstream_client(config: &Config) -> Client {
    let prompt = TcpConnector::default().service().map(|connection: TcpConnection<Uri, TcpStream>| {
        // A socket that refuses is slower, but works.
        drop(connection.io_ref().set_nodelay(true));
        connection
    });
    let connector = Connector::new()
        .connector(prompt)
        .timeout(config.timeouts.connect)
        .conn_keep_alive(UPSTREAM_KEEP_ALIVE)
        // The bound is the semaphore over all workers.
        .limit(0);
    Client::builder().connector(connector).disable_timeout().disable_redirects().no_default_headers().finish()
}

fn cors(origins: &[String]) -> Cors {
    let base =
        Cors::default().allowed_methods(["GET", "POST"]).allow_any_header().expose_headers(EXPOSED).max_age(3_600);
    if origins.iter().any(|origin| origin == "*") {
        return base.allow_any_origin();
    }
    origins.iter().fold(base, |cors, origin| cors.allowed_origin(origin))
}
