//! The service: binds its address, serves until the shutdown is requested, then finishes what it has begun.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Extensions, Server};
use actix_web::rt::net::TcpStream;
use actix_web::web::Data;
use actix_web::{App as Routes, HttpServer};
use anyhow::Context as _;
use syntopen_shared::shutdown::Shutdown;

use crate::api;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::window::Window;

/// Longer than any check takes, so that only a caller who stopped reading is cut off.
const DRAIN_SECONDS: u64 = 5;

/// So long it says that it is about to stop before it does: longer than a gateway leaves a replica unasked.
const LEAVE: Duration = Duration::from_secs(2);

/// An idle connection is kept so long: longer than callers keep theirs, or some would send into a closing one.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// What decides, and what counts the decisions.
#[derive(Clone)]
pub struct Decider {
    /// The windows.
    pub window: Arc<dyn Window>,
    /// The counters that `GET /metrics` shows.
    pub metrics: Arc<Metrics>,
}

/// The service, bound to its address.
pub struct App {
    server: Server,
    address: SocketAddr,
    shutdown: Shutdown,
}

impl App {
    /// Binds the address of `config` and decides by `decider`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn bind(config: &Config, decider: Decider, shutdown: Shutdown) -> anyhow::Result<Self> {
        let Decider { window, metrics } = decider;
        let metrics = Data::from(metrics);
        let window: Data<dyn Window> = Data::from(window);
        let token = Data::new(config.cluster_token.clone());
        let stopping = Data::new(shutdown.clone());
        let routes = move || {
            Routes::new()
                .app_data(window.clone())
                .app_data(metrics.clone())
                .app_data(token.clone())
                .app_data(stopping.clone())
                .configure(api::configure)
        };
        let http = HttpServer::new(routes)
            .workers(config.workers)
            .keep_alive(KEEP_ALIVE)
            .on_connect(answer_at_once)
            .disable_signals()
            .shutdown_timeout(DRAIN_SECONDS)
            .bind(config.listen)
            .with_context(|| format!("SYNTOPEN_LISTEN: cannot listen on {}", config.listen))?;
        let address = http.addrs().first().copied().context("no address is bound")?;
        Ok(Self { server: http.run(), address, shutdown })
    }

    /// Where it listens: the port that was chosen, where the setting said 0.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the shutdown is requested and the requests under way are answered.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self { mut server, address, shutdown } = self;
        tracing::info!(%address, "listening");
        let handle = server.handle();
        let stop = async move {
            shutdown.requested().await;
            actix_web::rt::time::sleep(LEAVE).await;
            handle.stop(true).await;
        };
        // The server is polled in both branches: it is what carries out the stop.
        let served = tokio::select! {
            served = &mut server => served,
            () = stop => server.await,
        };
        served.context("the server failed")
    }
}

/// No answer may wait for the caller to acknowledge the one before. A socket that refuses is slower, but works.
fn answer_at_once(connection: &dyn Any, _: &mut Extensions) {
    if let Some(stream) = connection.downcast_ref::<TcpStream>() {
        drop(stream.set_nodelay(true));
    }
}
