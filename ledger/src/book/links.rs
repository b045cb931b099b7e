//! Links that are sent to addresses, by the hashes of their tokens.

use syntopen_shared::id::UserId;
use syntopen_shared::token::TokenHash;
use syntopen_shared::wire::office::links::Purpose;

use super::sql::{Executor, Row, Transaction, query};
use super::{Result, corrupt};

/// A link that is to be kept.
#[derive(Clone, Copy)]
pub(crate) struct NewLink<'a> {
    pub(crate) hash: &'a TokenHash,
    pub(crate) purpose: Purpose,
    pub(crate) email: &'a str,
    /// Whose address it is; nobody's leads nowhere, but for signing up.
    pub(crate) user: Option<UserId>,
    pub(crate) created_ms: i64,
    pub(crate) expires_ms: i64,
}

/// A link that can be used.
pub(crate) struct Link {
    pub(crate) email: String,
    pub(crate) user: Option<UserId>,
}

/// Keeps a link.
pub(crate) async fn insert(transaction: &mut Transaction<'_>, new: NewLink<'_>) -> Result<()> {
    query("INSERT INTO links (hash, purpose, email, user_id, created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(new.hash.as_str())
        .bind(new.purpose.as_str())
        .bind(new.email)
        .bind(new.user.map(|user| user.to_string()))
        .bind(new.created_ms)
        .bind(new.expires_ms)
        .execute(transaction)
        .await
        .map(drop)
}

/// Forgets the links that have expired.
pub(crate) async fn prune(transaction: &mut Transaction<'_>, now_ms: i64) -> Result<()> {
    query("DELETE FROM links WHERE expires_ms <= $1").bind(now_ms).execute(transaction).await.map(drop)
}

/// How many links an address has for this purpose.
pub(crate) async fn count(
    executor: impl Into<Executor<'_>>,
    (purpose, email): (Purpose, &str),
    now_ms: i64,
) -> Result<i64> {
    query("SELECT COUNT(*) FROM links WHERE email = $1 AND purpose = $2 AND expires_ms > $3")
        .bind(email)
        .bind(purpose.as_str())
        .bind(now_ms)
        .fetch_one(executor)
        .await?
        .get(0)
}

/// The link with this token, where it can be used for this.
pub(crate) async fn find(
    executor: impl Into<Executor<'_>>,
    (purpose, hash): (Purpose, &TokenHash),
    now_ms: i64,
) -> Result<Option<Link>> {
    let row = query("SELECT email, user_id FROM links WHERE hash = $1 AND purpose = $2 AND expires_ms > $3")
        .bind(hash.as_str())
        .bind(purpose.as_str())
        .bind(now_ms)
        .fetch_optional(executor)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Uses a link up: of several who try at once, one gets it.
pub(crate) async fn take(
    transaction: &mut Transaction<'_>,
    (purpose, hash): (Purpose, &TokenHash),
    now_ms: i64,
) -> Result<Option<Link>> {
    let row = query("DELETE FROM links WHERE hash = $1 AND purpose = $2 AND expires_ms > $3 RETURNING email, user_id")
        .bind(hash.as_str())
        .bind(purpose.as_str())
        .bind(now_ms)
        .fetch_optional(transaction)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Takes back what an address has for this purpose.
pub(crate) async fn withdraw(transaction: &mut Transaction<'_>, (purpose, email): (Purpose, &str)) -> Result<()> {
    query("DELETE FROM links WHERE email = $1 AND purpose = $2")
        .bind(email)
        .bind(purpose.as_str())
        .execute(transaction)
        .await
        .map(drop)
}

/// Takes back what a user has for this purpose.
pub(crate) async fn withdraw_of(transaction: &mut Transaction<'_>, (purpose, user): (Purpose, UserId)) -> Result<()> {
    query("DELETE FROM links WHERE user_id = $1 AND purpose = $2")
        .bind(user)
        .bind(purpose.as_str())
        .execute(transaction)
        .await
        .map(drop)
}

fn read(row: &Row) -> Result<Link> {
    let user = row.get::<Option<&str>>("user_id")?.map(str::parse).transpose();
    Ok(Link { email: row.get("email")?, user: user.map_err(|_| corrupt("an identifier is no UUID"))? })
}
