//! The data directory: one process at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

const LOCK_FILE: &str = "lock";
const BOOK_FILE: &str = "book.sqlite";

/// A data directory that this process has for itself until this is dropped, or the process dies.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    /// The lock lasts as long as the file is open.
    _lock: File,
}

impl DataDir {
    /// Makes the directory where it is missing, for its owner alone, and locks it.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("the data directory {} cannot be made", path.display()))?;
        Self::lock(path)
    }

    /// Locks a directory that has a book.
    pub(crate) fn open_existing(path: &Path) -> anyhow::Result<Self> {
        if !path.join(BOOK_FILE).is_file() {
            bail!("{} holds no book: it is not the data directory of a gateway", path.display());
        }
        Self::lock(path)
    }

    /// The file of the book.
    pub(crate) fn book(&self) -> PathBuf {
        self.path.join(BOOK_FILE)
    }

    fn lock(path: &Path) -> anyhow::Result<Self> {
        let lock_path = path.join(LOCK_FILE);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .with_context(|| format!("{} cannot be opened", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => bail!(
                "the data directory {} belongs to another running process: stop that gateway, or ask it through the \
                 socket in that directory",
                path.display()
            ),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("{} cannot be locked", lock_path.display()))
            }
        }
    }
}
