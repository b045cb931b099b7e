//! Who did what, and from where.

use serde::Serialize;
use syntopen_shared::id::ActId;
use syntopen_shared::wire::office::By;

use super::Result;
use super::sql::{Transaction, query};

/// Who did it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who<'a> {
    /// Somebody at the machine's command line.
    Cli,
    /// A person who is signed in.
    User(&'a By),
}

/// One act.
pub(crate) struct Act<'a, D> {
    /// Who did it, and from where.
    pub(crate) who: Who<'a>,
    /// When, in milliseconds since the Unix epoch.
    pub(crate) at_ms: i64,
    /// What was done: `account.create`.
    pub(crate) act: &'static str,
    /// To what: an id.
    pub(crate) subject: &'a str,
    /// With which figures; never a secret.
    pub(crate) detail: &'a D,
}

/// What stands for [`Who::Cli`].
const CLI: &str = "cli";

/// Writes the act down, in the transaction that does it.
pub(crate) async fn record<D: Serialize>(transaction: &mut Transaction<'_>, act: Act<'_, D>) -> Result<()> {
    let detail = serde_json::to_string(act.detail).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let (who, address) = match act.who {
        Who::Cli => (CLI.to_owned(), ""),
        Who::User(by) => (by.user.to_string(), by.address.as_str()),
    };
    query("INSERT INTO audit_log (id, at_ms, who, address, act, subject, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(ActId::mint())
        .bind(act.at_ms)
        .bind(who)
        .bind(address)
        .bind(act.act)
        .bind(act.subject)
        .bind(detail)
        .execute(transaction)
        .await?;
    Ok(())
}
