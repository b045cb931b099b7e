//! Settings of the ledger.

use std::path::PathBuf;
use std::time::Duration;

/// Where the ledger keeps its book, and how much it takes upon itself.
#[derive(Clone, Debug)]
pub struct LedgerSettings {
    /// The directory of the book and its lock; made where it is missing.
    pub data_dir: PathBuf,
    /// How many charges may wait for the book before holds are refused. Charges themselves are never refused.
    pub journal_max: usize,
    /// How many charges share one transaction.
    pub batch_max: usize,
    /// How many finished requests are remembered in memory, so that replays are answered without the book. Beyond
    /// that the oldest are looked up.
    pub ended_max: usize,
    /// How many connections read the book at once.
    pub readers_max: u32,
    /// How long [`close`](crate::Ledger::close) tries to book what is left.
    pub drain_max: Duration,
}

impl LedgerSettings {
    /// The usual settings over `data_dir`.
    #[must_use]
    pub const fn new(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            journal_max: 100_000,
            batch_max: 256,
            ended_max: 250_000,
            readers_max: 4,
            drain_max: Duration::from_secs(10),
        }
    }
}
