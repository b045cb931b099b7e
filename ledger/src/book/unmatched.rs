//! What the payment service told: which of it has been dealt with, and which belongs to no payment.

use syntopen_shared::id::UnmatchedId;
use syntopen_shared::wire::office::paging::Slice;
use syntopen_shared::wire::office::payments::{Event, Handled, ListUnmatched, News, Unmatched};

use super::accounts::id;
use super::slices::{self, Way};
use super::sql::{Executor, Row, Transaction, query};
use super::{Result, corrupt, json};

/// So many events of one payment are taken up at once.
const OF_ONE_MAX: i64 = 500;

/// What was made of an event before.
pub(crate) async fn outcome(transaction: &mut Transaction<'_>, event: &str) -> Result<Option<String>> {
    let row = query("SELECT outcome FROM webhook_events WHERE id = $1").bind(event).fetch_optional(transaction).await?;
    row.map(|row| row.get("outcome")).transpose()
}

/// Writes down that an event has been dealt with.
pub(crate) async fn record(
    transaction: &mut Transaction<'_>,
    event: &Event,
    (outcome, now_ms): (&str, i64),
) -> Result<()> {
    query("INSERT INTO webhook_events (id, kind, outcome, at_ms) VALUES ($1, $2, $3, $4)")
        .bind(event.id.as_str())
        .bind(event.kind.as_str())
        .bind(outcome)
        .bind(now_ms)
        .execute(transaction)
        .await
        .map(drop)
}

/// Keeps an event for the operator.
pub(crate) async fn keep(
    transaction: &mut Transaction<'_>,
    event: &Event,
    (news, why, now_ms): (&News, &str, i64),
) -> Result<()> {
    record(transaction, event, ("unmatched", now_ms)).await?;
    query(
        "INSERT INTO unmatched_events (id, event, kind, intent, news, why, at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(UnmatchedId::mint())
    .bind(event.id.as_str())
    .bind(event.kind.as_str())
    .bind(news.of.intent.as_deref())
    .bind(json(news)?)
    .bind(why)
    .bind(now_ms)
    .execute(transaction)
    .await
    .map(drop)
}

/// A page of the list for the operator.
pub(crate) async fn list(
    executor: impl Into<Executor<'_>>,
    list: &ListUnmatched,
) -> Result<Slice<Unmatched, UnmatchedId>> {
    let (way, edge) = slices::edge(&list.place);
    let text = match (list.which, way) {
        (Handled::Open, Way::Back) => {
            "SELECT * FROM unmatched_events WHERE state = 'open' AND id > $1 ORDER BY id LIMIT $2"
        }
        (Handled::Open, Way::On) => {
            "SELECT * FROM unmatched_events WHERE state = 'open' AND id < $1 ORDER BY id DESC LIMIT $2"
        }
        (Handled::All, Way::Back) => "SELECT * FROM unmatched_events WHERE id > $1 ORDER BY id LIMIT $2",
        (Handled::All, Way::On) => "SELECT * FROM unmatched_events WHERE id < $1 ORDER BY id DESC LIMIT $2",
    };
    let limit = slices::limit(list.limit);
    let rows = query(text).bind(edge).bind(i64::from(limit) + 1).fetch_all(executor).await?;
    let rows = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(slices::cut(rows, (&list.place, limit), |row: &Unmatched| row.unmatched))
}

/// One of them.
pub(crate) async fn by_id(executor: impl Into<Executor<'_>>, unmatched: UnmatchedId) -> Result<Option<Unmatched>> {
    let query = query("SELECT * FROM unmatched_events WHERE id = $1").bind(unmatched);
    query.fetch_optional(executor).await?.as_ref().map(read).transpose()
}

/// All open ones of a payment, oldest first.
pub(crate) async fn open_of(transaction: &mut Transaction<'_>, intent: &str) -> Result<Vec<Unmatched>> {
    let rows = query("SELECT * FROM unmatched_events WHERE intent = $1 AND state = 'open' ORDER BY id LIMIT $2")
        .bind(intent)
        .bind(OF_ONE_MAX)
        .fetch_all(transaction)
        .await?;
    rows.iter().map(read).collect()
}

/// Writes what the operator did about one that is open; says whether it was.
pub(crate) async fn handle(transaction: &mut Transaction<'_>, unmatched: UnmatchedId, state: &str) -> Result<bool> {
    let query = query("UPDATE unmatched_events SET state = $2 WHERE id = $1 AND state = 'open'");
    Ok(query.bind(unmatched).bind(state).execute(transaction).await? == 1)
}

fn read(row: &Row) -> Result<Unmatched> {
    let news = serde_json::from_str(row.get::<&str>("news")?).map_err(|_| corrupt("an event cannot be read"))?;
    Ok(Unmatched {
        unmatched: id(row, "id")?,
        event: Event { id: row.get("event")?, kind: row.get("kind")? },
        news,
        why: row.get("why")?,
        state: row.get("state")?,
        at_ms: row.get("at_ms")?,
    })
}
