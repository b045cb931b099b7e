//! What the book knows of single requests.

use sqlx::{Row as _, SqliteExecutor};
use syntopen_shared::id::{AccountId, RequestId};

use super::accounts::{id, nanos};
use super::{Result, corrupt};
use crate::account::{Charged, EndedAs};

/// How a request ended and what it was charged, and who paid.
pub(crate) async fn charged(
    executor: impl SqliteExecutor<'_>,
    request: RequestId,
) -> Result<Option<(AccountId, Charged)>> {
    let row = sqlx::query("SELECT account, ended, charged FROM usage WHERE id = $1")
        .bind(request.to_string())
        .fetch_optional(executor)
        .await?;
    row.map(|row| {
        let ended = ended(row.try_get("ended")?)?;
        Ok((id(&row, "account")?, Charged { ended, total: nanos(&row, "charged")? }))
    })
    .transpose()
}

/// The word that the book has for how a request ended.
pub(crate) fn ended(word: &str) -> Result<EndedAs> {
    EndedAs::parse(word).ok_or_else(|| corrupt("a request ended in no known way"))
}
