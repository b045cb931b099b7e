//! What the book knows of single requests.

use std::collections::HashMap;

use syntopen_shared::id::{AccountId, RequestId};
use syntopen_shared::wire::ledger::{Confirm, Outcome};

use super::accounts::{id, nanos};
use super::sql::{Executor, Sql, query};
use super::{Book, Result, corrupt, json};
use crate::account::{Charged, EndedAs};

/// Of requests whose usage rows were removed for their age, the transfers tell what was charged, for good.
const TOTALS: Sql = Sql {
    sqlite: "SELECT id, ended, charged FROM usage WHERE id IN (SELECT value FROM json_each($1)) \
             UNION ALL SELECT op, 'settled', MAX(total) FROM transfers \
             WHERE op IN (SELECT value FROM json_each($1) WHERE value < (SELECT id FROM usage_horizon)) \
             AND class IN ('charge', 'late') AND NOT EXISTS (SELECT 1 FROM usage WHERE usage.id = op) GROUP BY op",
    postgres: "WITH asked AS (SELECT json_array_elements_text(CAST($1 AS JSON)) AS id) \
               SELECT id, ended, charged FROM usage WHERE id IN (SELECT id FROM asked) \
               UNION ALL SELECT op, 'settled', MAX(total) FROM asked JOIN transfers ON op = asked.id \
               WHERE asked.id < (SELECT id FROM usage_horizon) AND class IN ('charge', 'late') \
               AND NOT EXISTS (SELECT 1 FROM usage WHERE usage.id = op) GROUP BY op",
};

/// How a request ended and what it was charged, and who paid. Rows that were removed are no
/// reason to charge again, however late a finish comes: what was charged stands in the transfers, which stay. A request
/// that was charged nothing, or released, is forgotten with its row; a finish that comes after so many days charges it
/// for the first time.
pub(crate) async fn charged(
    executor: impl Into<Executor<'_>>,
    request: RequestId,
) -> Result<Option<(AccountId, Charged)>> {
    let row = query(
        "SELECT account, ended, charged FROM usage WHERE id = $1 \
         UNION ALL SELECT account, 'settled', MAX(total) FROM transfers \
         WHERE op = $1 AND op < (SELECT id FROM usage_horizon) AND class IN ('charge', 'late') \
         AND NOT EXISTS (SELECT 1 FROM usage WHERE id = $1) GROUP BY account",
    )
    .bind(request)
    .fetch_optional(executor)
    .await?;
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

/// The reverse of [`Outcome::as_str`].
pub(crate) fn outcome(word: &str) -> Result<Outcome> {
    Outcome::parse(word).ok_or_else(|| corrupt("a request has no known outcome"))
}
