//! Where stories play: a gateway with everything in it, or one of a cluster.

use std::sync::Arc;
use std::thread::JoinHandle;

use syntopen_ledger::Ledger;
use syntopen_ledger::config::{ClusterSettings, ServiceConfig};
use syntopen_loadtest::simulator::{Simulator, SimulatorSettings};
use syntopen_ratelimiter::app::Decider;
use syntopen_ratelimiter::window::RedisWindow;
use syntopen_shared::clock::SystemClock;
use syntopen_shared::config::Environment;
use syntopen_shared::redis::{Redis, RedisUrl};
use syntopen_shared::shutdown::{Shutdown, ShutdownTrigger};
use syntopen_shared::testing::{PostgresServer, RedisServer};
use tempfile::TempDir;

use super::stripe::Stripe;
use crate::helpers::{Start, TestApp};

const TOKEN: &str = "the-cluster-token";

/// A gateway, and what stands behind it. The gateway ends first.
pub(super) struct Stage {
    pub(super) app: TestApp,
    pub(super) stripe: Stripe,
    _cluster: Option<Cluster>,
}

/// The services themselves, over a Redis and a PostgreSQL of their own.
struct Cluster {
    services: Vec<(ShutdownTrigger, Option<JoinHandle<()>>)>,
    _redis: RedisServer,
    _postgres: PostgresServer,
}

impl Stage {
    /// With everything in the gateway.
    pub(super) async fn embedded() -> Self {
        let stripe = Stripe::start();
        let app = TestApp::spawn_with(&stripe.settings()).await;
        Self { app, stripe, _cluster: None }
    }

    /// With the ledger and the rate limiter as services of their own.
    pub(super) async fn cluster() -> Self {
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let stripe = Stripe::start();
        let (redis, postgres) = (RedisServer::start(), PostgresServer::start());
        let (redis_url, database_url) = (redis.url(), postgres.database().await.url);
        let stores = [
            ("SYNTOPEN_REDIS_URL", redis_url.as_str()),
            ("SYNTOPEN_DATABASE_URL", database_url.as_str()),
            ("SYNTOPEN_LEDGER_SHARDS", "4"),
        ];
        let service = [("SYNTOPEN_LISTEN", "127.0.0.1:0"), ("SYNTOPEN_CLUSTER_TOKEN", TOKEN)];
        let environment: Environment = stores.into_iter().chain(service).map(owned).collect();
        let limits: Environment = stores[..1].iter().copied().chain(service).map(owned).collect();
        let (ledger_url, ledger) = serve_ledger(ServiceConfig::read(environment).unwrap());
        let (limiter_url, limiter) = serve_limiter(limits, redis_url.clone());
        let settings = [
            ("SYNTOPEN_LEDGER_URL", ledger_url.as_str()),
            ("SYNTOPEN_RATELIMITER_URL", limiter_url.as_str()),
            ("SYNTOPEN_GATEWAY_REPLICAS", "1"),
            ("SYNTOPEN_CLUSTER_TOKEN", TOKEN),
        ];
        let settings: Vec<_> = settings.into_iter().chain(stripe.settings()).collect();
        let start = Start { settings: &settings, ledger: Some(beside(&stores).await) };
        let simulator = Simulator::start(SimulatorSettings::default()).unwrap();
        let app = TestApp::start(TempDir::new().unwrap(), simulator, start).await;
        let cluster = Cluster { services: vec![ledger, limiter], _redis: redis, _postgres: postgres };
        Self { app, stripe, _cluster: Some(cluster) }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for (trigger, thread) in &mut self.services {
            trigger.request();
            if let Some(thread) = thread.take() {
                // A test that has failed already says why.
                drop(thread.join());
            }
        }
    }
}

type Service = (String, (ShutdownTrigger, Option<JoinHandle<()>>));

fn serve_ledger(config: ServiceConfig) -> Service {
    let (trigger, shutdown) = Shutdown::new();
    let (started, address) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        actix_rt::System::new().block_on(async move {
            let app = syntopen_ledger::app::App::start(config, shutdown).await.unwrap();
            started.send(app.address()).unwrap();
            app.run().await.unwrap();
        });
    });
    (format!("http://{}", address.recv().unwrap()), (trigger, Some(thread)))
}

fn serve_limiter(environment: Environment, redis: String) -> Service {
    let (trigger, shutdown) = Shutdown::new();
    let (started, address) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        actix_rt::System::new().block_on(async move {
            let metrics = Arc::new(syntopen_ratelimiter::metrics::Metrics::new().unwrap());
            let redis = Redis::open(&redis.parse::<RedisUrl>().unwrap()).unwrap();
            let window = Arc::new(RedisWindow::new(redis, Arc::clone(&metrics)));
            let config = syntopen_ratelimiter::config::Config::read(environment).unwrap();
            let app = syntopen_ratelimiter::app::App::bind(&config, Decider { window, metrics }, shutdown).unwrap();
            started.send(app.address()).unwrap();
            app.run().await.unwrap();
        });
    });
    (format!("http://{}", address.recv().unwrap()), (trigger, Some(thread)))
}

/// A ledger more of the cluster: what a test does as the operator of the machine goes through it.
async fn beside(stores: &[(&str, &str)]) -> Arc<Ledger> {
    let settings = ClusterSettings::read(stores.iter().copied().map(owned).collect()).unwrap();
    let metrics = Arc::new(syntopen_ledger::metrics::Metrics::new().unwrap());
    Ledger::connect(settings, Arc::new(SystemClock::default()), metrics).await.unwrap()
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}
