//! What the hot state is seeded with.

use sqlx::{Row as _, SqliteExecutor};
use syntopen_shared::id::{AccountId, KeyId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::Spent;

use super::accounts::{id, nanos, status};
use super::{Result, keys};
use crate::account::{Account, Key, Spending};
use crate::balances::Seed;

/// An account as the book has it.
pub(crate) async fn of_account(executor: impl SqliteExecutor<'_>, account: AccountId) -> Result<Option<Seed>> {
    let row = sqlx::query(
        "SELECT posted, credit_no, status AS account_status, version AS account_version FROM accounts \
         WHERE id = $1 AND kind = 'customer'",
    )
    .bind(account.to_string())
    .fetch_optional(executor)
    .await?;
    row.map(|row| Ok(Seed { account, record: record(&row)?, key: None })).transpose()
}

/// A key and its account as the book has them, in one read; `None` where there is no such key.
pub(crate) async fn of_key(executor: impl SqliteExecutor<'_>, key: KeyId) -> Result<Option<Seed>> {
    let row = sqlx::query(
        "SELECT a.posted, a.credit_no, a.status AS account_status, a.version AS account_version, \
         k.account, k.version, k.status, k.expires_ms, k.limit_day, k.limit_month, k.limit_total, \
         k.spent_day, k.spent_day_no, k.spent_month, k.spent_month_no, k.spent_total \
         FROM api_keys k JOIN accounts a ON a.id = k.account WHERE k.id = $1",
    )
    .bind(key.to_string())
    .fetch_optional(executor)
    .await?;
    row.map(|row| {
        let account = id(&row, "account")?;
        let spent = Spent {
            day: nanos(&row, "spent_day")?,
            month: nanos(&row, "spent_month")?,
            total: nanos(&row, "spent_total")?,
        };
        let spending =
            Spending { day_no: row.try_get("spent_day_no")?, month_no: row.try_get("spent_month_no")?, spent };
        let of_key = Key {
            account,
            version: row.try_get("version")?,
            status: keys::status(&row)?,
            expires_ms: row.try_get("expires_ms")?,
            limits: keys::limits(&row)?,
            held: NanoUsd::ZERO,
            spending,
        };
        Ok(Seed { account, record: record(&row)?, key: Some((key, of_key)) })
    })
    .transpose()
}

fn record(row: &sqlx::sqlite::SqliteRow) -> Result<Account> {
    Ok(Account {
        posted: nanos(row, "posted")?,
        held: NanoUsd::ZERO,
        credit_no: row.try_get("credit_no")?,
        status: status(row, "account_status")?,
        version: row.try_get("account_version")?,
    })
}
