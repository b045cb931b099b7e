//! Requests of an account, as its pages show them.

mod texts;

use syntopen_shared::id::{AccountId, KeyId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::price::{PicoUsdPerToken, Prices, Tokens};
use syntopen_shared::wire::ledger::{Usage, UsageSource};
use syntopen_shared::wire::office::paging::Slice;
use syntopen_shared::wire::office::usage::{Ended, ListRequests, REQUESTS_MAX, Request, RequestTransfer};

use super::accounts::{id, nanos};
use super::slices::{self, BEHIND_IDS, Way};
use super::sql::{Executor, Row, query};
use super::{Result, corrupt, usage};

/// The largest moment that an id can name.
const MS_MAX: i64 = (1 << 48) - 1;

/// Below every id that was made at this moment or later, and above all others: ids begin with the time.
pub(crate) fn first_id_of(unix_ms: i64) -> String {
    let digits = format!("{:012x}", unix_ms.clamp(0, MS_MAX));
    let (high, low) = digits.split_at(8);
    format!("{high}-{low}")
}

/// A page of requests, newest first. Each page is one walk along an index, however many requests there are.
pub(crate) async fn page(executor: impl Into<Executor<'_>>, list: &ListRequests) -> Result<Slice<Request, RequestId>> {
    let filter = &list.filter;
    let limit = list.limit.clamp(1, REQUESTS_MAX);
    let mut above = filter.from_ms.map(first_id_of).unwrap_or_default();
    let mut below = filter.until_ms.map_or_else(|| BEHIND_IDS.to_owned(), first_id_of);
    let (way, edge) = slices::edge(&list.place);
    match way {
        Way::On => below = below.min(edge),
        Way::Back => above = above.max(edge),
    }
    let mut query = query(texts::page(filter, way)).bind(list.account).bind(above).bind(below);
    query = query.bind(i64::from(limit) + 1);
    if let Some(key) = filter.key {
        query = query.bind(key);
    }
    if let Some(model) = &filter.model {
        query = query.bind(model.as_str());
    }
    if let Some(outcome) = filter.outcome {
        query = query.bind(outcome.as_str());
    }
    let rows = query.fetch_all(executor).await?;
    let requests = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(slices::cut(requests, (&list.place, limit), |request: &Request| request.id))
}

/// The keys of an account with their labels, newest first.
pub(crate) async fn keys(
    executor: impl Into<Executor<'_>>,
    (account, most): (AccountId, i64),
) -> Result<Vec<(KeyId, String)>> {
    let rows = query("SELECT id, name FROM api_keys WHERE account = $1 ORDER BY id DESC LIMIT $2")
        .bind(account)
        .bind(most)
        .fetch_all(executor)
        .await?;
    rows.iter().map(|row| Ok((id(row, "id")?, row.get("name")?))).collect()
}

/// One request of this account.
pub(crate) async fn one(
    executor: impl Into<Executor<'_>>,
    (account, request): (AccountId, RequestId),
) -> Result<Option<Request>> {
    let row = query(texts::ONE).bind(account).bind(request).fetch_optional(executor).await?;
    row.as_ref().map(read).transpose()
}

/// The movements of money of one request of this account, oldest first.
pub(crate) async fn transfers(
    executor: impl Into<Executor<'_>>,
    (account, request): (AccountId, RequestId),
) -> Result<Vec<RequestTransfer>> {
    let rows = query(
        "SELECT id, class, total, amount, created_ms FROM transfers \
         WHERE op = $2 AND account = $1 AND class IN ('charge', 'late') ORDER BY total",
    )
    .bind(account)
    .bind(request)
    .fetch_all(executor)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(RequestTransfer {
                id: id(row, "id")?,
                class: row.get("class")?,
                total: nanos(row, "total")?,
                amount: nanos(row, "amount")?,
                created_ms: row.get("created_ms")?,
            })
        })
        .collect()
}

fn read(row: &Row) -> Result<Request> {
    Ok(Request {
        id: id(row, "id")?,
        key: id(row, "api_key")?,
        key_name: row.get("key_name")?,
        ended: ended(row.get("ended")?)?,
        ended_ms: row.get("ended_ms")?,
        usage: used(row)?,
    })
}

fn used(row: &Row) -> Result<Usage> {
    let price = |column| count(row, column).map(PicoUsdPerToken::new);
    let source: Option<&str> = row.get("source")?;
    let source = source.map(|word| UsageSource::parse(word).ok_or_else(|| corrupt("figures have no known source")));
    Ok(Usage {
        model: row.get::<&str>("model")?.into(),
        provider: row.get::<&str>("provider")?.into(),
        upstream: row.get::<&str>("upstream")?.into(),
        tokens: Tokens {
            input: count(row, "input_tokens")?,
            cached_input: count(row, "cached_input_tokens")?,
            cache_write: count(row, "cache_write_tokens")?,
            cache_write_1h: count(row, "cache_write_1h_tokens")?,
            output: count(row, "output_tokens")?,
            reasoning: count(row, "reasoning_tokens")?,
        },
        prices: Prices {
            input: price("input_price")?,
            cached_input: price("cached_input_price")?,
            cache_write: price("cache_write_price")?,
            cache_write_1h: price("cache_write_1h_price")?,
            output: price("output_price")?,
        },
        cost_price: row.get::<Option<i64>>("cost_price")?.map(NanoUsd::new),
        cost: nanos(row, "charged")?,
        source: source.transpose()?,
        outcome: usage::outcome(row.get("outcome")?)?,
        stream: row.get::<i64>("streamed")? != 0,
        attempts: u32::try_from(row.get::<i64>("attempts")?).unwrap_or(u32::MAX),
        started_ms: row.get("started_ms")?,
        first_byte_ms: row.get("first_byte_ms")?,
        duration_ms: row.get("duration_ms")?,
    })
}

fn count(row: &Row, column: &str) -> Result<u64> {
    row.get::<i64>(column).map(|count| u64::try_from(count).unwrap_or_default())
}

fn ended(word: &str) -> Result<Ended> {
    match word {
        "settled" => Ok(Ended::Settled),
        "released" => Ok(Ended::Released),
        "expired" => Ok(Ended::Expired),
        _ => Err(corrupt("a request ended in no known way")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_moment() {
        let id: RequestId = "0193a1b2-c3d4-7000-8000-000000000000".parse().unwrap();
        let ms = 0x0193_a1b2_c3d4;
        assert_eq!(first_id_of(ms), "0193a1b2-c3d4");
        assert!(first_id_of(ms) < id.to_string() && id.to_string() < first_id_of(ms + 1));
        assert_eq!((first_id_of(-1).as_str(), first_id_of(i64::MAX).as_str()), ("00000000-0000", "ffffffff-ffff"));
    }
}
