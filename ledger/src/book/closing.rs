//! The end of an account.

use syntopen_shared::id::AccountId;

use super::Result;
use super::sql::{Executor, Transaction, query};
use super::untold::{self, Subject};

/// How many keys of an account can still be used.
pub(crate) async fn active_keys(executor: impl Into<Executor<'_>>, account: AccountId) -> Result<i64> {
    query("SELECT COUNT(*) FROM api_keys WHERE account = $1 AND status = 'active'")
        .bind(account)
        .fetch_one(executor)
        .await?
        .get(0)
}

/// Closes an account: it is suspended, its keys are revoked, and nobody is or gets signed in to it.
pub(crate) async fn close(transaction: &mut Transaction<'_>, account: AccountId, now_ms: i64) -> Result<()> {
    query("UPDATE accounts SET status = 'suspended', version = version + 1, closed_ms = $2 WHERE id = $1")
        .bind(account)
        .bind(now_ms)
        .execute(&mut *transaction)
        .await?;
    untold::note(transaction, account, Subject::Standing).await?;
    untold::note_active_keys(transaction, account).await?;
    const EACH: [&str; 5] = [
        "UPDATE api_keys SET status = 'revoked', version = version + 1 WHERE account = $1 AND status = 'active'",
        "DELETE FROM sessions WHERE user_id IN (SELECT id FROM users WHERE account = $1)",
        "DELETE FROM challenges WHERE user_id IN (SELECT id FROM users WHERE account = $1)",
        "DELETE FROM links WHERE user_id IN (SELECT id FROM users WHERE account = $1)",
        // Without a password nobody signs in.
        "UPDATE users SET password_hash = NULL WHERE account = $1",
    ];
    for statement in EACH {
        query(statement).bind(account).execute(&mut *transaction).await?;
    }
    Ok(())
}
