//! What the book knows of single requests.

use std::collections::HashMap;

use syntopen_shared::id::{AccountId, RequestId};
use syntopen_shared::wire::ledger::Confirm;

use super::accounts::{id, nanos};
use super::sql::{Executor, Sql, query};
use super::{Book, Result, corrupt, json};
use crate::account::{Charged, EndedAs};

const TOTALS: Sql = Sql {
    sqlite: "SELECT id, ended, charged FROM usage WHERE id IN (SELECT value FROM json_each($1))",
    postgres: "SELECT id, ended, charged FROM usage \
               WHERE id IN (SELECT json_array_elements_text(CAST($1 AS JSON)))",
};

/// How a request ended and what it was charged, and who paid.
pub(crate) async fn charged(
    executor: impl Into<Executor<'_>>,
    request: RequestId,
) -> Result<Option<(AccountId, Charged)>> {
    let row =
        query("SELECT account, ended, charged FROM usage WHERE id = $1").bind(request).fetch_optional(executor).await?;
    row.map(|row| {
        let ended = ended(row.get("ended")?)?;
        Ok((id(&row, "account")?, Charged { ended, total: nanos(&row, "charged")? }))
    })
    .transpose()
}

/// Which of these requests the book has with exactly this total, in order.
pub(crate) async fn confirmed(book: &Book, asked: &[Confirm]) -> Result<Vec<bool>> {
    let ids: Vec<_> = asked.iter().map(|confirm| confirm.id).collect();
    let rows = query(TOTALS).bind(json(&ids)?).fetch_all(book.readers()).await?;
    let mut booked = HashMap::with_capacity(rows.len());
    for row in &rows {
        let charged = Charged { ended: ended(row.get("ended")?)?, total: nanos(row, "charged")? };
        booked.insert(id::<RequestId>(row, "id")?, charged);
    }
    // What expired for more is final: a smaller settlement has nothing to add to it.
    let is_final = |had: &Charged, total| had.ended == EndedAs::Expired && total < had.total;
    let has = |Confirm { id, total }: &Confirm| {
        booked.get(id).is_some_and(|had| had.total == *total || is_final(had, *total))
    };
    Ok(asked.iter().map(has).collect())
}

/// The word that the book has for how a request ended.
pub(crate) fn ended(word: &str) -> Result<EndedAs> {
    EndedAs::parse(word).ok_or_else(|| corrupt("a request ended in no known way"))
}
