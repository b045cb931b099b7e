//! Which key the playground of an account pays with.

use syntopen_shared::id::{AccountId, KeyId};
use syntopen_shared::wire::ledger::KeyRecord;

use super::sql::{Executor, Transaction, query};
use super::{Result, keys};

/// The key, where there is one, whatever its state.
pub(crate) async fn key(executor: impl Into<Executor<'_>>, account: AccountId) -> Result<Option<KeyRecord>> {
    let row = query("SELECT k.* FROM accounts a JOIN api_keys k ON k.id = a.playground_key WHERE a.id = $1")
        .bind(account)
        .fetch_optional(executor)
        .await?;
    row.as_ref().map(keys::read).transpose()
}

/// Says which key it is from now on.
pub(crate) async fn set(transaction: &mut Transaction<'_>, account: AccountId, key: KeyId) -> Result<()> {
    query("UPDATE accounts SET playground_key = $2 WHERE id = $1")
        .bind(account)
        .bind(key)
        .execute(transaction)
        .await
        .map(drop)
}
