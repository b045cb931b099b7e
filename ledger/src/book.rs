//! The book: the SQL database that is the record of truth.
//!
//! SQLite is spoken to natively rather than through sqlx's `Any`: the drainer's batches rest on SQLite's JSON table
//! functions anyway, and `Any` would refuse types and hide the pragmas. The statements of the look-ups and of
//! administration are plain enough to serve PostgreSQL as they stand.

pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod balances;
pub(crate) mod credits;
pub(crate) mod folds;
pub(crate) mod keys;
pub(crate) mod running;
pub(crate) mod settlements;
pub(crate) mod usage;

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, Sqlite, Transaction};
use tokio::sync::{Mutex, MutexGuard};

/// What a statement of the book comes to.
pub(crate) type Result<T> = std::result::Result<T, sqlx::Error>;

const BUSY_MAX: Duration = Duration::from_secs(5);
/// Room for every statement of this crate, so that each is prepared once per connection.
const STATEMENTS_MAX: usize = 100;

/// The book over a SQLite file.
pub(crate) struct Book {
    /// SQLite has one writer at a time; waiting for this mutex is fair, waiting for SQLite's lock is not.
    writer: Mutex<WriterConnection>,
    readers: SqlitePool,
}

impl Book {
    /// Opens the book at `path`, makes it where it is missing, and brings its tables up to date.
    pub(crate) async fn open(path: &Path, readers_max: u32) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(BUSY_MAX)
            .statement_cache_capacity(STATEMENTS_MAX);
        let of = || format!("the book {} cannot be opened", path.display());
        let mut writer = SqliteConnection::connect_with(&options).await.with_context(of)?;
        sqlx::migrate!().run(&mut writer).await.context("the book's tables cannot be brought up to date")?;
        let readers = SqlitePoolOptions::new()
            .max_connections(readers_max)
            .connect_with(options.read_only(true))
            .await
            .with_context(of)?;
        let writer = WriterConnection { connection: writer, durability: Durability::Process };
        Ok(Self { writer: Mutex::new(writer), readers })
    }

    /// For look-ups: sees everything that was committed before.
    pub(crate) const fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// The one connection that writes.
    pub(crate) async fn writer(&self) -> Writer<'_> {
        Writer(self.writer.lock().await)
    }

    /// Moves everything into the main file and closes the connections.
    pub(crate) async fn close(&self) -> Result<()> {
        self.readers.close().await;
        let mut writer = self.writer().await;
        sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(writer.for_charges().await?).await?;
        Ok(())
    }
}

struct WriterConnection {
    connection: SqliteConnection,
    durability: Durability,
}

/// What a commit survives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Durability {
    /// The death of the process: enough for charges, which cost the operator and not the customer.
    Process,
    /// A power cut too: due to money that came in, and to keys.
    Machine,
}

/// The right to write, for as long as this lives.
pub(crate) struct Writer<'a>(MutexGuard<'a, WriterConnection>);

impl Writer<'_> {
    /// The connection; its commits survive the death of the process.
    pub(crate) async fn for_charges(&mut self) -> Result<&mut SqliteConnection> {
        self.set(Durability::Process).await?;
        Ok(&mut self.0.connection)
    }

    /// Begins a transaction whose commit survives a power cut too. Rolled back where it is dropped.
    pub(crate) async fn begin_durable(&mut self) -> Result<Transaction<'_, Sqlite>> {
        self.set(Durability::Machine).await?;
        self.0.connection.begin_with("BEGIN IMMEDIATE").await
    }

    async fn set(&mut self, durability: Durability) -> Result<()> {
        if self.0.durability == durability {
            return Ok(());
        }
        let pragma = match durability {
            Durability::Process => "PRAGMA synchronous = NORMAL",
            Durability::Machine => "PRAGMA synchronous = FULL",
        };
        // Unprepared, because SQLite sets this pragma when the statement is compiled, not when it runs.
        sqlx::raw_sql(pragma).execute(&mut self.0.connection).await?;
        self.0.durability = durability;
        Ok(())
    }
}

/// An error for a value that this crate never writes.
pub(crate) fn corrupt(what: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}
