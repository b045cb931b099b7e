//! Keys as their owner sees them: only those of one account, with what they spent.

use syntopen_shared::id::{AccountId, KeyId};
use syntopen_shared::token::TokenHash;
use syntopen_shared::wire::ledger::Spent;
use syntopen_shared::wire::office::keys::{KeyFilter, KeyLine, KeyPage, ListKeys};

use super::read;
use crate::account::Spending;
use crate::book::Result;
use crate::book::accounts::{id, nanos};
use crate::book::slices::{self, Way};
use crate::book::sql::{Executor, Pool, Row, Sql, Transaction, query};

/// A page of an account's keys, newest first, of so many, as things are at `now_ms`.
pub(crate) async fn page(pool: &Pool, asked: &ListKeys, (limit, now_ms): (u32, i64)) -> Result<KeyPage> {
    let (way, edge) = slices::edge(&asked.place);
    let mut query = query(listed(asked.filter, way)).bind(asked.account).bind(edge).bind(i64::from(limit) + 1);
    if asked.filter != KeyFilter::All {
        query = query.bind(now_ms);
    }
    let rows = query.fetch_all(pool).await?;
    let rows = rows.iter().map(|row| line(row, now_ms)).collect::<Result<Vec<_>>>()?;
    let has_any = !rows.is_empty() || any(pool, asked.account).await?;
    Ok(KeyPage { keys: slices::cut(rows, (&asked.place, limit), |line| line.record.key), has_any })
}

/// A walk along an index of an account's keys. SQLite is told which one: it cannot know how few keys a part of them
/// has.
macro_rules! walk {
    ($index:literal, $which:literal, $from:literal) => {
        concat!("SELECT * FROM api_keys", $index, " WHERE account = $1", $which, $from, " LIMIT $3")
    };
}

/// Those that work; one that has expired is still called active.
macro_rules! active {
    ($index:literal, $from:literal) => {
        walk!($index, " AND status = 'active' AND (expires_ms IS NULL OR expires_ms > $4)", $from)
    };
}

/// Those that do not: two walks, of which the nearer rows are taken.
macro_rules! ended {
    ([$revoked:literal, $expiring:literal], $from:literal, $order:literal) => {
        concat!(
            "SELECT * FROM (SELECT * FROM (",
            walk!($revoked, " AND status <> 'active'", $from),
            ") AS revoked UNION ALL SELECT * FROM (",
            walk!($expiring, " AND status = 'active' AND expires_ms IS NOT NULL AND expires_ms <= $4", $from),
            ") AS expired) AS ended",
            $order,
            " LIMIT $3"
        )
    };
}

/// The statement for a page. Its values: the account, the edge, how many; then the moment, but for all keys.
fn listed(filter: KeyFilter, way: Way) -> Sql {
    match (filter, way) {
        (KeyFilter::All, Way::On) => walk!("", "", " AND id < $2 ORDER BY id DESC").into(),
        (KeyFilter::All, Way::Back) => walk!("", "", " AND id > $2 ORDER BY id").into(),
        (KeyFilter::Active, Way::On) => Sql {
            sqlite: active!(" INDEXED BY api_keys_active", " AND id < $2 ORDER BY id DESC"),
            postgres: active!("", " AND id < $2 ORDER BY id DESC"),
        },
        (KeyFilter::Active, Way::Back) => Sql {
            sqlite: active!(" INDEXED BY api_keys_active", " AND id > $2 ORDER BY id"),
            postgres: active!("", " AND id > $2 ORDER BY id"),
        },
        (KeyFilter::Ended, Way::On) => Sql {
            sqlite: ended!(
                [" INDEXED BY api_keys_revoked", " INDEXED BY api_keys_expiring"],
                " AND id < $2 ORDER BY id DESC",
                " ORDER BY id DESC"
            ),
            postgres: ended!(["", ""], " AND id < $2 ORDER BY id DESC", " ORDER BY id DESC"),
        },
        (KeyFilter::Ended, Way::Back) => Sql {
            sqlite: ended!(
                [" INDEXED BY api_keys_revoked", " INDEXED BY api_keys_expiring"],
                " AND id > $2 ORDER BY id",
                " ORDER BY id"
            ),
            postgres: ended!(["", ""], " AND id > $2 ORDER BY id", " ORDER BY id"),
        },
    }
}

/// A key, where this account has it.
pub(crate) async fn of(
    executor: impl Into<Executor<'_>>,
    (account, key): (AccountId, KeyId),
    now_ms: i64,
) -> Result<Option<KeyLine>> {
    let row = query("SELECT * FROM api_keys WHERE id = $1 AND account = $2")
        .bind(key)
        .bind(account)
        .fetch_optional(executor)
        .await?;
    row.map(|row| line(&row, now_ms)).transpose()
}

/// The key that a form has made.
pub(crate) async fn by_form(
    executor: impl Into<Executor<'_>>,
    account: AccountId,
    form: &TokenHash,
) -> Result<Option<KeyId>> {
    let row = query("SELECT id FROM api_keys WHERE account = $1 AND form = $2")
        .bind(account)
        .bind(form.as_str())
        .fetch_optional(executor)
        .await?;
    row.map(|row| id(&row, "id")).transpose()
}

/// Writes down which form has made a key.
pub(crate) async fn made_by_form(transaction: &mut Transaction<'_>, key: KeyId, form: &TokenHash) -> Result<()> {
    let made = query("UPDATE api_keys SET form = $2 WHERE id = $1").bind(key).bind(form.as_str());
    made.execute(transaction).await.map(drop)
}

async fn any(pool: &Pool, account: AccountId) -> Result<bool> {
    let row = query("SELECT id FROM api_keys WHERE account = $1 LIMIT 1").bind(account).fetch_optional(pool).await?;
    Ok(row.is_some())
}

fn line(row: &Row, now_ms: i64) -> Result<KeyLine> {
    let spent =
        Spent { day: nanos(row, "spent_day")?, month: nanos(row, "spent_month")?, total: nanos(row, "spent_total")? };
    let spending = Spending { day_no: row.get("spent_day_no")?, month_no: row.get("spent_month_no")?, spent };
    Ok(KeyLine {
        record: read(row)?,
        spent: spending.at(now_ms).spent,
        last_used_ms: row.get("last_used_ms")?,
        created_ms: row.get("created_ms")?,
    })
}
