//! The last reports of the gateways.

use std::collections::BTreeMap;

use syntopen_shared::id::GatewayId;
use syntopen_shared::wire::office::operator::gateways::{BreakerState, ReportGateway, Seen, UpstreamReport};

use super::accounts::id;
use super::sql::{Executor, Row, Transaction, query};
use super::{Result, corrupt};

/// Writes a gateway's report in the place of its last one, and removes those of gateways not heard since `gone_ms`.
pub(crate) async fn put(
    transaction: &mut Transaction<'_>,
    report: &ReportGateway,
    (now_ms, gone_ms): (i64, i64),
) -> Result<()> {
    query(
        "INSERT INTO gateways (id, host, started_ms, reported_ms, unapplied, unbooked, catalog_refused) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET host = excluded.host, \
         reported_ms = excluded.reported_ms, unapplied = excluded.unapplied, unbooked = excluded.unbooked, \
         catalog_refused = excluded.catalog_refused",
    )
    .bind(report.gateway)
    .bind(report.host.as_str())
    .bind(report.started_ms)
    .bind(now_ms)
    .bind(report.unapplied)
    .bind(report.unbooked)
    .bind(i64::from(report.catalog_refused))
    .execute(&mut *transaction)
    .await?;
    query("DELETE FROM gateway_reports WHERE gateway = $1").bind(report.gateway).execute(&mut *transaction).await?;
    for upstream in &report.upstreams {
        put_upstream(transaction, report.gateway, upstream).await?;
    }
    query("DELETE FROM gateways WHERE reported_ms < $1").bind(gone_ms).execute(transaction).await?;
    Ok(())
}

async fn put_upstream(transaction: &mut Transaction<'_>, gateway: GatewayId, upstream: &UpstreamReport) -> Result<()> {
    query(
        "INSERT INTO gateway_reports (gateway, upstream, state, credentials, credentials_out, calls, failed, \
         latency_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (gateway, upstream) DO NOTHING",
    )
    .bind(gateway)
    .bind(upstream.upstream.as_str())
    .bind(upstream.state.as_str())
    .bind(upstream.credentials)
    .bind(upstream.credentials_out)
    .bind(upstream.calls)
    .bind(upstream.failed)
    .bind(upstream.latency_ms)
    .execute(transaction)
    .await
    .map(drop)
}

/// The reports that came since `since_ms`, the gateway that started first before the others.
pub(crate) async fn seen(transaction: &mut Transaction<'_>, since_ms: i64) -> Result<Vec<Seen>> {
    let gateways = query(
        "SELECT id, host, started_ms, reported_ms, unapplied, unbooked, \
         CAST(catalog_refused AS BIGINT) AS catalog_refused \
         FROM gateways WHERE reported_ms >= $1 ORDER BY started_ms, id",
    )
    .bind(since_ms)
    .fetch_all(Executor::from(&mut *transaction))
    .await?;
    let rows = query(
        "SELECT r.* FROM gateway_reports r JOIN gateways g ON g.id = r.gateway WHERE g.reported_ms >= $1 \
         ORDER BY r.gateway, r.upstream",
    )
    .bind(since_ms)
    .fetch_all(transaction)
    .await?;
    let mut upstreams: BTreeMap<GatewayId, Vec<UpstreamReport>> = BTreeMap::new();
    for row in &rows {
        upstreams.entry(id(row, "gateway")?).or_default().push(upstream(row)?);
    }
    let of = |row: &Row| {
        let gateway = id(row, "id")?;
        let report = ReportGateway {
            gateway,
            host: row.get("host")?,
            started_ms: row.get("started_ms")?,
            unapplied: row.get("unapplied")?,
            unbooked: row.get("unbooked")?,
            catalog_refused: row.get::<i64>("catalog_refused")? != 0,
            upstreams: upstreams.remove(&gateway).unwrap_or_default(),
        };
        Ok(Seen { reported_ms: row.get("reported_ms")?, report })
    };
    gateways.iter().map(of).collect()
}

fn upstream(row: &Row) -> Result<UpstreamReport> {
    let state: &str = row.get("state")?;
    Ok(UpstreamReport {
        upstream: row.get("upstream")?,
        state: BreakerState::named(state).ok_or_else(|| corrupt("a breaker has no known state"))?,
        credentials: row.get("credentials")?,
        credentials_out: row.get("credentials_out")?,
        calls: row.get("calls")?,
        failed: row.get("failed")?,
        latency_ms: row.get("latency_ms")?,
    })
}
