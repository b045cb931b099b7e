//! The suite over SQLite.

use super::conformance;
use super::fixture::Database;

async fn sqlite() -> Database {
    Database::sqlite().await
}

conformance!(sqlite);
