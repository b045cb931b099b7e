//! Browsers in which people are signed in.

use syntopen_shared::id::{SessionId, UserId};
use syntopen_shared::token::TokenHash;
use syntopen_shared::wire::office::identity::{Role, Viewer};
use syntopen_shared::wire::office::security::Session;

use super::accounts::{id, status};
use super::sql::{Executor, Row, Transaction, query};
use super::{Result, corrupt};

/// A session that begins.
pub(crate) struct Begun<'a> {
    pub(crate) id: SessionId,
    pub(crate) user: UserId,
    pub(crate) hash: &'a TokenHash,
    pub(crate) address: &'a str,
    pub(crate) agent: &'a str,
    pub(crate) created_ms: i64,
    pub(crate) expires_ms: i64,
}

/// Writes a new session.
pub(crate) async fn insert(transaction: &mut Transaction<'_>, begun: &Begun<'_>) -> Result<()> {
    query(
        "INSERT INTO sessions (id, hash, user_id, address, agent, created_ms, seen_ms, expires_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7)",
    )
    .bind(begun.id)
    .bind(begun.hash.as_str())
    .bind(begun.user)
    .bind(begun.address)
    .bind(begun.agent)
    .bind(begun.created_ms)
    .bind(begun.expires_ms)
    .execute(transaction)
    .await
    .map(drop)
}

/// Whose session this is, where it has not ended, and when it was last seen.
pub(crate) async fn viewer(
    executor: impl Into<Executor<'_>>,
    hash: &TokenHash,
    now_ms: i64,
) -> Result<Option<(Viewer, i64)>> {
    let row = query(
        "SELECT s.id AS session, s.seen_ms, u.id AS user_id, u.email, u.verified_ms, u.totp_confirmed_ms, \
         CAST(u.operator AS BIGINT) AS operator, u.role, a.id AS account, a.status \
         FROM sessions s JOIN users u ON u.id = s.user_id JOIN accounts a ON a.id = u.account \
         WHERE s.hash = $1 AND s.expires_ms > $2 AND u.removed_ms IS NULL AND a.closed_ms IS NULL",
    )
    .bind(hash.as_str())
    .bind(now_ms)
    .fetch_optional(executor)
    .await?;
    row.map(|row| Ok((read(&row)?, row.get("seen_ms")?))).transpose()
}

/// Notes that a session was seen, unless a later time is noted already.
pub(crate) async fn see(transaction: &mut Transaction<'_>, session: SessionId, now_ms: i64) -> Result<()> {
    query("UPDATE sessions SET seen_ms = $2 WHERE id = $1 AND seen_ms < $2")
        .bind(session)
        .bind(now_ms)
        .execute(transaction)
        .await
        .map(drop)
}

/// The sessions of a user that have not ended, the latest first.
pub(crate) async fn of_user(
    executor: impl Into<Executor<'_>>,
    user: UserId,
    (now_ms, limit): (i64, i64),
) -> Result<Vec<Session>> {
    let rows = query(
        "SELECT id, agent, address, created_ms, seen_ms, expires_ms FROM sessions \
         WHERE user_id = $1 AND expires_ms > $2 ORDER BY id DESC LIMIT $3",
    )
    .bind(user)
    .bind(now_ms)
    .bind(limit)
    .fetch_all(executor)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Session {
                id: id(row, "id")?,
                agent: row.get("agent")?,
                address: row.get("address")?,
                created_ms: row.get("created_ms")?,
                seen_ms: row.get("seen_ms")?,
                expires_ms: row.get("expires_ms")?,
            })
        })
        .collect()
}

/// Ends the session with this token; which it was, and whose.
pub(crate) async fn end(transaction: &mut Transaction<'_>, hash: &TokenHash) -> Result<Option<(SessionId, UserId)>> {
    let row = query("DELETE FROM sessions WHERE hash = $1 RETURNING id, user_id")
        .bind(hash.as_str())
        .fetch_optional(transaction)
        .await?;
    row.map(|row| Ok((id(&row, "id")?, id(&row, "user_id")?))).transpose()
}

/// Ends a session of this user; whether there was one.
pub(crate) async fn end_of(transaction: &mut Transaction<'_>, user: UserId, session: SessionId) -> Result<bool> {
    let ended =
        query("DELETE FROM sessions WHERE id = $1 AND user_id = $2").bind(session).bind(user).execute(transaction);
    Ok(ended.await? == 1)
}

/// Ends all sessions of a user but this one; how many.
pub(crate) async fn end_others(transaction: &mut Transaction<'_>, user: UserId, but: SessionId) -> Result<u64> {
    query("DELETE FROM sessions WHERE user_id = $1 AND id <> $2").bind(user).bind(but).execute(transaction).await
}

/// Ends all sessions of a user; how many.
pub(crate) async fn end_all(transaction: &mut Transaction<'_>, user: UserId) -> Result<u64> {
    query("DELETE FROM sessions WHERE user_id = $1").bind(user).execute(transaction).await
}

/// Ends the oldest sessions of a user, so that at most so many are left.
pub(crate) async fn end_oldest(transaction: &mut Transaction<'_>, user: UserId, left: i64) -> Result<u64> {
    query(
        "DELETE FROM sessions WHERE user_id = $1 AND id IN \
         (SELECT id FROM sessions WHERE user_id = $1 ORDER BY id DESC LIMIT 1000 OFFSET $2)",
    )
    .bind(user)
    .bind(left)
    .execute(transaction)
    .await
}

/// Removes sessions that have ended by themselves, so many at most.
pub(crate) async fn sweep(transaction: &mut Transaction<'_>, (now_ms, limit): (i64, i64)) -> Result<u64> {
    query(
        "DELETE FROM sessions WHERE id IN \
         (SELECT id FROM sessions WHERE expires_ms <= $1 ORDER BY expires_ms LIMIT $2)",
    )
    .bind(now_ms)
    .bind(limit)
    .execute(transaction)
    .await
}

fn read(row: &Row) -> Result<Viewer> {
    Ok(Viewer {
        user: id(row, "user_id")?,
        email: row.get("email")?,
        verified: row.get::<Option<i64>>("verified_ms")?.is_some(),
        second_factor: row.get::<Option<i64>>("totp_confirmed_ms")?.is_some(),
        operator: row.get::<i64>("operator")? != 0,
        role: role(row.get("role")?)?,
        account: id(row, "account")?,
        status: status(row, "status")?,
        session: id(row, "session")?,
    })
}

/// The role of a member.
pub(crate) fn role(word: &str) -> Result<Role> {
    match word {
        "owner" => Ok(Role::Owner),
        "member" => Ok(Role::Member),
        _ => Err(corrupt("a user has no known role")),
    }
}
