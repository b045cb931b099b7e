//! Sums over the whole book, for reconciliation. All are read in one transaction of the caller, so at one moment.

use std::collections::HashMap;

use super::Result;
use super::sql::{Transaction, query};

const USED_BY_ACCOUNT: &str = "SELECT account, CAST(SUM(charged) AS BIGINT) FROM ( \
         SELECT account, SUM(charged) AS charged FROM usage GROUP BY account \
         UNION ALL SELECT account, charged FROM usage_removed \
     ) AS used GROUP BY account";
const USED_BY_KEY: &str = "SELECT api_key, CAST(SUM(charged) AS BIGINT) FROM ( \
         SELECT api_key, SUM(charged) AS charged FROM usage GROUP BY api_key \
         UNION ALL SELECT api_key, charged FROM usage_removed \
     ) AS used GROUP BY api_key";
const COUNTED: &str = "SELECT COUNT(*) + (SELECT CAST(COALESCE(SUM(counted), 0) AS BIGINT) FROM usage_removed) \
     FROM usage WHERE ended <> 'released'";
const REQUESTS: &str = "SELECT COUNT(*) + (SELECT CAST(COALESCE(SUM(requests), 0) AS BIGINT) FROM usage_removed) \
     FROM usage";

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
    /// By the usage rows, those that were removed included.
    pub(crate) used_by_account: Sums,
    pub(crate) used_by_key: Sums,
    /// By the key rows.
    pub(crate) spent: Sums,
    /// By the daily sums.
    pub(crate) daily: Sums,
    pub(crate) daily_requests: i64,
    /// By the daily sums of accounts.
    pub(crate) account_daily: Sums,
    pub(crate) account_daily_requests: i64,
    /// By the daily sums of the operator.
    pub(crate) operator_daily: i64,
    pub(crate) operator_daily_requests: i64,
    /// Requests that the daily sums must have counted.
    pub(crate) counted: i64,
    pub(crate) ended_running: i64,
    pub(crate) transfers: u64,
    pub(crate) requests: u64,
}

/// Reads the account rows.
pub(crate) async fn accounts(transaction: &mut Transaction<'_>) -> Result<Accounts> {
    let posted = sums(transaction, "SELECT id, posted FROM accounts").await?;
    let credit_no = sums(transaction, "SELECT id, credit_no FROM accounts").await?;
    Ok(Accounts { posted, credit_no })
}

/// Reads everything else.
pub(crate) async fn read(transaction: &mut Transaction<'_>, accounts: Accounts) -> Result<Folds> {
    let Accounts { posted, credit_no } = accounts;
    let moved = "SELECT account, CAST(SUM(amount) AS BIGINT) FROM transfers GROUP BY account \
                 UNION ALL SELECT house, -CAST(SUM(amount) AS BIGINT) FROM transfers GROUP BY house";
    let charged = "SELECT account, -CAST(SUM(amount) AS BIGINT) FROM transfers WHERE class IN ('charge', 'late') GROUP BY account";
    Ok(Folds {
        posted,
        credit_no,
        moved: sums(transaction, moved).await?,
        charged: sums(transaction, charged).await?,
        used_by_account: sums(transaction, USED_BY_ACCOUNT).await?,
        used_by_key: sums(transaction, USED_BY_KEY).await?,
        spent: sums(transaction, "SELECT id, spent_total FROM api_keys").await?,
        daily: sums(transaction, "SELECT api_key, CAST(SUM(cost) AS BIGINT) FROM usage_daily GROUP BY api_key").await?,
        daily_requests: count(transaction, "SELECT CAST(COALESCE(SUM(requests), 0) AS BIGINT) FROM usage_daily")
            .await?,
        account_daily: sums(
            transaction,
            "SELECT account, CAST(SUM(cost) AS BIGINT) FROM account_daily GROUP BY account",
        )
        .await?,
        account_daily_requests: count(
            transaction,
            "SELECT CAST(COALESCE(SUM(requests), 0) AS BIGINT) FROM account_daily",
        )
        .await?,
        operator_daily: count(transaction, "SELECT CAST(COALESCE(SUM(cost), 0) AS BIGINT) FROM operator_daily").await?,
        operator_daily_requests: count(
            transaction,
            "SELECT CAST(COALESCE(SUM(requests), 0) AS BIGINT) FROM operator_daily",
        )
        .await?,
        counted: count(transaction, COUNTED).await?,
        ended_running: count(transaction, "SELECT COUNT(*) FROM running JOIN usage ON usage.id = running.id").await?,
        transfers: count(transaction, "SELECT COUNT(*) FROM transfers").await?.unsigned_abs(),
        requests: count(transaction, REQUESTS).await?.unsigned_abs(),
    })
}

async fn sums(transaction: &mut Transaction<'_>, sql: &'static str) -> Result<Sums> {
    let rows = query(sql).fetch_all(transaction).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

async fn count(transaction: &mut Transaction<'_>, sql: &'static str) -> Result<i64> {
    query(sql).fetch_one(transaction).await?.get(0)
}
