//! Opening the ledger, and the life of its thread.

use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use syntopen_shared::clock::Clock;
use syntopen_shared::shutdown::Shutdown;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::{Core, Ledger};
use crate::balances::Batch;
use crate::balances::memory::{Bounds, MemoryBalances};
use crate::book::{Book, running, settlements};
use crate::config::LedgerSettings;
use crate::data_dir::DataDir;
use crate::drainer::{self, Booked};
use crate::reaper;

type Opened = anyhow::Result<(Arc<Core>, Handle)>;

impl Ledger {
    /// Locks the data directory, opens the book and brings it up to date, books what a process that died left running,
    /// and starts the thread that books charges.
    ///
    /// # Errors
    /// When the directory belongs to another process, or the book cannot be opened.
    pub async fn open(settings: LedgerSettings, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<Self>> {
        let dir = DataDir::open(&settings.data_dir)?;
        let (stop, shutdown) = Shutdown::new();
        let (tell, told) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || live(&dir, settings, clock, &shutdown, tell))
            .context("the ledger's thread cannot be started")?;
        let (core, runtime) = told.await.context("the ledger's thread ended early")??;
        Ok(Arc::new(Self { core, runtime, stop, thread: Mutex::new(Some(thread)) }))
    }
}

/// The thread's life. The directory is given back when it ends.
fn live(
    dir: &DataDir,
    settings: LedgerSettings,
    clock: Arc<dyn Clock>,
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
        let opened = open(dir, settings, clock).await.map(|core| (core, Handle::current()));
        let core = opened.as_ref().ok().map(|(core, _)| Arc::clone(core));
        if tell.send(opened).is_err() {
            return;
        }
        let Some(core) = core else { return };
        let waited_for = WaitedFor(&core.booked);
        tokio::join!(drainer::run(&core, shutdown), reaper::run(&core, shutdown));
        drop(waited_for);
        if let Err(error) = core.book.close().await {
            tracing::warn!(error = %error, "the book is closed without being compacted");
        }
    });
}

/// Tells whoever waits for the book that nothing comes any more, also where a panic ends the thread.
struct WaitedFor<'a>(&'a Booked);

impl Drop for WaitedFor<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

async fn open(dir: &DataDir, settings: LedgerSettings, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<Core>> {
    let book = Book::open(&dir.book(), settings.readers_max).await?;
    let expired = expire_leftovers(&book, settings.batch_max, &*clock).await?;
    if 0 < expired {
        tracing::warn!(requests = expired, "booked what was running when the last process died");
    }
    let bounds = Bounds { journal_max: settings.journal_max, ended_max: settings.ended_max };
    let balances = Arc::new(MemoryBalances::new(bounds, Arc::clone(&clock)));
    Ok(Arc::new(Core { settings, clock, balances, book, booked: Booked::default() }))
}

async fn expire_leftovers(book: &Book, batch_max: usize, clock: &dyn Clock) -> anyhow::Result<usize> {
    let limit = i64::try_from(batch_max).unwrap_or(i64::MAX);
    let mut expired = 0;
    let mut writer = book.writer().await;
    loop {
        let entries = running::leftovers(writer.for_charges().await?, limit, clock.unix_ms())
            .await
            .context("requests that were running when the last process died cannot be read")?;
        if entries.is_empty() {
            return Ok(expired);
        }
        expired += entries.len();
        let batch = Batch { entries: entries.into_iter().map(Arc::new).collect(), ..Batch::default() };
        settlements::commit(writer.for_charges().await?, &batch, clock.unix_ms())
            .await
            .context("requests that were running when the last process died cannot be booked")?;
    }
}
