//! Second factors: secrets, recovery codes, and sign-ins that wait for a code.

use syntopen_shared::id::UserId;
use syntopen_shared::token::TokenHash;

use super::Result;
use super::accounts::id;
use super::sql::{Executor, Transaction, query};

/// What the book has of a user's second factor.
pub(crate) struct Factor {
    pub(crate) email: String,
    /// As it is stored: see [`crate::seal`].
    pub(crate) secret: Option<String>,
    pub(crate) is_confirmed: bool,
    /// Of the last code that was used.
    pub(crate) step: i64,
    /// Wrong codes in a row, and when the last one came.
    pub(crate) failed: i64,
    pub(crate) failed_ms: i64,
}

/// The second factor of a user.
pub(crate) async fn of_user(executor: impl Into<Executor<'_>>, user: UserId) -> Result<Option<Factor>> {
    let row = query(
        "SELECT email, totp_secret, totp_confirmed_ms, totp_step, totp_failed, totp_failed_ms FROM users WHERE id = $1",
    )
    .bind(user)
    .fetch_optional(executor)
    .await?;
    row.map(|row| {
        Ok(Factor {
            email: row.get("email")?,
            secret: row.get("totp_secret")?,
            is_confirmed: row.get::<Option<i64>>("totp_confirmed_ms")?.is_some(),
            step: row.get("totp_step")?,
            failed: row.get("totp_failed")?,
            failed_ms: row.get("totp_failed_ms")?,
        })
    })
    .transpose()
}

/// Locks a user until the transaction ends, so that codes are tried one after the other.
pub(crate) async fn lock(transaction: &mut Transaction<'_>, user: UserId) -> Result<()> {
    query("UPDATE users SET totp_failed = totp_failed WHERE id = $1").bind(user).execute(transaction).await.map(drop)
}

/// Writes a secret; whether none is in use yet.
pub(crate) async fn put_secret(transaction: &mut Transaction<'_>, user: UserId, secret: &str) -> Result<bool> {
    let put = query("UPDATE users SET totp_secret = $2 WHERE id = $1 AND totp_confirmed_ms IS NULL")
        .bind(user)
        .bind(secret)
        .execute(transaction);
    Ok(put.await? == 1)
}

/// Writes a secret in use in another form; one that was replaced meanwhile stays.
pub(crate) async fn put_sealed(transaction: &mut Transaction<'_>, user: UserId, [from, to]: [&str; 2]) -> Result<()> {
    query("UPDATE users SET totp_secret = $3 WHERE id = $1 AND totp_secret = $2")
        .bind(user)
        .bind(from)
        .bind(to)
        .execute(transaction)
        .await
        .map(drop)
}

/// Takes the secret into use; whether it is still that one.
pub(crate) async fn confirm(
    transaction: &mut Transaction<'_>,
    (user, secret): (UserId, &str),
    now_ms: i64,
) -> Result<bool> {
    let confirmed = query(
        "UPDATE users SET totp_confirmed_ms = $3 WHERE id = $1 AND totp_secret = $2 AND totp_confirmed_ms IS NULL",
    )
    .bind(user)
    .bind(secret)
    .bind(now_ms)
    .execute(transaction);
    Ok(confirmed.await? == 1)
}

/// Notes that the code of a step was used, which ends the row of wrong ones.
pub(crate) async fn use_step(transaction: &mut Transaction<'_>, user: UserId, step: i64) -> Result<()> {
    query("UPDATE users SET totp_step = $2, totp_failed = 0 WHERE id = $1")
        .bind(user)
        .bind(step)
        .execute(transaction)
        .await
        .map(drop)
}

/// Notes a wrong code.
pub(crate) async fn fail(transaction: &mut Transaction<'_>, user: UserId, now_ms: i64) -> Result<()> {
    query("UPDATE users SET totp_failed = totp_failed + 1, totp_failed_ms = $2 WHERE id = $1")
        .bind(user)
        .bind(now_ms)
        .execute(transaction)
        .await
        .map(drop)
}

/// Removes secret and recovery codes. The last step stays: a code is used once, whatever comes between.
pub(crate) async fn end(transaction: &mut Transaction<'_>, user: UserId) -> Result<()> {
    query("UPDATE users SET totp_secret = NULL, totp_confirmed_ms = NULL, totp_failed = 0 WHERE id = $1")
        .bind(user)
        .execute(&mut *transaction)
        .await?;
    put_codes(transaction, user, &[]).await
}

/// Writes the hashes of recovery codes, in the place of those before.
pub(crate) async fn put_codes(transaction: &mut Transaction<'_>, user: UserId, hashes: &[String]) -> Result<()> {
    query("DELETE FROM recovery_codes WHERE user_id = $1").bind(user).execute(&mut *transaction).await?;
    for hash in hashes {
        query("INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)")
            .bind(user)
            .bind(hash.as_str())
            .execute(&mut *transaction)
            .await?;
    }
    Ok(())
}

/// Uses up a recovery code; whether there was one.
pub(crate) async fn use_code(transaction: &mut Transaction<'_>, user: UserId, hash: &str) -> Result<bool> {
    let used =
        query("DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2").bind(user).bind(hash).execute(transaction);
    Ok(used.await? == 1)
}

/// How many recovery codes are left.
pub(crate) async fn count_codes(executor: impl Into<Executor<'_>>, user: UserId) -> Result<i64> {
    let row = query("SELECT COUNT(*) AS codes FROM recovery_codes WHERE user_id = $1").bind(user).fetch_one(executor);
    row.await?.get("codes")
}

/// Remembers that somebody knew the password, until `expires_ms`; forgets up to `limit` of whom the time is over.
pub(crate) async fn begin_challenge(
    transaction: &mut Transaction<'_>,
    (user, hash): (UserId, &TokenHash),
    [now_ms, expires_ms, limit]: [i64; 3],
) -> Result<()> {
    query(
        "DELETE FROM challenges WHERE hash IN \
         (SELECT hash FROM challenges WHERE expires_ms <= $1 AND user_id = $2 ORDER BY expires_ms LIMIT $3)",
    )
    .bind(now_ms)
    .bind(user)
    .bind(limit)
    .execute(&mut *transaction)
    .await?;
    query("INSERT INTO challenges (hash, user_id, expires_ms) VALUES ($1, $2, $3)")
        .bind(hash.as_str())
        .bind(user)
        .bind(expires_ms)
        .execute(transaction)
        .await
        .map(drop)
}

/// Who knew the password.
pub(crate) async fn challenged(
    executor: impl Into<Executor<'_>>,
    hash: &TokenHash,
    now_ms: i64,
) -> Result<Option<UserId>> {
    let row = query("SELECT user_id FROM challenges WHERE hash = $1 AND expires_ms > $2")
        .bind(hash.as_str())
        .bind(now_ms)
        .fetch_optional(executor)
        .await?;
    row.map(|row| id(&row, "user_id")).transpose()
}

/// Ends all sign-ins of a user that wait for a code.
pub(crate) async fn end_challenges(transaction: &mut Transaction<'_>, user: UserId) -> Result<()> {
    query("DELETE FROM challenges WHERE user_id = $1").bind(user).execute(transaction).await.map(drop)
}

/// Uses it up; whether it was there.
pub(crate) async fn end_challenge(transaction: &mut Transaction<'_>, hash: &TokenHash) -> Result<bool> {
    let ended = query("DELETE FROM challenges WHERE hash = $1").bind(hash.as_str()).execute(transaction);
    Ok(ended.await? == 1)
}
