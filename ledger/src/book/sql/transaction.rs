//! Transactions of either database.

use sqlx::{Postgres, Sqlite};

use crate::book::Result;

/// What PostgreSQL calls a deadlock and a conflict of transactions.
const TRANSIENT: [&str; 2] = ["40P01", "40001"];

/// A transaction, rolled back where it is dropped.
pub(crate) enum Transaction<'a> {
    Sqlite(sqlx::Transaction<'a, Sqlite>),
    Postgres(sqlx::Transaction<'a, Postgres>),
}

impl Transaction<'_> {
    /// Makes what it did permanent.
    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }
}

/// Whether a transaction failed for others that ran beside it, and may be carried out again.
pub(crate) fn is_transient(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| TRANSIENT.contains(&&*code))
}
