//! The service: binds its address, serves until the shutdown is requested, then finishes what it has begun.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::rt::net::TcpStream;
use actix_web::web::Data;
use actix_web::{App as Routes, HttpServer};
use anyhow::Context as _;
use syntopen_shared::clock::SystemClock;
use syntopen_shared::shutdown::Shutdown;

use crate::api;
use crate::config::ServiceConfig;
use crate::ledger::Ledger;
use crate::metrics::Metrics;

/// Longer than any command takes, so that only a caller who stopped reading is cut off.
const DRAIN_SECONDS: u64 = 5;

/// The service, bound to its address.
pub struct App {
    ledger: Arc<Ledger>,
    server: Server,
    address: SocketAddr,
    shutdown: Shutdown,
}

impl App {
    /// Connects to Redis and the book and binds the address.
    ///
    /// # Errors
    /// When one of them cannot be had, or Redis is not fit to keep money.
    pub async fn start(config: ServiceConfig, shutdown: Shutdown) -> anyhow::Result<Self> {
        let metrics = Arc::new(Metrics::new().context("registering metrics")?);
        let clock = Arc::new(SystemClock::default());
        let ledger = Ledger::connect(config.cluster, clock, Arc::clone(&metrics)).await?;
        let (data, metrics) = (Data::from(Arc::clone(&ledger)), Data::from(metrics));
        let (token, stopping) = (Data::new(config.cluster_token), Data::new(shutdown.clone()));
        let routes = move || {
            Routes::new()
                .app_data(data.clone())
                .app_data(metrics.clone())
                .app_data(token.clone())
                .app_data(stopping.clone())
                .configure(api::configure_service)
        };
        let http = HttpServer::new(routes)
            .workers(config.workers)
            .disable_signals()
            .shutdown_timeout(DRAIN_SECONDS)
            .on_connect(|connection, _| {
                if let Some(stream) = connection.downcast_ref::<TcpStream>() {
                    // Answers are small, and none may wait for an acknowledgement. A socket that refuses is slower.
                    drop(stream.set_nodelay(true));
                }
            })
            .bind(config.listen)
            .with_context(|| format!("SYNTOPEN_LISTEN: cannot listen on {}", config.listen))?;
        let address = http.addrs().first().copied().context("no address is bound")?;
        Ok(Self { ledger, server: http.run(), address, shutdown })
    }

    /// Where it listens: the port that was chosen, where the setting said 0.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the shutdown is requested and the requests under way are answered; then books what waits.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self { ledger, mut server, address, shutdown } = self;
        tracing::info!(%address, "listening");
        let handle = server.handle();
        let stop = async move {
            shutdown.requested().await;
            handle.stop(true).await;
        };
        // The server is polled in both branches: it is what carries out the stop.
        let served = tokio::select! {
            served = &mut server => served,
            () = stop => server.await,
        };
        ledger.close().await;
        served.context("the server failed")
    }
}
