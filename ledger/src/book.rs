//! The book: the SQL database that is the record of truth.
//!
//! SQLite in the embedded profile, PostgreSQL in a cluster. Look-ups and administration have one text for both (`sql`);
//! the drainer's batches are written natively for each.

pub(crate) mod accounts;
pub(crate) mod acts;
pub(crate) mod alerts;
pub(crate) mod audit;
pub(crate) mod balances;
pub(crate) mod closing;
pub(crate) mod credits;
pub(crate) mod days;
pub(crate) mod directory;
pub(crate) mod earnings;
pub(crate) mod folds;
pub(crate) mod gateways;
pub(crate) mod identities;
pub(crate) mod invitations;
pub(crate) mod keys;
pub(crate) mod links;
pub(crate) mod members;
pub(crate) mod payments;
pub(crate) mod playground;
mod postgres;
pub(crate) mod reconciliations;
pub(crate) mod requests;
pub(crate) mod retention;
pub(crate) mod returns;
pub(crate) mod running;
pub(crate) mod second_factors;
pub(crate) mod sessions;
pub(crate) mod settlements;
pub(crate) mod shards;
pub(crate) mod slices;
pub(crate) mod sql;
mod sqlite;
#[cfg(test)]
mod tests;
pub(crate) mod transfers;
pub(crate) mod unmatched;
pub(crate) mod untold;
pub(crate) mod usage;
pub(crate) mod users;

use std::path::Path;

use syntopen_shared::secret::Secret;
use tokio::sync::{Mutex, MutexGuard};

use self::sql::{Pool, Transaction};
use self::sqlite::WriterConnection;

/// What a statement of the book comes to.
pub(crate) type Result<T> = std::result::Result<T, sqlx::Error>;

/// Room for every statement of this crate, so that each is prepared once per connection.
const STATEMENTS_MAX: usize = 300;
/// How often a transaction is tried that others, running beside it, make fail.
pub(crate) const TRIES_MAX: usize = 5;

/// The book over either database.
pub(crate) struct Book {
    /// For SQLite alone, which has one writer at a time; waiting for this mutex is fair, waiting for SQLite's lock is
    /// not. PostgreSQL writes through its pool.
    writer: Option<Mutex<WriterConnection>>,
    readers: Pool,
}

impl Book {
    /// Opens the SQLite book at `path`, makes it where it is missing, and brings its tables up to date.
    pub(crate) async fn open(path: &Path, readers_max: u32) -> anyhow::Result<Self> {
        let (writer, readers) = sqlite::open(path, readers_max).await?;
        Ok(Self { writer: Some(Mutex::new(writer)), readers: Pool::Sqlite(readers) })
    }

    /// Connects to the PostgreSQL book at `url` and brings its tables up to date; several processes may do so at once.
    pub(crate) async fn connect(url: &Secret, connections_max: u32) -> anyhow::Result<Self> {
        let pool = postgres::connect(url, connections_max).await?;
        Ok(Self { writer: None, readers: Pool::Postgres(pool) })
    }

    /// For look-ups: sees everything that was committed before.
    pub(crate) const fn readers(&self) -> &Pool {
        &self.readers
    }

    /// The right to write: with SQLite one at a time, with PostgreSQL anybody.
    pub(crate) async fn writer(&self) -> Writer<'_> {
        match (&self.writer, &self.readers) {
            (Some(writer), _) => Writer::Sqlite(writer.lock().await),
            (None, pool) => Writer::Shared(pool),
        }
    }

    /// A transaction that reads everything as it is at one moment.
    pub(crate) async fn snapshot(&self) -> Result<Transaction<'static>> {
        match &self.readers {
            Pool::Sqlite(pool) => pool.begin().await.map(Transaction::Sqlite),
            Pool::Postgres(pool) => postgres::snapshot(pool).await.map(Transaction::Postgres),
        }
    }

    /// Closes the connections; SQLite moves everything into the main file first.
    pub(crate) async fn close(&self) -> Result<()> {
        match &self.readers {
            Pool::Sqlite(pool) => pool.close().await,
            Pool::Postgres(pool) => pool.close().await,
        }
        match &self.writer {
            Some(writer) => writer.lock().await.close().await,
            None => Ok(()),
        }
    }
}

/// The right to write, for as long as this lives.
pub(crate) enum Writer<'a> {
    Sqlite(MutexGuard<'a, WriterConnection>),
    Shared(&'a Pool),
}

impl Writer<'_> {
    /// Begins a transaction whose commit survives a power cut. Rolled back where it is dropped.
    pub(crate) async fn begin_durable(&mut self) -> Result<Transaction<'_>> {
        match self {
            Self::Sqlite(writer) => writer.begin_durable().await.map(Transaction::Sqlite),
            Self::Shared(pool) => begin(pool).await,
        }
    }

    /// Begins a transaction whose commit survives the death of the process, which is enough for charges.
    pub(crate) async fn begin_charges(&mut self) -> Result<Transaction<'_>> {
        match self {
            Self::Sqlite(writer) => writer.begin_charges().await.map(Transaction::Sqlite),
            Self::Shared(pool) => begin(pool).await,
        }
    }
}

async fn begin(pool: &Pool) -> Result<Transaction<'static>> {
    match pool {
        Pool::Sqlite(pool) => pool.begin().await.map(Transaction::Sqlite),
        Pool::Postgres(pool) => pool.begin().await.map(Transaction::Postgres),
    }
}

/// A list as it is bound to a statement.
fn json<T: serde::Serialize>(rows: &T) -> Result<String> {
    serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// An error for a value that this crate never writes.
pub(crate) fn corrupt(what: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}
