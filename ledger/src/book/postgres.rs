//! The book in a PostgreSQL database, which several ledgers share.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection as _, Postgres, Transaction};
use syntopen_shared::secret::Secret;

use super::{Result, STATEMENTS_MAX};

/// How long a statement waits for a connection: a command is better refused than late.
const ACQUIRE_MAX: Duration = Duration::from_secs(2);
/// A connection that was idle for longer is tried before it is used, so that a server that was started again is
/// noticed.
const IDLE_TRUSTED: Duration = Duration::from_secs(1);

/// No statement of a command takes long, and a process that is stopped in a transaction must not keep its locks. All
/// statements look up by keys, so their plans need not be made anew for their values, let alone compiled; and a plan
/// that was made when a table was empty must use its index all the same.
const SESSION: [(&str, &str); 5] = [
    ("statement_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "5s"),
    ("plan_cache_mode", "force_generic_plan"),
    ("jit", "off"),
    ("enable_seqscan", "off"),
];

/// Sums over the whole book take longer than the statements of commands.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '10min'; \
     SET LOCAL plan_cache_mode = 'auto'; SET LOCAL enable_seqscan = on";

/// Addresses by their bytes, as SQLite sorts them, so that those with one beginning lie together whatever the language
/// of the database. The text of the migrations is SQLite's too, which has no such collation. Ledgers that start at once
/// wait for one another.
const BY_BYTES: &str = "BEGIN; SELECT pg_advisory_xact_lock(7305441829); \
     CREATE INDEX IF NOT EXISTS users_by_email_bytes ON users (email COLLATE \"C\"); COMMIT";

/// Connects, and brings the tables up to date under the lock that sqlx takes for that. Errors never tell the URL.
pub(super) async fn connect(url: &Secret, connections_max: u32) -> anyhow::Result<PgPool> {
    // The cause is dropped, because it may quote what it could not read.
    let options: PgConnectOptions =
        url.expose().parse().map_err(|_| anyhow!("the database's URL is not of the form postgres://user@host/name"))?;
    let options = options.application_name("syntopen-ledger").statement_cache_capacity(STATEMENTS_MAX);
    let unreached = "the book's database cannot be reached";
    let mut connection = PgConnection::connect_with(&options).await.context(unreached)?;
    sqlx::migrate!().run(&mut connection).await.context("the book's tables cannot be brought up to date")?;
    sqlx::raw_sql(BY_BYTES).execute(&mut connection).await.context("the book's indexes cannot be made")?;
    // It only says good-bye.
    let _closed = connection.close().await;
    PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(ACQUIRE_MAX)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if IDLE_TRUSTED < meta.idle_for {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options.options(SESSION))
        .await
        .context(unreached)
}

/// A transaction that reads everything as it is at one moment.
pub(super) async fn snapshot(pool: &PgPool) -> Result<Transaction<'static, Postgres>> {
    pool.begin_with(SNAPSHOT).await
}
