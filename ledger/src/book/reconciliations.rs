//! What the comparisons of the routes came to by which the money can be counted.

use serde::{Deserialize, Serialize};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::office::operator::ledger::{Reconciliation, Route, Scope};
use uuid::Uuid;

use super::sql::{Executor, Row, Transaction, query};
use super::{Result, corrupt};

/// How many are kept of each scope.
const KEPT: i64 = 50;
/// How many are shown of each scope.
const SHOWN: i64 = 5;

/// What one came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) drift: NanoUsd,
    pub(crate) pending: i64,
    pub(crate) routes: Vec<Route>,
    pub(crate) findings: Vec<String>,
}

/// One begins; those that nobody looks at any more are removed.
pub(crate) async fn begin(transaction: &mut Transaction<'_>, scope: Scope, began_ms: i64) -> Result<String> {
    let id = Uuid::now_v7().to_string();
    query("INSERT INTO reconciliations (id, scope, began_ms) VALUES ($1, $2, $3)")
        .bind(id.as_str())
        .bind(scope.as_str())
        .bind(began_ms)
        .execute(&mut *transaction)
        .await?;
    query(
        "DELETE FROM reconciliations WHERE scope = $1 AND id < \
         (SELECT MIN(k.id) FROM (SELECT id FROM reconciliations WHERE scope = $1 ORDER BY id DESC LIMIT $2) k)",
    )
    .bind(scope.as_str())
    .bind(KEPT)
    .execute(transaction)
    .await?;
    Ok(id)
}

/// One has ended.
pub(crate) async fn end(
    transaction: &mut Transaction<'_>,
    (id, ended_ms): (&str, i64),
    outcome: std::result::Result<&Outcome, &str>,
) -> Result<()> {
    let result = outcome.ok().map(super::json).transpose()?;
    query("UPDATE reconciliations SET ended_ms = $2, failure = $3, result = $4 WHERE id = $1")
        .bind(id)
        .bind(ended_ms)
        .bind(outcome.err())
        .bind(result)
        .execute(transaction)
        .await
        .map(drop)
}

/// Whether one of this scope runs that began since `since_ms`.
pub(crate) async fn is_running(transaction: &mut Transaction<'_>, scope: Scope, since_ms: i64) -> Result<bool> {
    let row = query(
        "SELECT COUNT(*) FROM (SELECT ended_ms, began_ms FROM reconciliations WHERE scope = $1 \
         ORDER BY id DESC LIMIT 10) l WHERE l.ended_ms IS NULL AND l.began_ms >= $2",
    )
    .bind(scope.as_str())
    .bind(since_ms)
    .fetch_one(transaction)
    .await?;
    Ok(0 < row.get::<i64>(0)?)
}

/// The last ones of this scope, newest first.
pub(crate) async fn last(executor: impl Into<Executor<'_>>, scope: Scope) -> Result<Vec<Reconciliation>> {
    let rows = query(
        "SELECT began_ms, ended_ms, failure, result FROM reconciliations WHERE scope = $1 ORDER BY id DESC LIMIT $2",
    )
    .bind(scope.as_str())
    .bind(SHOWN)
    .fetch_all(executor)
    .await?;
    rows.iter().map(|row| read(row, scope)).collect()
}

fn read(row: &Row, scope: Scope) -> Result<Reconciliation> {
    let result: Option<&str> = row.get("result")?;
    let outcome: Option<Outcome> =
        result.map(serde_json::from_str).transpose().map_err(|_| corrupt("a reconciliation is no JSON"))?;
    let Outcome { drift, pending, routes, findings } = outcome.unwrap_or_default();
    Ok(Reconciliation {
        began_ms: row.get("began_ms")?,
        ended_ms: row.get("ended_ms")?,
        scope,
        failure: row.get("failure")?,
        drift,
        pending,
        routes,
        findings,
    })
}
