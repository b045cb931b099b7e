//! Accounts and their users.

use syntopen_shared::id::{AccountId, UserId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::Account;
use syntopen_shared::wire::ledger::AccountStatus;

use super::sql::{Executor, Row, Transaction, query};
use super::untold::{self, Subject};
use super::{Result, corrupt};
use crate::account;

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
pub(crate) async fn insert(transaction: &mut Transaction<'_>, new: &NewAccount<'_>) -> Result<()> {
    query("INSERT INTO accounts (id, kind, created_ms) VALUES ($1, 'customer', $2)")
        .bind(new.account)
        .bind(new.created_ms)
        .execute(&mut *transaction)
        .await?;
    query(
        "INSERT INTO users (id, account, email, password_hash, operator, created_ms) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(new.user)
    .bind(new.account)
    .bind(new.email)
    .bind(new.password_hash)
    .bind(i64::from(new.operator))
    .bind(new.created_ms)
    .execute(transaction)
    .await?;
    Ok(())
}

/// The account of a user, with the balance that the book has and nothing held.
pub(crate) async fn by_email(executor: impl Into<Executor<'_>>, email: &str) -> Result<Option<Account>> {
    let row = query(
        "SELECT u.id AS user_id, u.email, CAST(u.operator AS BIGINT) AS operator, a.id, a.status, a.posted, \
         a.created_ms FROM users u JOIN accounts a ON a.id = u.account WHERE u.email = $1",
    )
    .bind(email)
    .fetch_optional(executor)
    .await?;
    row.as_ref().map(read).transpose()
}

/// The next `limit` accounts of customers after this one, by id, with nothing held.
pub(crate) async fn page(
    executor: impl Into<Executor<'_>>,
    after: Option<AccountId>,
    limit: i64,
) -> Result<Vec<(AccountId, account::Account)>> {
    let rows = query(
        "SELECT id, posted, credit_no, moves, status AS account_status, version AS account_version FROM accounts \
         WHERE id > $1 AND kind = 'customer' ORDER BY id LIMIT $2",
    )
    .bind(after.map(|after| after.to_string()).unwrap_or_default())
    .bind(limit)
    .fetch_all(executor)
    .await?;
    rows.iter().map(|row| Ok((id(row, "id")?, balance(row)?))).collect()
}

/// Locks an account until the transaction ends, so that others wait who would add to it.
pub(crate) async fn lock(transaction: &mut Transaction<'_>, account: AccountId) -> Result<()> {
    query("UPDATE accounts SET version = version WHERE id = $1").bind(account).execute(transaction).await.map(drop)
}

/// Gives an account of a customer a status, under a new version. Whether there is such an account.
pub(crate) async fn set_status(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    status: AccountStatus,
) -> Result<bool> {
    let word = match status {
        AccountStatus::Active => "active",
        AccountStatus::Suspended => "suspended",
    };
    let done = query("UPDATE accounts SET status = $2, version = version + 1 WHERE id = $1 AND kind = 'customer'")
        .bind(account)
        .bind(word)
        .execute(&mut *transaction)
        .await?;
    if done == 0 {
        return Ok(false);
    }
    untold::note(transaction, account, Subject::Standing).await.map(|()| true)
}

/// Whether its owner has closed an account.
pub(crate) async fn is_closed(executor: impl Into<Executor<'_>>, account: AccountId) -> Result<bool> {
    let row = query("SELECT 1 FROM accounts WHERE id = $1 AND closed_ms IS NOT NULL")
        .bind(account)
        .fetch_optional(executor)
        .await?;
    Ok(row.is_some())
}

fn read(row: &Row) -> Result<Account> {
    Ok(Account {
        account: id(row, "id")?,
        user: id(row, "user_id")?,
        email: row.get("email")?,
        operator: row.get::<i64>("operator")? != 0,
        status: status(row, "status")?,
        balance: nanos(row, "posted")?,
        held: NanoUsd::ZERO,
        created_ms: row.get("created_ms")?,
    })
}

/// The balance of an account, nothing of it held.
pub(crate) fn balance(row: &Row) -> Result<account::Account> {
    Ok(account::Account {
        posted: nanos(row, "posted")?,
        held: NanoUsd::ZERO,
        credit_no: row.get("credit_no")?,
        moves: row.get("moves")?,
        status: status(row, "account_status")?,
        version: row.get("account_version")?,
    })
}

/// An identifier.
pub(crate) fn id<T: std::str::FromStr>(row: &Row, column: &str) -> Result<T> {
    row.get::<&str>(column)?.parse().map_err(|_| corrupt("an identifier is no UUID"))
}

/// An amount of money.
pub(crate) fn nanos(row: &Row, column: &str) -> Result<NanoUsd> {
    row.get(column).map(NanoUsd::new)
}

/// The status of an account.
pub(crate) fn status(row: &Row, column: &str) -> Result<AccountStatus> {
    match row.get::<&str>(column)? {
        "active" => Ok(AccountStatus::Active),
        "suspended" => Ok(AccountStatus::Suspended),
        _ => Err(corrupt("an account has no known status")),
    }
}
