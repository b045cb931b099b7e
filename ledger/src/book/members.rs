//! Members of accounts.

use syntopen_shared::id::{AccountId, UserId};
use syntopen_shared::wire::office::identity::Role;
use syntopen_shared::wire::office::members::Member;

use super::accounts::{self, id};
use super::sessions::{self, role};
use super::sql::{Executor, Row, Transaction, query};
use super::{Result, second_factors};

/// Whose an address is.
pub(crate) struct Known {
    pub(crate) user: UserId,
    pub(crate) account: AccountId,
    /// Whether that account was closed.
    pub(crate) closed: bool,
    /// Whether the address was proven.
    pub(crate) verified: bool,
}

/// A member who joins.
pub(crate) struct NewMember<'a> {
    pub(crate) account: AccountId,
    pub(crate) user: UserId,
    pub(crate) email: &'a str,
    pub(crate) role: Role,
    pub(crate) password_hash: &'a str,
    pub(crate) verified_ms: Option<i64>,
    pub(crate) created_ms: i64,
}

/// Whose this address is.
pub(crate) async fn by_email(executor: impl Into<Executor<'_>>, email: &str) -> Result<Option<Known>> {
    let row = query(
        "SELECT u.id, u.account, u.verified_ms, a.closed_ms FROM users u JOIN accounts a ON a.id = u.account \
         WHERE u.email = $1 AND u.removed_ms IS NULL",
    )
    .bind(email)
    .fetch_optional(executor)
    .await?;
    row.map(|row| {
        Ok(Known {
            user: id(&row, "id")?,
            account: id(&row, "account")?,
            closed: row.get::<Option<i64>>("closed_ms")?.is_some(),
            verified: row.get::<Option<i64>>("verified_ms")?.is_some(),
        })
    })
    .transpose()
}

/// The address of a user.
pub(crate) async fn email_of(executor: impl Into<Executor<'_>>, user: UserId) -> Result<Option<String>> {
    let row = query("SELECT email FROM users WHERE id = $1 AND removed_ms IS NULL")
        .bind(user)
        .fetch_optional(executor)
        .await?;
    row.map(|row| row.get("email")).transpose()
}

/// The members of an account, the oldest first.
pub(crate) async fn list(executor: impl Into<Executor<'_>>, account: AccountId) -> Result<Vec<Member>> {
    let rows = query(
        "SELECT id, email, role, verified_ms, created_ms FROM users WHERE account = $1 AND removed_ms IS NULL \
         ORDER BY id",
    )
    .bind(account)
    .fetch_all(executor)
    .await?;
    rows.iter().map(read).collect()
}

/// What a member of an account may do.
pub(crate) async fn role_of(
    executor: impl Into<Executor<'_>>,
    (account, user): (AccountId, UserId),
) -> Result<Option<Role>> {
    let row = query("SELECT role FROM users WHERE account = $1 AND id = $2 AND removed_ms IS NULL")
        .bind(account)
        .bind(user)
        .fetch_optional(executor)
        .await?;
    row.map(|row| role(row.get("role")?)).transpose()
}

/// Whether a user is an operator.
pub(crate) async fn is_operator(executor: impl Into<Executor<'_>>, user: UserId) -> Result<bool> {
    let row = query("SELECT 1 FROM users WHERE id = $1 AND operator = 1 AND removed_ms IS NULL")
        .bind(user)
        .fetch_optional(executor)
        .await?;
    Ok(row.is_some())
}

/// How many owners an account has; nobody else changes that until the transaction ends.
pub(crate) async fn owners(transaction: &mut Transaction<'_>, account: AccountId) -> Result<i64> {
    accounts::lock(transaction, account).await?;
    query("SELECT COUNT(*) FROM users WHERE account = $1 AND role = 'owner' AND removed_ms IS NULL")
        .bind(account)
        .fetch_one(transaction)
        .await?
        .get(0)
}

/// How many members an account has.
pub(crate) async fn count(executor: impl Into<Executor<'_>>, account: AccountId) -> Result<i64> {
    query("SELECT COUNT(*) FROM users WHERE account = $1 AND removed_ms IS NULL")
        .bind(account)
        .fetch_one(executor)
        .await?
        .get(0)
}

/// Writes a new member; a known address is a unique violation.
pub(crate) async fn insert(transaction: &mut Transaction<'_>, new: &NewMember<'_>) -> Result<()> {
    query(
        "INSERT INTO users (id, account, email, password_hash, operator, role, verified_ms, created_ms) \
         VALUES ($1, $2, $3, $4, 0, $5, $6, $7)",
    )
    .bind(new.user)
    .bind(new.account)
    .bind(new.email)
    .bind(new.password_hash)
    .bind(new.role.as_str())
    .bind(new.verified_ms)
    .bind(new.created_ms)
    .execute(transaction)
    .await
    .map(drop)
}

/// Changes what a member may do.
pub(crate) async fn set_role(
    transaction: &mut Transaction<'_>,
    (account, user): (AccountId, UserId),
    role: Role,
) -> Result<()> {
    query("UPDATE users SET role = $3 WHERE account = $1 AND id = $2")
        .bind(account)
        .bind(user)
        .bind(role.as_str())
        .execute(transaction)
        .await
        .map(drop)
}

/// Removes a member. The row stays for what names it; the address is free again.
pub(crate) async fn remove(
    transaction: &mut Transaction<'_>,
    (account, user): (AccountId, UserId),
    now_ms: i64,
) -> Result<()> {
    query(
        "UPDATE users SET removed_ms = $3, email = 'removed:' || id, password_hash = NULL, totp_secret = NULL, \
         totp_confirmed_ms = NULL, operator = 0 WHERE account = $1 AND id = $2",
    )
    .bind(account)
    .bind(user)
    .bind(now_ms)
    .execute(&mut *transaction)
    .await?;
    const OF_USER: [&str; 3] = [
        "DELETE FROM links WHERE user_id = $1",
        "DELETE FROM recovery_codes WHERE user_id = $1",
        "DELETE FROM identities WHERE user_id = $1",
    ];
    for statement in OF_USER {
        query(statement).bind(user).execute(&mut *transaction).await?;
    }
    sign_out(transaction, user).await
}

/// Ends all sessions of a user, those included that wait for the code of the second factor.
pub(crate) async fn sign_out(transaction: &mut Transaction<'_>, user: UserId) -> Result<()> {
    second_factors::end_challenges(&mut *transaction, user).await?;
    sessions::end_all(transaction, user).await.map(drop)
}

/// The address is the user's. Whether it is still the one of that user.
pub(crate) async fn verify(
    transaction: &mut Transaction<'_>,
    (user, email): (UserId, &str),
    now_ms: i64,
) -> Result<bool> {
    let done = query(
        "UPDATE users SET verified_ms = COALESCE(verified_ms, $3) WHERE id = $1 AND email = $2 AND removed_ms IS NULL",
    )
    .bind(user)
    .bind(email)
    .bind(now_ms)
    .execute(transaction)
    .await?;
    Ok(done == 1)
}

/// Gives a user another password.
pub(crate) async fn set_password(transaction: &mut Transaction<'_>, user: UserId, hash: &str) -> Result<()> {
    query("UPDATE users SET password_hash = $2 WHERE id = $1")
        .bind(user)
        .bind(hash)
        .execute(transaction)
        .await
        .map(drop)
}

/// The hash of a user's password.
pub(crate) async fn password_of(executor: impl Into<Executor<'_>>, user: UserId) -> Result<Option<String>> {
    let row = query("SELECT password_hash FROM users WHERE id = $1").bind(user).fetch_optional(executor).await?;
    Ok(row.map(|row| row.get("password_hash")).transpose()?.flatten())
}

fn read(row: &Row) -> Result<Member> {
    Ok(Member {
        user: id(row, "id")?,
        email: row.get("email")?,
        role: role(row.get("role")?)?,
        verified: row.get::<Option<i64>>("verified_ms")?.is_some(),
        created_ms: row.get("created_ms")?,
    })
}
