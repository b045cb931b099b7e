//! The dashboard of a cluster: two gateways before one ledger over Redis and Postgres, and one rate limiter.

#[path = "../api/cluster/ledger_service.rs"]
#[expect(dead_code, reason = "the tests of the API tell it to fail")]
mod ledger_service;
#[path = "../api/cluster/limiter_service.rs"]
mod limiter_service;
mod throttle;

use std::sync::Arc;

use syntopen_ledger::Ledger;
use syntopen_ledger::config::ClusterSettings;
use syntopen_ledger::metrics::Metrics;
use syntopen_loadtest::simulator::{Simulator, SimulatorSettings};
use syntopen_shared::clock::SystemClock;
use syntopen_shared::testing::{PostgresServer, RedisServer};
use tempfile::TempDir;

use self::ledger_service::LedgerService;
use self::limiter_service::LimiterService;
use crate::gateway::{Start, TestApp};

/// The secret of the cluster.
const TOKEN: &str = "the-cluster-token";

/// Two gateways, and what they share.
pub(crate) struct Cluster {
    pub(crate) gateways: [TestApp; 2],
    _ledger: LedgerService,
    _limiter: LimiterService,
    _servers: (RedisServer, PostgresServer),
}

impl Cluster {
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let (redis, postgres) = (RedisServer::start(), PostgresServer::start());
        let (redis_url, database) = (redis.url(), postgres.database().await.url);
        let own = [
            ("SYNTOPEN_REDIS_URL", redis_url.as_str()),
            ("SYNTOPEN_DATABASE_URL", database.as_str()),
            ("SYNTOPEN_LEDGER_SHARDS", "2"),
        ];
        let (own, clock) = (ClusterSettings::read(own.into()).unwrap(), Arc::new(SystemClock::default()));
        let book = Ledger::connect(own, clock, Arc::new(Metrics::new().unwrap())).await.unwrap();
        let (ledger, limiter) = (LedgerService::start(Arc::clone(&book)), LimiterService::start());
        let (ledger_url, limiter_url) =
            (format!("http://{}", ledger.address()), format!("http://{}", limiter.address()));
        let shared = [
            ("SYNTOPEN_LEDGER_URL", ledger_url.as_str()),
            ("SYNTOPEN_RATELIMITER_URL", limiter_url.as_str()),
            ("SYNTOPEN_CLUSTER_TOKEN", TOKEN),
            ("SYNTOPEN_GATEWAY_REPLICAS", "2"),
            // On a busy machine, too, the limiter decides.
            ("SYNTOPEN_RATELIMITER_TIMEOUT_MS", "10000"),
        ];
        let all: Vec<_> = shared.iter().chain(settings).copied().collect();
        let gateway = || {
            let simulator = Simulator::start(SimulatorSettings::default()).unwrap();
            let start = Start { settings: &all, ledger: Some(Arc::clone(&book)) };
            TestApp::start(TempDir::new().unwrap(), simulator, start)
        };
        let gateways = [gateway().await, gateway().await];
        Self { gateways, _ledger: ledger, _limiter: limiter, _servers: (redis, postgres) }
    }
}
