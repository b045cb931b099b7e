//! People who sign in.

use syntopen_shared::id::UserId;

use super::Result;
use super::accounts::id;
use super::sql::{Executor, Row, Transaction, query};

/// What a user signs in with.
pub(crate) struct Credentials {
    pub(crate) user: UserId,
    pub(crate) password_hash: Option<String>,
    pub(crate) has_second_factor: bool,
    /// Whether the address is known to be theirs.
    pub(crate) is_verified: bool,
}

/// The credentials of the user with this address.
pub(crate) async fn credentials(executor: impl Into<Executor<'_>>, email: &str) -> Result<Option<Credentials>> {
    let row = query("SELECT id, password_hash, totp_confirmed_ms, verified_ms FROM users WHERE email = $1")
        .bind(email)
        .fetch_optional(executor)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The credentials of a user.
pub(crate) async fn credentials_of(executor: impl Into<Executor<'_>>, user: UserId) -> Result<Option<Credentials>> {
    let row = query("SELECT id, password_hash, totp_confirmed_ms, verified_ms FROM users WHERE id = $1")
        .bind(user)
        .fetch_optional(executor)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Puts one hash of a password in the place of another; whether the other was still there.
pub(crate) async fn change_password(
    transaction: &mut Transaction<'_>,
    user: UserId,
    [old, new]: [&str; 2],
) -> Result<bool> {
    let changed = query("UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2")
        .bind(user)
        .bind(old)
        .bind(new)
        .execute(transaction);
    Ok(changed.await? == 1)
}

/// Locks a user until the transaction ends; whether the password is still the one with this hash, and the user may sign
/// in at all.
pub(crate) async fn is_still(transaction: &mut Transaction<'_>, user: UserId, hash: Option<&str>) -> Result<bool> {
    let locked = query(
        "UPDATE users SET totp_failed = totp_failed WHERE id = $1 AND COALESCE(password_hash, '') = $2 \
         AND removed_ms IS NULL AND account IN (SELECT id FROM accounts WHERE closed_ms IS NULL)",
    )
    .bind(user)
    .bind(hash.unwrap_or_default())
    .execute(transaction);
    Ok(locked.await? == 1)
}

/// Notes that the address is known to be the user's.
pub(crate) async fn verify(transaction: &mut Transaction<'_>, user: UserId, now_ms: i64) -> Result<()> {
    query("UPDATE users SET verified_ms = $2 WHERE id = $1 AND verified_ms IS NULL")
        .bind(user)
        .bind(now_ms)
        .execute(transaction)
        .await
        .map(drop)
}

fn read(row: &Row) -> Result<Credentials> {
    Ok(Credentials {
        user: id(row, "id")?,
        password_hash: row.get("password_hash")?,
        has_second_factor: row.get::<Option<i64>>("totp_confirmed_ms")?.is_some(),
        is_verified: row.get::<Option<i64>>("verified_ms")?.is_some(),
    })
}
