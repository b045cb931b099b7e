//! People as identity providers know them.

use syntopen_shared::id::UserId;

use super::Result;
use super::accounts::id;
use super::sql::{Executor, Transaction, query};

/// Somebody as a provider knows him.
#[derive(Clone, Copy)]
pub(crate) struct Identity<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) subject: &'a str,
}

/// The user whom the provider means.
pub(crate) async fn user(executor: impl Into<Executor<'_>>, identity: Identity<'_>) -> Result<Option<UserId>> {
    let row = query("SELECT user_id FROM identities WHERE issuer = $1 AND subject = $2")
        .bind(identity.issuer)
        .bind(identity.subject)
        .fetch_optional(executor)
        .await?;
    row.map(|row| id(&row, "user_id")).transpose()
}

/// Writes whom the provider means; what is known already is a unique violation.
pub(crate) async fn insert(
    transaction: &mut Transaction<'_>,
    identity: Identity<'_>,
    (user, now_ms): (UserId, i64),
) -> Result<()> {
    query("INSERT INTO identities (issuer, subject, user_id, created_ms) VALUES ($1, $2, $3, $4)")
        .bind(identity.issuer)
        .bind(identity.subject)
        .bind(user)
        .bind(now_ms)
        .execute(transaction)
        .await
        .map(drop)
}

/// Whether any provider means this user.
pub(crate) async fn has_any(executor: impl Into<Executor<'_>>, user: UserId) -> Result<bool> {
    let row = query("SELECT 1 FROM identities WHERE user_id = $1 LIMIT 1").bind(user).fetch_optional(executor).await?;
    Ok(row.is_some())
}

/// No provider means this user any more.
pub(crate) async fn forget(transaction: &mut Transaction<'_>, user: UserId) -> Result<()> {
    query("DELETE FROM identities WHERE user_id = $1").bind(user).execute(transaction).await.map(drop)
}
