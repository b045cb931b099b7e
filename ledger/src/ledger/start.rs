//! Opening the ledger, and the life of its thread.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use syntopen_shared::clock::Clock;
use syntopen_shared::shutdown::Shutdown;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Core, Ledger, Profile};
use crate::balances::memory::{Bounds, MemoryBalances};
use crate::balances::{Balances, Batch};
use crate::book::{Book, running, settlements};
use crate::cluster::{self, Cluster};
use crate::config::{ClusterSettings, LedgerSettings};
use crate::data_dir::DataDir;
use crate::drainer::journal::{self, Booked, Journal};
use crate::drainer::stream;
use crate::metrics::Metrics;
use crate::seal::Seal;
use crate::{reaper, retention, telling};

/// How long the book may take to be closed.
const CLOSE_MAX: Duration = Duration::from_secs(10);

type Opened = anyhow::Result<(Arc<Core>, Handle)>;

impl Ledger {
    /// Locks the data directory, opens the book and brings it up to date, books what a process that died left running,
    /// and starts the thread that books charges.
    ///
    /// # Errors
    /// When the directory belongs to another process, or the book cannot be opened.
    pub async fn open(settings: LedgerSettings, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<Self>> {
        let dir = DataDir::open(&settings.data_dir)?;
        let book = dir.book();
        Self::start(move || async move { embedded(&book, settings, clock).await }, Some(dir)).await
    }

    /// Connects to the Redis and the book of a cluster, and starts the thread that books charges, expires holds and
    /// reconciles.
    ///
    /// # Errors
    /// When they are not there in time, or not fit to keep money.
    pub async fn connect(
        settings: ClusterSettings,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Arc<Self>> {
        Self::start(move || async move { clustered(&settings, clock, metrics).await }, None).await
    }

    /// Starts the ledger's thread, which opens everything and keeps `dir` to its end.
    async fn start<F: Future<Output = anyhow::Result<Arc<Core>>>>(
        open: impl FnOnce() -> F + Send + 'static,
        dir: Option<DataDir>,
    ) -> anyhow::Result<Arc<Self>> {
        let (stop, shutdown) = Shutdown::new();
        let (tell, told) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || {
                live(open, &shutdown, tell);
                drop(dir);
            })
            .context("the ledger's thread cannot be started")?;
        let (core, runtime) = told.await.context("the ledger's thread ended early")??;
        Ok(Arc::new(Self { core, runtime, stop, thread: Mutex::new(Some(thread)) }))
    }
}

/// The thread's life.
fn live<F: Future<Output = anyhow::Result<Arc<Core>>>>(
    open: impl FnOnce() -> F,
    shutdown: &Shutdown,
    tell: oneshot::Sender<Opened>,
) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _gone = tell.send(Err(error).context("the ledger's runtime cannot be built"));
            return;
        }
    };
    runtime.block_on(async {
        let opened = open().await.map(|core| (core, Handle::current()));
        let core = opened.as_ref().ok().map(|(core, _)| Arc::clone(core));
        if tell.send(opened).is_err() {
            return;
        }
        let Some(core) = core else { return };
        work(&core, shutdown).await;
        match timeout(CLOSE_MAX, core.book.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = %error, "the book is closed without being compacted"),
            Err(_) => tracing::warn!("the book does not answer, and is left"),
        }
    });
}

/// Does what the ledger does by itself, until the shutdown is requested.
async fn work(core: &Core, shutdown: &Shutdown) {
    match &core.profile {
        Profile::Embedded { settings, memory, booked } => {
            let _told_at_the_end = WaitedFor(booked);
            let journal = Journal { core, settings, memory, booked };
            let retention = retention::run(core, settings.usage_retention, shutdown);
            let telling = telling::run(core, shutdown);
            tokio::join!(journal::run(&journal, shutdown), reaper::run(core, shutdown), retention, telling);
        }
        Profile::Cluster { cluster, .. } => {
            let retention = retention::run(core, cluster.usage_retention, shutdown);
            let reconcile = cluster.reconcile(shutdown);
            let telling = telling::run(core, shutdown);
            tokio::join!(stream::run(cluster, shutdown), reaper::run(core, shutdown), reconcile, retention, telling);
        }
    }
}

/// Tells whoever waits for the book that nothing comes any more, also where a panic ends the thread.
struct WaitedFor<'a>(&'a Booked);

impl Drop for WaitedFor<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

async fn embedded(path: &Path, settings: LedgerSettings, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<Core>> {
    let book = Book::open(path, settings.readers_max).await?;
    let expired = expire_leftovers(&book, settings.batch_max, &*clock).await?;
    if 0 < expired {
        tracing::warn!(requests = expired, "booked what was running when the last process died");
    }
    let bounds = Bounds { journal_max: settings.journal_max, ended_max: settings.ended_max };
    let memory = Arc::new(MemoryBalances::new(bounds, Arc::clone(&clock)));
    let balances: Arc<dyn Balances> = Arc::clone(&memory) as Arc<dyn Balances>;
    let seal = Seal::new(settings.second_factor_key.as_ref());
    let profile = Profile::Embedded { settings, memory, booked: Booked::default() };
    Ok(Arc::new(Core { clock, balances, book: Arc::new(book), profile, seal }))
}

async fn clustered(
    settings: &ClusterSettings,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
) -> anyhow::Result<Arc<Core>> {
    let cluster = Arc::new(Cluster::connect(settings, Arc::clone(&clock), metrics).await?);
    let redis = Arc::new(cluster::balances(settings)?);
    let balances: Arc<dyn Balances> = Arc::clone(&redis) as Arc<dyn Balances>;
    let book = Arc::clone(&cluster.book);
    let seal = Seal::new(settings.second_factor_key.as_ref());
    Ok(Arc::new(Core { clock, balances, book, profile: Profile::Cluster { redis, cluster }, seal }))
}

async fn expire_leftovers(book: &Book, batch_max: usize, clock: &dyn Clock) -> anyhow::Result<usize> {
    let limit = i64::try_from(batch_max).unwrap_or(i64::MAX);
    let mut expired = 0;
    let mut writer = book.writer().await;
    loop {
        let entries = running::leftovers(book.readers(), limit, clock.unix_ms())
            .await
            .context("requests that were running when the last process died cannot be read")?;
        if entries.is_empty() {
            return Ok(expired);
        }
        expired += entries.len();
        let batch = Batch { entries: entries.into_iter().map(Arc::new).collect(), ..Batch::default() };
        settlements::commit(&mut writer, &batch, clock.unix_ms())
            .await
            .context("requests that were running when the last process died cannot be booked")?;
    }
}
