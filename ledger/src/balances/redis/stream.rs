//! What drainer and recovery do with the stream of a shard.

use std::collections::HashMap;
use std::sync::Arc;

use redis::{RedisResult, Value, from_redis_value};
use syntopen_shared::id::{AccountId, KeyId, RequestId};
use syntopen_shared::wire::ledger::Usage;

use super::answers::{nanos, number, odd};
use super::commands::{call, nonce};
use super::{RedisBalances, ShardCall};
use crate::account::{Charged, EndedAs, Entry, abandoned, storable};
use crate::balances::{Anchor, Epoch};
use crate::error::Unavailable;

/// How many entries of a frozen shard are read at a time.
const SURVIVORS_PAGE: usize = 1_000;
/// Bits of an entry's position for its place within a millisecond.
const SEQUENCE_BITS: u32 = 20;

/// What a shard says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Its epoch.
    pub epoch: Epoch,
    /// Whether it takes commands; else it is being recovered.
    pub is_open: bool,
}

/// A look at the stream of a shard, at one moment.
#[derive(Clone, Debug)]
pub struct StreamView {
    /// Nothing where Redis has lost the shard.
    pub meta: Option<Meta>,
    /// Whether the entry at the anchor's id is the anchor.
    pub is_anchored: bool,
    /// The entries behind the anchor, oldest first; none where it is not there. All, where no anchor was named.
    pub entries: Vec<StreamEntry>,
}

/// An entry of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEntry {
    /// Its id and nonce, with which it becomes the anchor when it is booked.
    pub anchor: Anchor,
    /// The end of a request; nothing for a marker, with which a stream begins.
    pub entry: Option<Arc<Entry>>,
}

/// What is left of the stream of a frozen shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survivors {
    /// All its entries, oldest first.
    pub entries: Vec<StreamEntry>,
    /// The greatest id that the stream has ever given away.
    pub last_id: String,
}

impl Survivors {
    /// The entry with which the stream shall go on, behind every id that was ever given away: ids never go back.
    #[must_use]
    pub fn marker(&self) -> Anchor {
        let (ms, sequence) = parse_id(&self.last_id).unwrap_or_default();
        let (ms, sequence) = sequence.checked_add(1).map_or((ms.saturating_add(1), 0), |sequence| (ms, sequence));
        Anchor { id: format!("{ms}-{sequence}"), nonce: nonce() }
    }
}

impl RedisBalances {
    /// The stream of a shard behind its anchor, `limit` entries at most.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn read(&self, shard: u32, anchor: Option<&Anchor>, limit: usize) -> Result<StreamView, Unavailable> {
        self.ask(self.read_call(shard, anchor, limit), view).await
    }

    /// [`RedisBalances::read`] for shards with their anchors, answered in their order.
    pub async fn read_all(
        &self,
        anchors: &[(u32, Option<Anchor>)],
        limit: usize,
    ) -> Vec<Result<StreamView, Unavailable>> {
        let calls = anchors.iter().map(|(shard, anchor)| self.read_call(*shard, anchor.as_ref(), limit));
        self.ask_all(calls, view).await
    }

    /// Removes from the stream what stands before the anchor. Returns false, and does nothing, where the anchor is not
    /// there.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn trim(&self, shard: u32, anchor: &Anchor) -> Result<bool, Unavailable> {
        let names = self.shards.names(shard);
        let words = [anchor.id.clone(), anchor.nonce.clone()];
        self.ask((shard, call(&self.scripts.trim, &[names.journal()], &words)), is_done).await
    }

    /// Closes a shard for its recovery. Returns false where it is in this epoch or a later one.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn freeze(&self, shard: u32, epoch: Epoch) -> Result<bool, Unavailable> {
        let names = self.shards.names(shard);
        self.ask((shard, call(&self.scripts.freeze, &[names.meta()], &[epoch.0.to_string()])), is_done).await
    }

    /// What is left of the stream of a shard; nothing where it is not frozen in this epoch.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn survivors(&self, shard: u32, epoch: Epoch) -> Result<Option<Survivors>, Unavailable> {
        let mut entries: Vec<StreamEntry> = Vec::new();
        loop {
            let from = entries.last().map_or_else(|| "-".to_owned(), |last| format!("({}", last.anchor.id));
            let Some((page, last_id)) = self.ask(self.survivors_call(shard, epoch, from), survivors_page).await? else {
                return Ok(None);
            };
            let is_last = page.len() < SURVIVORS_PAGE;
            entries.extend(page);
            if is_last {
                return Ok(Some(Survivors { entries, last_id }));
            }
        }
    }

    /// Opens a shard that is frozen in this epoch, if its stream is still as it was drained: empties the stream and
    /// begins it with the marker. Returns false, and does nothing, where it is not.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn open_shard(
        &self,
        shard: u32,
        epoch: Epoch,
        drained: (&Survivors, &Anchor),
    ) -> Result<bool, Unavailable> {
        let (survivors, marker) = drained;
        let names = self.shards.names(shard);
        let last = survivors.entries.last().map(|last| last.anchor.clone());
        let last = last.unwrap_or_else(|| Anchor { id: String::new(), nonce: String::new() });
        let words = [
            epoch.0.to_string(),
            survivors.last_id.clone(),
            last.id,
            last.nonce,
            marker.id.clone(),
            marker.nonce.clone(),
        ];
        self.ask((shard, call(&self.scripts.open_shard, &[names.meta(), names.journal()], &words)), is_done).await
    }

    /// How many entries each shard's stream has. The last booked one stays, so that one of them waits for nobody.
    pub async fn lengths(&self) -> Vec<Result<u64, Unavailable>> {
        let length = |shard| (shard, call(&self.scripts.length, &[self.shards.names(shard).journal()], &[]));
        self.ask_all((0..self.shards()).map(length), |answer| Ok(from_redis_value(answer)?)).await
    }

    /// How many entries of a shard's stream wait for the book: all but the last booked one.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn waiting(&self, shard: u32) -> Result<u64, Unavailable> {
        let length = call(&self.scripts.length, &[self.shards.names(shard).journal()], &[]);
        let length: u64 = self.ask((shard, length), |answer| Ok(from_redis_value(answer)?)).await?;
        Ok(length.saturating_sub(1))
    }

    fn read_call(&self, shard: u32, anchor: Option<&Anchor>, limit: usize) -> ShardCall<'_> {
        let names = self.shards.names(shard);
        let (id, nonce) = anchor.map_or_else(Default::default, |anchor| (anchor.id.clone(), anchor.nonce.clone()));
        (shard, call(&self.scripts.read, &[names.meta(), names.journal()], &[id, nonce, limit.to_string()]))
    }

    fn survivors_call(&self, shard: u32, epoch: Epoch, from: String) -> ShardCall<'_> {
        let names = self.shards.names(shard);
        let words = [epoch.0.to_string(), from, SURVIVORS_PAGE.to_string()];
        (shard, call(&self.scripts.survivors, &[names.meta(), names.journal()], &words))
    }
}

fn is_done(answer: Value) -> RedisResult<bool> {
    Ok(from_redis_value::<i64>(answer)? == 1)
}

/// An entry as Redis tells it: its id, then names and values.
type Raw = (String, HashMap<String, String>);

fn view(answer: Value) -> RedisResult<StreamView> {
    let (epoch, state, anchored, entries): (String, String, i64, Vec<Raw>) = from_redis_value(answer)?;
    let meta = match epoch.as_str() {
        "" => None,
        epoch => Some(Meta { epoch: Epoch(number(epoch)?), is_open: state == "open" }),
    };
    let entries = entries.into_iter().map(stream_entry).collect::<RedisResult<_>>()?;
    Ok(StreamView { meta, is_anchored: anchored == 1, entries })
}

fn survivors_page(answer: Value) -> RedisResult<Option<(Vec<StreamEntry>, String)>> {
    if matches!(&answer, Value::Array(nothing) if nothing.is_empty()) {
        return Ok(None);
    }
    let (last_id, entries): (String, Vec<Raw>) = from_redis_value(answer)?;
    Ok(Some((entries.into_iter().map(stream_entry).collect::<RedisResult<_>>()?, last_id)))
}

fn stream_entry((id, fields): Raw) -> RedisResult<StreamEntry> {
    let nonce = fields.get("nonce").ok_or_else(odd)?.clone();
    let entry = if fields.contains_key("id") { Some(Arc::new(entry(&id, &fields)?)) } else { None };
    Ok(StreamEntry { anchor: Anchor { id, nonce }, entry })
}

fn entry(id: &str, fields: &HashMap<String, String>) -> RedisResult<Entry> {
    let field = |name: &str| fields.get(name).map(String::as_str).ok_or_else(odd);
    let (request, account, key) = (field("id")?, field("account")?, field("key")?);
    let (request, account, key): (RequestId, AccountId, KeyId) = match (request.parse(), account.parse(), key.parse()) {
        (Ok(request), Ok(account), Ok(key)) => (request, account, key),
        _ => return Err(odd()),
    };
    let charged = Charged { ended: EndedAs::parse(field("ended")?).ok_or_else(odd)?, total: nanos(field("total")?)? };
    let (ms, sequence) = parse_id(id).ok_or_else(odd)?;
    Ok(Entry {
        position: (ms << SEQUENCE_BITS).saturating_add(sequence),
        id: request,
        account,
        key,
        charged,
        amount: nanos(field("amount")?)?,
        day_no: number(field("day_no")?)?,
        month_no: number(field("month_no")?)?,
        at_ms: number(field("at_ms")?)?,
        usage: usage(field("usage")?, charged)?,
    })
}

/// The usage as its row shall tell it: of a request that expired, what its last checkpoint said.
fn usage(json: &str, charged: Charged) -> RedisResult<Usage> {
    let usage: Usage = serde_json::from_str(json).map_err(|_| odd())?;
    let usage = if charged.ended == EndedAs::Expired { abandoned(usage) } else { usage };
    Ok(storable(usage, charged.total))
}

/// Milliseconds and sequence of an id.
fn parse_id(id: &str) -> Option<(u64, u64)> {
    let (ms, sequence) = id.split_once('-')?;
    Some((ms.parse().ok()?, sequence.parse().ok()?))
}
