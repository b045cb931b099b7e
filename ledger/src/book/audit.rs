//! Who administered what.

use serde::Serialize;
use uuid::Uuid;

use super::Result;
use super::sql::{Transaction, query};

/// One act of administration.
pub(crate) struct Act<'a, D> {
    /// When, in milliseconds since the Unix epoch.
    pub(crate) at_ms: i64,
    /// What was done: `account.create`.
    pub(crate) act: &'static str,
    /// To what: an id.
    pub(crate) subject: &'a str,
    /// With which figures; never a secret.
    pub(crate) detail: &'a D,
}

/// Everybody who reaches the administration commands today does so from the machine's command line.
const WHO: &str = "cli";

/// Writes the act down, in the transaction that does it.
pub(crate) async fn record<D: Serialize>(transaction: &mut Transaction<'_>, act: Act<'_, D>) -> Result<()> {
    let detail = serde_json::to_string(act.detail).map_err(|error| sqlx::Error::Encode(error.into()))?;
    query("INSERT INTO audit_log (id, at_ms, who, act, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(Uuid::now_v7().to_string())
        .bind(act.at_ms)
        .bind(WHO)
        .bind(act.act)
        .bind(act.subject)
        .bind(detail)
        .execute(transaction)
        .await?;
    Ok(())
}
