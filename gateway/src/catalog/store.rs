//! The catalog in force, which follows its file.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use syntopen_shared::clock::{Clock as _, SystemClock};
use syntopen_shared::config::Environment;
use syntopen_shared::shutdown::Shutdown;

use super::{Catalog, InvalidCatalog};

/// How often the file is looked at.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// A thousand times the built-in catalog.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// Where the catalog comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogSource {
    /// The one that this program brings along.
    Builtin,
    /// A file of the operator's.
    File(PathBuf),
}

/// Holds the catalog in force. Requests take the one that is current when they begin and keep it to their end.
#[derive(Debug)]
pub struct CatalogStore {
    source: CatalogSource,
    environment: Environment,
    current: ArcSwap<Catalog>,
    /// The file as it was when it was last looked at, so that each change is acted upon, and reported, once.
    seen: Mutex<Content>,
    /// Whether the file as it was last seen is wrong, and an older catalog is in force.
    refused: AtomicBool,
    /// For the operator to see.
    history: Mutex<History>,
}

/// When the catalog was read, and what became of the last change of the file that was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// When the catalog in force was read, in milliseconds since the Unix epoch.
    pub loaded_ms: i64,
    /// The last change that was refused, and when.
    pub refusal: Option<(i64, InvalidCatalog)>,
}

/// What a look at the file gives: its text, or why it cannot be read.
type Content = Result<String, String>;

/// What became of a look at the file.
#[derive(Debug, PartialEq, Eq)]
pub enum Reload {
    /// It is as it was at the last look.
    Unchanged,
    /// It has changed and is in force.
    Reloaded,
    /// It has changed and is wrong: the catalog that was in force still is.
    Refused(InvalidCatalog),
}

impl CatalogStore {
    /// Reads the catalog.
    ///
    /// # Errors
    /// When the file cannot be read, and everything that is wrong with it.
    pub fn open(source: CatalogSource, environment: Environment) -> Result<Self, InvalidCatalog> {
        let (catalog, seen) = match &source {
            CatalogSource::Builtin => (Catalog::builtin(&environment)?, String::new()),
            CatalogSource::File(path) => {
                let text = read(path).map_err(|problem| InvalidCatalog(vec![problem]))?;
                (Catalog::parse(&text, &environment)?, text)
            }
        };
        Ok(Self {
            source,
            environment,
            current: ArcSwap::from_pointee(catalog),
            seen: Mutex::new(Ok(seen)),
            refused: AtomicBool::new(false),
            history: Mutex::new(History { loaded_ms: now_ms(), refusal: None }),
        })
    }

    /// The catalog in force. Costs a counter's increment.
    #[must_use]
    pub fn current(&self) -> Arc<Catalog> {
        self.current.load_full()
    }

    /// Whether the file is wrong as it stands, so that an older catalog is in force.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// Where the catalog comes from.
    #[must_use]
    pub const fn source(&self) -> &CatalogSource {
        &self.source
    }

    /// When it was read, and what was refused last.
    #[must_use]
    pub fn history(&self) -> History {
        self.noted().clone()
    }

    fn noted(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the file, and puts it in force when it has changed and is right. Blocks while it reads.
    pub fn reload_if_changed(&self) -> Reload {
        let CatalogSource::File(path) = &self.source else { return Reload::Unchanged };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let content = read(path);
        if *seen == content {
            return Reload::Unchanged;
        }
        let parsed = match &content {
            Ok(text) => Catalog::parse(text, &self.environment),
            Err(problem) => Err(InvalidCatalog(vec![problem.clone()])),
        };
        *seen = content;
        self.refused.store(parsed.is_err(), Ordering::Relaxed);
        match parsed {
            Ok(catalog) => {
                self.current.store(Arc::new(catalog));
                self.noted().loaded_ms = now_ms();
                Reload::Reloaded
            }
            Err(invalid) => {
                self.noted().refusal = Some((now_ms(), invalid.clone()));
                Reload::Refused(invalid)
            }
        }
    }

    /// Follows the file until the shutdown.
    pub async fn watch(self: Arc<Self>, shutdown: Shutdown) {
        let CatalogSource::File(path) = &self.source else { return };
        loop {
            tokio::select! {
                () = shutdown.requested() => return,
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
            let store = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || store.reload_if_changed()).await {
                Ok(Reload::Unchanged) => {}
                Ok(Reload::Reloaded) => {
                    let models = self.current.load().models.len();
                    tracing::info!(catalog.path = %path.display(), catalog.models = models, "catalog reloaded");
                }
                Ok(Reload::Refused(invalid)) => {
                    tracing::error!(catalog.path = %path.display(), "catalog change refused, the old one stays: {invalid}");
                }
                // The runtime is shutting down, or parsing panicked, which the panic hook has reported.
                Err(error) => tracing::error!(%error, "looking at the catalog failed"),
            }
        }
    }
}

fn now_ms() -> i64 {
    SystemClock::default().unix_ms()
}

fn read(path: &Path) -> Content {
    let fault = |error: &dyn std::fmt::Display| format!("{} cannot be read: {error}", path.display());
    let file = std::fs::File::open(path).map_err(|error| fault(&error))?;
    let mut text = String::new();
    file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(|error| fault(&error))?;
    let read = u64::try_from(text.len()).unwrap_or(u64::MAX);
    if read > MAX_FILE_BYTES { Err(fault(&format_args!("it is larger than {MAX_FILE_BYTES} bytes"))) } else { Ok(text) }
}
