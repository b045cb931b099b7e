//! Batches as PostgreSQL takes them: one statement over arrays, which is a transaction of its own.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgConnection, PgPool};
use sqlx::query::Query;
use syntopen_shared::id::RequestId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::price::PicoUsdPerToken;

use super::plan::{FIGURES, Had, Plan};
use super::{Committed, StreamBatch, had};
use crate::account::Entry;
use crate::book::Result;
use crate::book::shards::{Advance, revenue};
use crate::book::sql::Row;

const LOOK_UP: &str = concat!(
    "SELECT ",
    had_columns!(),
    " FROM usage WHERE id = ANY($1) UNION ALL SELECT ",
    removed_columns!(),
    " FROM unnest($1) AS asked JOIN transfers ON op = asked \
     WHERE asked < (SELECT id FROM usage_horizon) AND class IN ('charge', 'late') \
     AND NOT EXISTS (SELECT 1 FROM usage WHERE usage.id = asked) GROUP BY op"
);
const WRITE: &str = include_str!("write.postgres.sql");

type Bound<'q> = Query<'q, Postgres, PgArguments>;

/// Books entries of a shard's stream. The look-up needs no lock: whoever books for this shard moves its anchor, and
/// whoever removes a row leaves it missing, and then the second statement writes nothing.
pub(super) async fn commit_stream(pool: &PgPool, batch: &StreamBatch<'_>) -> Result<Committed> {
    let mut connection = pool.acquire().await?;
    let had = look_up(&mut connection, batch.entries).await?;
    let plan = Plan::of(batch.entries, had, &revenue(batch.shard));
    let anchor = (!plan.off).then_some(&batch.anchor);
    let advance = Advance { shard: batch.shard, seen: batch.from, anchor };
    let written = write(&mut connection, &plan, &advance).await?;
    Ok(if written { plan.committed() } else { Committed::Fenced })
}

/// What the book has of these requests.
pub(super) async fn look_up(connection: &mut PgConnection, entries: &[Arc<Entry>]) -> Result<HashMap<RequestId, Had>> {
    let ids = column(entries, |entry| entry.id.to_string());
    let rows = sqlx::query(LOOK_UP).bind(ids).fetch_all(connection).await?;
    had(rows.into_iter().map(Row::Postgres).collect())
}

/// Moves the anchor and writes a plan, where the shard's row is as it was seen, and so is every usage row that the plan
/// changes. Says whether it was.
pub(super) async fn write(connection: &mut PgConnection, plan: &Plan<'_>, advance: &Advance<'_>) -> Result<bool> {
    let seen = advance.seen.anchor.as_ref();
    let query = sqlx::query(WRITE)
        .bind(i64::from(advance.shard))
        .bind(advance.seen.epoch.0)
        .bind(seen.map(|anchor| anchor.id.as_str()))
        .bind(seen.map(|anchor| anchor.nonce.as_str()))
        .bind(advance.anchor.map(|anchor| anchor.id.as_str()))
        .bind(advance.anchor.map(|anchor| anchor.nonce.as_str()))
        .bind(plan.house.as_str());
    let query = figures(sums(transfers(requests(query, plan), plan), plan), plan);
    let query = query.bind(column(&plan.changed, RequestId::to_string));
    Ok(query.fetch_optional(connection).await?.is_some())
}

fn requests<'q>(query: Bound<'q>, plan: &Plan<'q>) -> Bound<'q> {
    let rows = &plan.usage;
    query
        .bind(column(rows, |row| row.id.to_string()))
        .bind(column(rows, |row| row.account.to_string()))
        .bind(column(rows, |row| row.key.to_string()))
        .bind(column(rows, |row| row.ended.as_str()))
        .bind(column(rows, |row| row.charged.nanos()))
        .bind(column(rows, |row| row.ended_ms))
        .bind(column(rows, |row| &*row.usage.model))
        .bind(column(rows, |row| &*row.usage.provider))
        .bind(column(rows, |row| &*row.usage.upstream))
        .bind(column(rows, |row| stored(row.usage.tokens.input)))
        .bind(column(rows, |row| stored(row.usage.tokens.cached_input)))
        .bind(column(rows, |row| stored(row.usage.tokens.cache_write)))
        .bind(column(rows, |row| stored(row.usage.tokens.cache_write_1h)))
        .bind(column(rows, |row| stored(row.usage.tokens.output)))
        .bind(column(rows, |row| stored(row.usage.tokens.reasoning)))
        .bind(column(rows, |row| price(row.usage.prices.input)))
        .bind(column(rows, |row| price(row.usage.prices.cached_input)))
        .bind(column(rows, |row| price(row.usage.prices.cache_write)))
        .bind(column(rows, |row| price(row.usage.prices.cache_write_1h)))
        .bind(column(rows, |row| price(row.usage.prices.output)))
        .bind(column(rows, |row| row.usage.cost_price.map(NanoUsd::nanos)))
        .bind(column(rows, |row| row.usage.source.map(|source| source.as_str())))
        .bind(column(rows, |row| row.usage.outcome.as_str()))
        .bind(column(rows, |row| i16::from(row.usage.stream)))
        .bind(column(rows, |row| i64::from(row.usage.attempts)))
        .bind(column(rows, |row| row.usage.started_ms))
        .bind(column(rows, |row| row.usage.first_byte_ms))
        .bind(column(rows, |row| row.usage.duration_ms))
}

fn transfers<'q>(query: Bound<'q>, plan: &Plan<'_>) -> Bound<'q> {
    let rows = &plan.transfers;
    query
        .bind(column(rows, |row| row.id.to_string()))
        .bind(column(rows, |row| row.account.to_string()))
        .bind(column(rows, |row| row.op.to_string()))
        .bind(column(rows, |row| row.class))
        .bind(column(rows, |row| row.total.nanos()))
        .bind(column(rows, |row| row.amount.nanos()))
        .bind(column(rows, |row| row.created_ms))
}

fn sums<'q>(query: Bound<'q>, plan: &'q Plan<'_>) -> Bound<'q> {
    let Plan { accounts, keys, daily, .. } = plan;
    let query = query
        .bind(column(accounts, |row| &*row.id))
        .bind(column(accounts, |row| row.amount.nanos()))
        .bind(column(accounts, |row| row.moves))
        .bind(column(keys, |row| row.id.to_string()))
        .bind(column(keys, |row| row.day_no))
        .bind(column(keys, |row| row.month_no))
        .bind(column(keys, |row| row.spent.total.nanos()))
        .bind(column(keys, |row| row.spent.day.nanos()))
        .bind(column(keys, |row| row.spent.month.nanos()))
        .bind(column(keys, |row| row.used_ms))
        .bind(column(daily, |row| row.account.to_string()))
        .bind(column(daily, |row| row.key.to_string()))
        .bind(column(daily, |row| row.day))
        .bind(column(daily, |row| &*row.model))
        .bind(column(daily, |row| row.requests))
        .bind(column(daily, |row| row.cost.nanos()));
    (0..6).fold(query, |query, bucket| query.bind(column(daily, |row| row.tokens[bucket])))
}

fn figures<'q>(query: Bound<'q>, plan: &'q Plan<'_>) -> Bound<'q> {
    let rows = &plan.figures;
    let query = query
        .bind(column(rows, |row| row.account.to_string()))
        .bind(column(rows, |row| row.day))
        .bind(column(rows, |row| &*row.model))
        .bind(column(rows, |row| &*row.upstream));
    (0..FIGURES).fold(query, |query, figure| query.bind(column(rows, |row| row.figures[figure])))
}

fn column<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn price(price: PicoUsdPerToken) -> i64 {
    stored(price.picos())
}
