//! Accounts as operators find them, and everything about one.

use syntopen_shared::clock::{utc_day, utc_month};
use syntopen_shared::id::{AccountId, UserId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::{AccountStatus, Spent};
use syntopen_shared::wire::office::operator::accounts::{AccountRow, KeyRow, Person, RequestRow, Search, TransferRow};
use syntopen_shared::wire::office::paging::{Place, Slice};

use super::Result;
use super::accounts::{id, nanos, status};
use super::keys;
use super::sessions::role;
use super::slices::{self, BEHIND_IDS, Way, rows};
use super::sql::{Executor, Pool, Query, Row, Sql, query};

/// Keys, transfers and requests that are shown of one account.
const SHOWN_MAX: i64 = 20;
/// Users that are shown of one account.
const USERS_MAX: i64 = 100;
/// No address goes on with anything that is sorted behind it.
const LAST: char = char::MAX;

/// A list of accounts with an address each.
macro_rules! accounts {
    ($email:literal, $from:literal, $rest:literal) => {
        concat!(
            "SELECT a.id, a.status, a.posted, a.created_ms, ",
            $email,
            " AS email, \
             (SELECT COUNT(*) FROM api_keys k WHERE k.account = a.id AND k.status = 'active') AS keys FROM ",
            $from,
            $rest,
            rows!()
        )
    };
}

macro_rules! all {
    ($rest:literal) => {
        accounts!(
            "(SELECT u.email FROM users u WHERE u.account = a.id ORDER BY u.id LIMIT 1)",
            "accounts a WHERE a.kind = 'customer' AND ",
            $rest
        )
    };
}

/// SQLite sorts texts by their bytes, PostgreSQL by the rules of a language: there the index is one of its own.
macro_rules! by_email {
    ($rest:literal) => {
        accounts!("u.email", "users u JOIN accounts a ON a.id = u.account WHERE ", $rest)
    };
}

const AFTER_EMAIL: Sql = Sql {
    sqlite: by_email!("u.email >= $1 AND u.email < $2 AND u.email > $3 ORDER BY u.email"),
    postgres: by_email!(
        "u.email COLLATE \"C\" >= $1 AND u.email COLLATE \"C\" < $2 AND u.email COLLATE \"C\" > $3 \
         ORDER BY u.email COLLATE \"C\""
    ),
};
const BEFORE_EMAIL: Sql = Sql {
    sqlite: by_email!("u.email >= $1 AND u.email < $2 AND u.email < $3 ORDER BY u.email DESC"),
    postgres: by_email!(
        "u.email COLLATE \"C\" >= $1 AND u.email COLLATE \"C\" < $2 AND u.email COLLATE \"C\" < $3 \
         ORDER BY u.email COLLATE \"C\" DESC"
    ),
};

const BY_KEY: &str = accounts!(
    "(SELECT u.email FROM users u WHERE u.account = a.id ORDER BY u.id LIMIT 1)",
    "(SELECT DISTINCT f.account FROM api_keys f WHERE f.prefix = $1 LIMIT 26) n JOIN accounts a ON a.id = n.account",
    " ORDER BY a.id DESC"
);

/// A page of all accounts of customers, newest first.
pub(crate) async fn all(pool: &Pool, place: &Place<AccountId>) -> Result<Slice<AccountRow, AccountId>> {
    let (way, edge) = slices::edge(place);
    let statement = match way {
        Way::On => query(all!("a.id < $1 ORDER BY a.id DESC")).bind(edge),
        Way::Back => query(all!("a.id > $1 AND a.id < $2 ORDER BY a.id")).bind(edge).bind(BEHIND_IDS),
    };
    Ok(slices::cut(account_rows(pool, statement).await?, (place, slices::ROWS), |row| row.account))
}

/// A page of the accounts with a user whose address begins so, by address.
pub(crate) async fn by_email(pool: &Pool, prefix: &str, place: &Place<String>) -> Result<Slice<AccountRow, String>> {
    let (sql, edge) = match place {
        Place::First => (AFTER_EMAIL, ""),
        Place::After(email) => (AFTER_EMAIL, email.as_str()),
        Place::Before(email) => (BEFORE_EMAIL, email.as_str()),
    };
    let statement = query(sql).bind(prefix).bind(format!("{prefix}{LAST}")).bind(edge);
    let email = |row: &AccountRow| row.email.clone().unwrap_or_default();
    Ok(slices::cut(account_rows(pool, statement).await?, (place, slices::ROWS), email))
}

/// The accounts that are looked for, as many as one page has.
pub(crate) async fn find(pool: &Pool, search: &Search) -> Result<Vec<AccountRow>> {
    let statement = match search {
        Search::Account(account) => query(all!("a.id = $1")).bind(*account),
        Search::Key(prefix) => query(BY_KEY).bind(prefix.as_str()),
    };
    let mut rows = account_rows(pool, statement).await?;
    rows.truncate(slices::ROWS as usize);
    Ok(rows)
}

async fn account_rows(pool: &Pool, statement: Query<'_>) -> Result<Vec<AccountRow>> {
    statement.fetch_all(pool).await?.iter().map(account_row).collect()
}

fn account_row(row: &Row) -> Result<AccountRow> {
    Ok(AccountRow {
        account: id(row, "id")?,
        email: row.get("email")?,
        status: status(row, "status")?,
        balance: nanos(row, "posted")?,
        keys: row.get("keys")?,
        created_ms: row.get("created_ms")?,
    })
}

/// Whether an account may be used, and when it was made; `None` where there is none.
pub(crate) async fn standing(
    executor: impl Into<Executor<'_>>,
    account: AccountId,
) -> Result<Option<(AccountStatus, i64)>> {
    let row = query("SELECT status, created_ms FROM accounts WHERE id = $1 AND kind = 'customer'")
        .bind(account)
        .fetch_optional(executor)
        .await?;
    row.map(|row| Ok((status(&row, "status")?, row.get("created_ms")?))).transpose()
}

/// Who signs in for an account.
pub(crate) async fn users(executor: impl Into<Executor<'_>>, account: AccountId) -> Result<Vec<Person>> {
    let rows = query(
        "SELECT id, email, role, CAST(operator AS BIGINT) AS operator, totp_confirmed_ms FROM users \
         WHERE account = $1 ORDER BY id LIMIT $2",
    )
    .bind(account)
    .bind(USERS_MAX)
    .fetch_all(executor)
    .await?;
    let person = |row: &Row| {
        Ok(Person {
            user: id(row, "id")?,
            email: row.get("email")?,
            role: role(row.get("role")?)?,
            operator: row.get::<i64>("operator")? != 0,
            second_factor: row.get::<Option<i64>>("totp_confirmed_ms")?.is_some(),
        })
    };
    rows.iter().map(person).collect()
}

/// The newest keys of an account.
pub(crate) async fn keys(executor: impl Into<Executor<'_>>, account: AccountId) -> Result<Vec<KeyRow>> {
    let rows = query(
        "SELECT id, name, prefix, status, rpm, spent_total, created_ms FROM api_keys WHERE account = $1 \
         ORDER BY id DESC LIMIT $2",
    )
    .bind(account)
    .bind(SHOWN_MAX)
    .fetch_all(executor)
    .await?;
    let key = |row: &Row| {
        Ok(KeyRow {
            key: id(row, "id")?,
            name: row.get("name")?,
            prefix: row.get("prefix")?,
            status: keys::status(row)?,
            rpm: row.get("rpm")?,
            spent: nanos(row, "spent_total")?,
            created_ms: row.get("created_ms")?,
        })
    };
    rows.iter().map(key).collect()
}

/// What all keys of an account spent in the periods of this moment, and how many keys there are.
pub(crate) async fn spent(executor: impl Into<Executor<'_>>, account: AccountId, unix_ms: i64) -> Result<(Spent, i64)> {
    let day_no = utc_day(unix_ms);
    let row = query(
        "SELECT COUNT(*) AS keys, CAST(COALESCE(SUM(spent_total), 0) AS BIGINT) AS total, \
         CAST(COALESCE(SUM(CASE WHEN spent_day_no = $2 THEN spent_day ELSE 0 END), 0) AS BIGINT) AS day, \
         CAST(COALESCE(SUM(CASE WHEN spent_month_no = $3 THEN spent_month ELSE 0 END), 0) AS BIGINT) AS month \
         FROM api_keys WHERE account = $1",
    )
    .bind(account)
    .bind(day_no)
    .bind(utc_month(day_no))
    .fetch_one(executor)
    .await?;
    let spent = Spent { day: nanos(&row, "day")?, month: nanos(&row, "month")?, total: nanos(&row, "total")? };
    Ok((spent, row.get("keys")?))
}

/// The newest movements of an account that are no charges.
pub(crate) async fn transfers(executor: impl Into<Executor<'_>>, account: AccountId) -> Result<Vec<TransferRow>> {
    let rows = query(
        "SELECT id, class, amount, op, posted_after, created_ms FROM transfers \
         WHERE account = $1 AND credit_no IS NOT NULL ORDER BY credit_no DESC LIMIT $2",
    )
    .bind(account)
    .bind(SHOWN_MAX)
    .fetch_all(executor)
    .await?;
    let transfer = |row: &Row| {
        Ok(TransferRow {
            transfer: id(row, "id")?,
            class: row.get("class")?,
            amount: nanos(row, "amount")?,
            reference: row.get("op")?,
            balance: nanos(row, "posted_after")?,
            created_ms: row.get("created_ms")?,
        })
    };
    rows.iter().map(transfer).collect()
}

/// The newest requests of an account, with what was given back of each.
pub(crate) async fn requests(executor: impl Into<Executor<'_>>, account: AccountId) -> Result<Vec<RequestRow>> {
    let rows = query(
        "SELECT q.id, q.model, q.charged, q.ended_ms, \
         (SELECT t.amount FROM transfers t WHERE t.op = 'refund:' || q.id AND t.credit_no IS NOT NULL) AS refunded \
         FROM usage q WHERE q.account = $1 ORDER BY q.id DESC LIMIT $2",
    )
    .bind(account)
    .bind(SHOWN_MAX)
    .fetch_all(executor)
    .await?;
    let request = |row: &Row| {
        let refunded: Option<i64> = row.get("refunded")?;
        Ok(RequestRow {
            request: id(row, "id")?,
            model: row.get("model")?,
            charged: nanos(row, "charged")?,
            refunded: refunded.map(NanoUsd::new),
            ended_ms: row.get("ended_ms")?,
        })
    };
    rows.iter().map(request).collect()
}

/// Whether a person signs in for an account.
pub(crate) async fn is_of(executor: impl Into<Executor<'_>>, user: UserId, account: AccountId) -> Result<bool> {
    let found = query("SELECT 1 AS found FROM users WHERE id = $1 AND account = $2")
        .bind(user)
        .bind(account)
        .fetch_optional(executor)
        .await?;
    Ok(found.is_some())
}
