//! What was earned with each model at each upstream.

use syntopen_shared::wire::office::operator::gateways::Earned;

use super::Result;
use super::accounts::nanos;
use super::sql::{Executor, Row, query};

/// Sums of all shards since this UTC day, by model and upstream.
pub(crate) async fn since(executor: impl Into<Executor<'_>>, day: i64) -> Result<Vec<Earned>> {
    let rows = query(
        "SELECT model, upstream, CAST(SUM(requests) AS BIGINT) AS requests, CAST(SUM(cost) AS BIGINT) AS charged, \
         CAST(SUM(priced_cost) AS BIGINT) AS charged_of_priced, CAST(SUM(cost_price) AS BIGINT) AS paid \
         FROM operator_daily WHERE day >= $1 GROUP BY model, upstream ORDER BY model, upstream",
    )
    .bind(day)
    .fetch_all(executor)
    .await?;
    rows.iter().map(earned).collect()
}

fn earned(row: &Row) -> Result<Earned> {
    Ok(Earned {
        model: row.get("model")?,
        upstream: row.get("upstream")?,
        requests: row.get("requests")?,
        charged: nanos(row, "charged")?,
        charged_of_priced: nanos(row, "charged_of_priced")?,
        paid: nanos(row, "paid")?,
    })
}
