//! The book in a SQLite file.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, Sqlite, Transaction};

use super::{Result, STATEMENTS_MAX};

const BUSY_MAX: Duration = Duration::from_secs(5);

/// The one connection that writes.
pub(crate) struct WriterConnection {
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

/// Opens the file, makes it where it is missing, and brings its tables up to date.
pub(super) async fn open(path: &Path, readers_max: u32) -> anyhow::Result<(WriterConnection, SqlitePool)> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(BUSY_MAX)
        .statement_cache_capacity(STATEMENTS_MAX);
    let of = || format!("the book {} cannot be opened", path.display());
    let mut connection = SqliteConnection::connect_with(&options).await.with_context(of)?;
    sqlx::migrate!().run(&mut connection).await.context("the book's tables cannot be brought up to date")?;
    let readers = SqlitePoolOptions::new()
        .max_connections(readers_max)
        .connect_with(options.read_only(true))
        .await
        .with_context(of)?;
    Ok((WriterConnection { connection, durability: Durability::Process }, readers))
}

impl WriterConnection {
    /// The connection; its commits survive the death of the process.
    pub(super) async fn for_charges(&mut self) -> Result<&mut SqliteConnection> {
        self.set(Durability::Process).await?;
        Ok(&mut self.connection)
    }

    /// Begins a transaction whose commit survives the death of the process.
    pub(super) async fn begin_charges(&mut self) -> Result<Transaction<'_, Sqlite>> {
        self.for_charges().await?.begin_with("BEGIN IMMEDIATE").await
    }

    /// Begins a transaction whose commit survives a power cut too.
    pub(super) async fn begin_durable(&mut self) -> Result<Transaction<'_, Sqlite>> {
        self.set(Durability::Machine).await?;
        self.connection.begin_with("BEGIN IMMEDIATE").await
    }

    /// Moves everything into the main file.
    pub(super) async fn close(&mut self) -> Result<()> {
        sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(self.for_charges().await?).await?;
        Ok(())
    }

    async fn set(&mut self, durability: Durability) -> Result<()> {
        if self.durability == durability {
            return Ok(());
        }
        let pragma = match durability {
            Durability::Process => "PRAGMA synchronous = NORMAL",
            Durability::Machine => "PRAGMA synchronous = FULL",
        };
        // Unprepared, because SQLite sets this pragma when the statement is compiled, not when it runs.
        sqlx::raw_sql(pragma).execute(&mut self.connection).await?;
        self.durability = durability;
        Ok(())
    }
}
