//! The gateway as a node of a cluster: the real rate limiter, and the wire contract of the ledger, on sockets.

mod administration;
mod ledger_service;
mod limiter_service;
mod outages;
mod outbox;
mod replicas;
mod reports;
mod windows;

use std::sync::Arc;

use syntopen_ledger::{Ledger, LedgerSettings};
use syntopen_loadtest::simulator::{Simulator, SimulatorSettings};
use syntopen_shared::clock::SystemClock;
use tempfile::TempDir;

use crate::helpers::{Start, TestApp};
use ledger_service::LedgerService;
use limiter_service::LimiterService;

/// The secret of the cluster.
pub(crate) const TOKEN: &str = "the-cluster-token";

/// The services of a cluster: ledgers over one book, and rate limiters.
pub(crate) struct Services {
    pub(crate) ledgers: Vec<LedgerService>,
    pub(crate) limiters: Vec<LimiterService>,
    pub(crate) book: Arc<Ledger>,
    _data_dir: TempDir,
}

impl Services {
    pub(crate) async fn start(ledgers: usize, limiters: usize) -> Self {
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let data_dir = TempDir::new().unwrap();
        let settings = LedgerSettings::new(data_dir.path().to_owned());
        let book = Ledger::open(settings, Arc::new(SystemClock::default())).await.unwrap();
        let ledgers = (0..ledgers).map(|_| LedgerService::start(Arc::clone(&book))).collect();
        let limiters = (0..limiters).map(|_| LimiterService::start()).collect();
        Self { ledgers, limiters, book, _data_dir: data_dir }
    }

    /// The settings of a gateway of this cluster, one of three.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let urls = |addresses: Vec<std::net::SocketAddr>| {
            addresses.iter().map(|address| format!("http://{address}")).collect::<Vec<_>>().join(",")
        };
        vec![
            ("SYNTOPEN_LEDGER_URL", urls(self.ledgers.iter().map(LedgerService::address).collect())),
            ("SYNTOPEN_RATELIMITER_URL", urls(self.limiters.iter().map(LimiterService::address).collect())),
            ("SYNTOPEN_CLUSTER_TOKEN", TOKEN.to_owned()),
            ("SYNTOPEN_GATEWAY_REPLICAS", "3".to_owned()),
        ]
    }

    /// A gateway of this cluster.
    pub(crate) async fn gateway(&self) -> TestApp {
        self.gateway_with(&[]).await
    }

    /// The same with other settings.
    pub(crate) async fn gateway_with(&self, settings: &[(&str, &str)]) -> TestApp {
        let own = self.settings();
        let all: Vec<_> =
            own.iter().map(|(name, value)| (*name, value.as_str())).chain(settings.iter().copied()).collect();
        let simulator = Simulator::start(SimulatorSettings::default()).unwrap();
        let start = Start { settings: &all, ledger: Some(Arc::clone(&self.book)) };
        TestApp::start(TempDir::new().unwrap(), simulator, start).await
    }
}
