//! The gateway put together: what all workers share, and what each has for itself.

use std::sync::Arc;

use actix::Arbiter;
use anyhow::Context as _;
use syntopen_ledger::{Ledger, LedgerSettings};
use syntopen_ratelimiter::window::MemoryWindow;
use syntopen_shared::clock::{Clock, SystemClock};
use syntopen_shared::shutdown::Shutdown;
use tokio::sync::Semaphore;

use crate::actors::checkpointer::Checkpointer;
use crate::actors::key_cache::KeyCache;
use crate::actors::outbox::{Delivery, Outbox};
use crate::body::Bodies;
use crate::breaker::Breakers;
use crate::catalog::CatalogStore;
use crate::clients::ledger::LedgerClient;
use crate::clients::office::{self, Office};
use crate::clients::ratelimiter::{RateLimiterClient, RemoteSettings};
use crate::clients::service::ServiceSettings;
use crate::clients::{ledger, ratelimiter};
use crate::config::{Cluster, Config, Profile};
use crate::dashboard::oidc::Provider;
use crate::dashboard::seal::Seal;
use crate::mail::Mail;
use crate::metrics::Metrics;
use crate::report::Identity;
use crate::tokens::Tokenizer;

/// How many requests are counted at once for a second try at a hold.
const COUNTERS: usize = 2;
/// How many parts of exported files are read from the book at once: fewer than it lends connections, so that pages are
/// answered however many files are asked for.
const EXPORTS: usize = 2;

/// What all workers share.
pub struct App {
    /// Settings.
    pub config: Config,
    /// Models and prices.
    pub catalog: Arc<CatalogStore>,
    /// Balances and keys.
    pub ledger: Arc<dyn LedgerClient>,
    /// What the dashboard asks of the ledger.
    pub office: Office,
    /// What the dashboard proves its own forms with.
    pub seal: Seal,
    /// Messages; none can be sent where no server is set.
    pub mail: Option<Mail>,
    /// The identity provider by which people sign in.
    pub provider: Option<Provider>,
    /// Windows.
    pub limiter: Arc<dyn RateLimiterClient>,
    /// Which upstreams are left alone.
    pub breakers: Breakers,
    /// Keys that were used lately.
    pub keys: KeyCache,
    /// Settlements on their way.
    pub outbox: Outbox,
    /// Renews holds.
    pub checkpointer: Checkpointer,
    /// Calls to upstreams that may still start.
    pub upstream_calls: Arc<Semaphore>,
    /// The memory that request bodies may take.
    pub bodies: Bodies,
    /// Requests whose input may be counted at once because their account could not cover the bound.
    pub counters: Semaphore,
    /// Parts of exported files that may be read at once.
    pub exports: Arc<Semaphore>,
    /// Counts what no provider counts.
    pub tokenizer: Arc<Tokenizer>,
    /// Counts everything else.
    pub metrics: Arc<Metrics>,
    /// Who this gateway is among others.
    pub identity: Identity,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Whether the gateway is ending.
    pub shutdown: Shutdown,
}

/// The gateway and what has to be ended with it.
pub struct Running {
    /// What all workers share.
    pub app: Arc<App>,
    /// The ledger of this process, in the embedded profile.
    pub ledger: Option<Arc<Ledger>>,
    /// The threads of the actors: they outlive the HTTP workers.
    pub actors: Vec<Arbiter>,
}

/// Ledger and rate limiter, wherever they run.
struct Services {
    ledger: Arc<dyn LedgerClient>,
    office: Office,
    limiter: Arc<dyn RateLimiterClient>,
    /// The ledger, where it runs here.
    embedded: Option<Arc<Ledger>>,
    /// The thread that speaks to them, where they run elsewhere.
    speaker: Option<Arbiter>,
}

impl Services {
    async fn embedded(settings: LedgerSettings, clock: &Arc<dyn Clock>) -> anyhow::Result<Self> {
        let book = Ledger::open(settings, Arc::clone(clock)).await?;
        Ok(Self {
            ledger: Arc::new(ledger::Embedded(Arc::clone(&book))),
            office: Office::Embedded(Arc::clone(&book)),
            limiter: Arc::new(ratelimiter::Embedded(MemoryWindow::new(Arc::clone(clock)))),
            embedded: Some(book),
            speaker: None,
        })
    }

    fn of_cluster(cluster: &Cluster, clock: &Arc<dyn Clock>, metrics: &Arc<Metrics>) -> Self {
        let speaker = Arbiter::new();
        let service = |name, urls: &Vec<_>| ServiceSettings {
            name,
            urls: urls.clone(),
            token: cluster.token.clone(),
            timeout: None,
            metrics: Arc::clone(metrics),
        };
        let ledger = ledger::Remote::start(&speaker, &service("ledger", &cluster.ledger));
        let office = Office::Remote(office::Remote::start(&speaker, service("ledger", &cluster.ledger)));
        let limiter = RemoteSettings {
            service: ServiceSettings {
                timeout: Some(cluster.ratelimiter_timeout),
                ..service("ratelimiter", &cluster.ratelimiter)
            },
            gateways: cluster.gateways,
            clock: Arc::clone(clock),
        };
        let limiter = ratelimiter::Remote::start(&speaker, limiter);
        Self { ledger: Arc::new(ledger), office, limiter: Arc::new(limiter), embedded: None, speaker: Some(speaker) }
    }
}

impl App {
    /// Opens the book, where it is embedded, and starts everything but the HTTP servers.
    ///
    /// # Errors
    /// When the catalog is wrong, or the data directory is in use or cannot be used.
    pub async fn build(config: Config, shutdown: Shutdown) -> anyhow::Result<Running> {
        let catalog = CatalogStore::open(config.catalog.clone(), config.environment.clone())?;
        let tokenizer = tokio::task::spawn_blocking(Tokenizer::load).await.context("loading the tokenizer")??;
        let (catalog, tokenizer) = (Arc::new(catalog), Arc::new(tokenizer));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let metrics = Arc::new(Metrics::new().context("registering metrics")?);

        let services = match &config.profile {
            Profile::Embedded(data_dir) => {
                let (usage_retention, second_factor_key) = (config.usage_retention, config.second_factor_key.clone());
                let settings = LedgerSettings::new(data_dir.clone());
                let settings = LedgerSettings { usage_retention, second_factor_key, ..settings };
                Services::embedded(settings, &clock).await?
            }
            Profile::Cluster(cluster) => Services::of_cluster(cluster, &clock, &metrics),
        };
        let Services { ledger, office, limiter, embedded, speaker } = services;
        let seal = Seal::open(&config)?;

        let actors = Arbiter::new();
        let delivery =
            Delivery { ledger: Arc::clone(&ledger), tokenizer: Arc::clone(&tokenizer), metrics: Arc::clone(&metrics) };
        let mail = Mail::start(&actors, config.mail.clone(), &metrics)?;
        let app = Self {
            keys: KeyCache::start(&actors, Arc::clone(&ledger), Arc::clone(&clock)),
            outbox: Outbox::start(&actors, config.limits.outbox, delivery),
            checkpointer: Checkpointer::start(&actors, Arc::clone(&ledger), Arc::clone(&tokenizer)),
            breakers: Breakers::new(config.breaker, Arc::clone(&clock), Arc::clone(&metrics)),
            bodies: Bodies::new(config.limits.bodies_bytes),
            counters: Semaphore::new(COUNTERS),
            exports: Arc::new(Semaphore::new(EXPORTS)),
            provider: config.oidc.clone().map(Provider::new),
            upstream_calls: Arc::new(Semaphore::new(config.limits.upstream_calls)),
            config,
            catalog,
            ledger,
            office,
            seal,
            mail,
            limiter,
            tokenizer,
            metrics,
            identity: Identity::new(clock.unix_ms()),
            clock,
            shutdown,
        };
        let actors = std::iter::once(actors).chain(speaker).collect();
        Ok(Running { app: Arc::new(app), ledger: embedded, actors })
    }
}
