//! Requests that ran when the process died.

use syntopen_shared::clock::{utc_day, utc_month};

use super::Result;
use super::accounts::id;
use super::sql::{Executor, query};
use crate::account::{Charged, EndedAs, Entry, abandoned, storable};

/// The next `limit` leftovers as expired requests, charged what their last checkpoints said, to be booked at `unix_ms`.
pub(crate) async fn leftovers(executor: impl Into<Executor<'_>>, limit: i64, unix_ms: i64) -> Result<Vec<Entry>> {
    let rows = query("SELECT id, account, api_key, usage FROM running ORDER BY id LIMIT $1")
        .bind(limit)
        .fetch_all(executor)
        .await?;
    let day_no = utc_day(unix_ms);
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        let usage = serde_json::from_str(row.get("usage")?).map_err(|error| sqlx::Error::Decode(error.into()))?;
        let usage = abandoned(usage);
        let total = usage.cost;
        entries.push(Entry {
            position: 0,
            id: id(row, "id")?,
            account: id(row, "account")?,
            key: id(row, "api_key")?,
            charged: Charged { ended: EndedAs::Expired, total },
            amount: total,
            day_no,
            month_no: utc_month(day_no),
            at_ms: unix_ms,
            usage: storable(usage, total),
        });
    }
    Ok(entries)
}
