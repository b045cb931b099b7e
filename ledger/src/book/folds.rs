//! Sums over the whole book, for reconciliation. All are read in one transaction of the caller, so at one moment.

use std::collections::HashMap;

use sqlx::{Row as _, SqliteConnection};

use super::Result;

/// Nano-dollars by the id of an account or a key.
pub(crate) type Sums = HashMap<String, i64>;

/// What the account rows say.
pub(crate) struct Accounts {
    pub(crate) posted: Sums,
    pub(crate) credit_no: Sums,
}

/// What the book says, by every route.
pub(crate) struct Folds {
    /// By the account rows.
    pub(crate) posted: Sums,
    pub(crate) credit_no: Sums,
    /// By the transfers, those of the house too.
    pub(crate) moved: Sums,
    /// By the transfers of charges.
    pub(crate) charged: Sums,
    /// By the usage rows.
    pub(crate) used_by_account: Sums,
    pub(crate) used_by_key: Sums,
    /// By the key rows.
    pub(crate) spent: Sums,
    /// By the daily sums.
    pub(crate) daily: Sums,
    pub(crate) daily_requests: i64,
    /// Requests that the daily sums must have counted.
    pub(crate) counted: i64,
    pub(crate) ended_running: i64,
    pub(crate) transfers: u64,
    pub(crate) requests: u64,
}

/// Reads the account rows.
pub(crate) async fn accounts(connection: &mut SqliteConnection) -> Result<Accounts> {
    let posted = sums(connection, "SELECT id, posted FROM accounts").await?;
    let credit_no = sums(connection, "SELECT id, credit_no FROM accounts").await?;
    Ok(Accounts { posted, credit_no })
}

/// Reads everything else.
pub(crate) async fn read(connection: &mut SqliteConnection, accounts: Accounts) -> Result<Folds> {
    let Accounts { posted, credit_no } = accounts;
    let moved = "SELECT account, SUM(amount) FROM transfers GROUP BY account \
                 UNION ALL SELECT house, -SUM(amount) FROM transfers GROUP BY house";
    let charged = "SELECT account, -SUM(amount) FROM transfers WHERE class IN ('charge', 'late') GROUP BY account";
    Ok(Folds {
        posted,
        credit_no,
        moved: sums(connection, moved).await?,
        charged: sums(connection, charged).await?,
        used_by_account: sums(connection, "SELECT account, SUM(charged) FROM usage GROUP BY account").await?,
        used_by_key: sums(connection, "SELECT api_key, SUM(charged) FROM usage GROUP BY api_key").await?,
        spent: sums(connection, "SELECT id, spent_total FROM api_keys").await?,
        daily: sums(connection, "SELECT api_key, SUM(cost) FROM usage_daily GROUP BY api_key").await?,
        daily_requests: count(connection, "SELECT COALESCE(SUM(requests), 0) FROM usage_daily").await?,
        counted: count(connection, "SELECT COUNT(*) FROM usage WHERE ended <> 'released'").await?,
        ended_running: count(connection, "SELECT COUNT(*) FROM running JOIN usage ON usage.id = running.id").await?,
        transfers: count(connection, "SELECT COUNT(*) FROM transfers").await?.unsigned_abs(),
        requests: count(connection, "SELECT COUNT(*) FROM usage").await?.unsigned_abs(),
    })
}

async fn sums(connection: &mut SqliteConnection, sql: &'static str) -> Result<Sums> {
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

async fn count(connection: &mut SqliteConnection, sql: &'static str) -> Result<i64> {
    sqlx::query_scalar(sql).fetch_one(connection).await
}
