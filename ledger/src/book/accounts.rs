//! Accounts and their users.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection, SqliteExecutor};
use syntopen_shared::id::{AccountId, UserId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::Account;
use syntopen_shared::wire::ledger::AccountStatus;

use super::{Result, corrupt};

/// A new account with its first user.
pub(crate) struct NewAccount<'a> {
    pub(crate) account: AccountId,
    pub(crate) user: UserId,
    pub(crate) email: &'a str,
    pub(crate) password_hash: Option<&'a str>,
    pub(crate) operator: bool,
    pub(crate) created_ms: i64,
}

/// Writes a new account; a known e-mail address is a unique violation.
pub(crate) async fn insert(connection: &mut SqliteConnection, new: &NewAccount<'_>) -> Result<()> {
    sqlx::query("INSERT INTO accounts (id, kind, created_ms) VALUES ($1, 'customer', $2)")
        .bind(new.account.to_string())
        .bind(new.created_ms)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO users (id, account, email, password_hash, operator, created_ms) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(new.user.to_string())
    .bind(new.account.to_string())
    .bind(new.email)
    .bind(new.password_hash)
    .bind(i64::from(new.operator))
    .bind(new.created_ms)
    .execute(connection)
    .await?;
    Ok(())
}

/// The account of a user, with the balance that the book has and nothing held.
pub(crate) async fn by_email(executor: impl SqliteExecutor<'_>, email: &str) -> Result<Option<Account>> {
    let row = sqlx::query(
        "SELECT u.id AS user, u.email, u.operator, a.id, a.status, a.posted, a.created_ms \
         FROM users u JOIN accounts a ON a.id = u.account WHERE u.email = $1",
    )
    .bind(email)
    .fetch_optional(executor)
    .await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &SqliteRow) -> Result<Account> {
    Ok(Account {
        account: id(row, "id")?,
        user: id(row, "user")?,
        email: row.try_get("email")?,
        operator: row.try_get::<i64, _>("operator")? != 0,
        status: status(row, "status")?,
        balance: nanos(row, "posted")?,
        held: NanoUsd::ZERO,
        created_ms: row.try_get("created_ms")?,
    })
}

/// An identifier.
pub(crate) fn id<T: std::str::FromStr>(row: &SqliteRow, column: &str) -> Result<T> {
    row.try_get::<&str, _>(column)?.parse().map_err(|_| corrupt("an identifier is no UUID"))
}

/// An amount of money.
pub(crate) fn nanos(row: &SqliteRow, column: &str) -> Result<NanoUsd> {
    row.try_get(column).map(NanoUsd::new)
}

/// The status of an account.
pub(crate) fn status(row: &SqliteRow, column: &str) -> Result<AccountStatus> {
    match row.try_get::<&str, _>(column)? {
        "active" => Ok(AccountStatus::Active),
        "suspended" => Ok(AccountStatus::Suspended),
        _ => Err(corrupt("an account has no known status")),
    }
}
