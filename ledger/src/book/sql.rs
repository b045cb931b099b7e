//! One way to speak to both databases: the same text, `$1` placeholders, texts and whole numbers.
//!
//! sqlx's `Any` would hide SQLite's pragmas and the arrays of PostgreSQL on which the drainer's batches rest.

mod transaction;
mod value;

pub(crate) use transaction::{Transaction, is_transient};
use value::Value;

use sqlx::postgres::{PgArguments, PgConnection, PgPool, PgRow};
use sqlx::query::Query as Bound;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqlitePool, SqliteRow};
use sqlx::{ColumnIndex, Decode, Postgres, Row as _, Sqlite, Type};

use super::Result;

/// Connections that are lent for one statement at a time.
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Where a statement runs.
pub(crate) enum Executor<'a> {
    SqlitePool(&'a SqlitePool),
    Sqlite(&'a mut SqliteConnection),
    PostgresPool(&'a PgPool),
    Postgres(&'a mut PgConnection),
}

impl<'a> From<&'a Pool> for Executor<'a> {
    fn from(pool: &'a Pool) -> Self {
        match pool {
            Pool::Sqlite(pool) => Self::SqlitePool(pool),
            Pool::Postgres(pool) => Self::PostgresPool(pool),
        }
    }
}

impl<'a> From<&'a mut SqliteConnection> for Executor<'a> {
    fn from(connection: &'a mut SqliteConnection) -> Self {
        Self::Sqlite(connection)
    }
}

impl<'a> From<&'a mut Transaction<'_>> for Executor<'a> {
    fn from(transaction: &'a mut Transaction<'_>) -> Self {
        match transaction {
            Transaction::Sqlite(transaction) => Self::Sqlite(transaction),
            Transaction::Postgres(transaction) => Self::Postgres(transaction),
        }
    }
}

/// The text of a statement, for each database.
#[derive(Clone, Copy)]
pub(crate) struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }
}

/// A statement with its values.
pub(crate) struct Query<'q> {
    sql: Sql,
    values: Vec<Value<'q>>,
}

/// Begins a statement.
pub(crate) fn query<'q>(sql: impl Into<Sql>) -> Query<'q> {
    Query { sql: sql.into(), values: Vec::new() }
}

/// Carries a statement out in this way, wherever it runs: what that comes to, by the database.
macro_rules! run {
    ($query:expr, $executor:expr, $how:ident) => {
        match $executor.into() {
            Executor::SqlitePool(pool) => Of::Sqlite($query.sqlite().$how(pool).await?),
            Executor::Sqlite(connection) => Of::Sqlite($query.sqlite().$how(connection).await?),
            Executor::PostgresPool(pool) => Of::Postgres($query.postgres().$how(pool).await?),
            Executor::Postgres(connection) => Of::Postgres($query.postgres().$how(connection).await?),
        }
    };
}

enum Of<S, P> {
    Sqlite(S),
    Postgres(P),
}

impl<'q> Query<'q> {
    /// The next value.
    #[must_use]
    pub(crate) fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Returns how many rows it changed.
    pub(crate) async fn execute(self, executor: impl Into<Executor<'_>>) -> Result<u64> {
        Ok(match run!(self, executor, execute) {
            Of::Sqlite(done) => done.rows_affected(),
            Of::Postgres(done) => done.rows_affected(),
        })
    }

    /// Returns its only row.
    pub(crate) async fn fetch_one(self, executor: impl Into<Executor<'_>>) -> Result<Row> {
        Ok(match run!(self, executor, fetch_one) {
            Of::Sqlite(row) => Row::Sqlite(row),
            Of::Postgres(row) => Row::Postgres(row),
        })
    }

    /// Returns its only row, where there is one.
    pub(crate) async fn fetch_optional(self, executor: impl Into<Executor<'_>>) -> Result<Option<Row>> {
        Ok(match run!(self, executor, fetch_optional) {
            Of::Sqlite(row) => row.map(Row::Sqlite),
            Of::Postgres(row) => row.map(Row::Postgres),
        })
    }

    /// Returns its rows.
    pub(crate) async fn fetch_all(self, executor: impl Into<Executor<'_>>) -> Result<Vec<Row>> {
        Ok(match run!(self, executor, fetch_all) {
            Of::Sqlite(rows) => rows.into_iter().map(Row::Sqlite).collect(),
            Of::Postgres(rows) => rows.into_iter().map(Row::Postgres).collect(),
        })
    }

    fn sqlite(self) -> Bound<'q, Sqlite, SqliteArguments> {
        self.values.into_iter().fold(sqlx::query(self.sql.sqlite), |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Int(int) => query.bind(int),
        })
    }

    fn postgres(self) -> Bound<'q, Postgres, PgArguments> {
        self.values.into_iter().fold(sqlx::query(self.sql.postgres), |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Int(int) => query.bind(int),
        })
    }
}

/// A row of either database.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The value of a column: a text, a whole number of 64 bits, or one of these that may be missing.
    pub(crate) fn get<'r, T>(&'r self, column: impl ColumnIndex<SqliteRow> + ColumnIndex<PgRow>) -> Result<T>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }
}
