//! What the hot state is seeded with, and compared to.

use syntopen_shared::id::{AccountId, KeyId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::Spent;

use super::accounts::{balance, id, nanos};
use super::sql::{Executor, Row, Sql, query};
use super::{Result, json, keys};
use crate::account::{Key, Spending};
use crate::balances::Seed;

const KEYS_OF: Sql = Sql {
    sqlite: "SELECT * FROM api_keys WHERE account IN (SELECT value FROM json_each($1)) ORDER BY account, id",
    postgres: "SELECT * FROM api_keys WHERE account IN (SELECT json_array_elements_text(CAST($1 AS JSON))) \
               ORDER BY account, id",
};

/// An account as the book has it.
pub(crate) async fn of_account(executor: impl Into<Executor<'_>>, account: AccountId) -> Result<Option<Seed>> {
    let row = query(
        "SELECT posted, credit_no, moves, status AS account_status, version AS account_version FROM accounts \
         WHERE id = $1 AND kind = 'customer'",
    )
    .bind(account)
    .fetch_optional(executor)
    .await?;
    row.map(|row| Ok(Seed { account, record: balance(&row)?, key: None })).transpose()
}

/// A key and its account as the book has them, in one read; `None` where there is no such key.
pub(crate) async fn of_key(executor: impl Into<Executor<'_>>, key: KeyId) -> Result<Option<Seed>> {
    let row = query(
        "SELECT a.posted, a.credit_no, a.moves, a.status AS account_status, a.version AS account_version, \
         k.account, k.version, k.status, k.expires_ms, k.limit_day, k.limit_month, k.limit_total, \
         k.spent_day, k.spent_day_no, k.spent_month, k.spent_month_no, k.spent_total \
         FROM api_keys k JOIN accounts a ON a.id = k.account WHERE k.id = $1",
    )
    .bind(key)
    .fetch_optional(executor)
    .await?;
    row.map(|row| {
        let of_key = read(&row)?;
        Ok(Seed { account: of_key.account, record: balance(&row)?, key: Some((key, of_key)) })
    })
    .transpose()
}

/// The keys of these accounts, with nothing held.
pub(crate) async fn keys_of(executor: impl Into<Executor<'_>>, accounts: &[AccountId]) -> Result<Vec<(KeyId, Key)>> {
    let rows = query(KEYS_OF).bind(json(&accounts)?).fetch_all(executor).await?;
    rows.iter().map(|row| Ok((id(row, "id")?, read(row)?))).collect()
}

fn read(row: &Row) -> Result<Key> {
    let spent =
        Spent { day: nanos(row, "spent_day")?, month: nanos(row, "spent_month")?, total: nanos(row, "spent_total")? };
    Ok(Key {
        account: id(row, "account")?,
        version: row.get("version")?,
        status: keys::status(row)?,
        expires_ms: row.get("expires_ms")?,
        limits: keys::limits(row)?,
        held: NanoUsd::ZERO,
        spending: Spending { day_no: row.get("spent_day_no")?, month_no: row.get("spent_month_no")?, spent },
    })
}
