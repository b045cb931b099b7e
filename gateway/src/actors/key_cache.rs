//! API keys that were used lately.
//!
//! Readers use a shared map. The actor fills it (one look-up per key in flight), refreshes what is in use in batches
//! all the time, and evicts the rest. A cached record never decides about money: that the hold does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actix::{Actor, ActorFutureExt as _, Addr, Arbiter, AsyncContext as _, Context, Handler, Message, WrapFuture as _};
use syntopen_shared::api_key::KeyHash;
use syntopen_shared::clock::Clock;
use syntopen_shared::id::KeyId;
use syntopen_shared::wire::ledger::{BATCH_MAX, KeyRecord};
use tokio::sync::{Semaphore, oneshot};

use crate::clients::Unavailable;
use crate::clients::ledger::LedgerClient;

/// How often records in use are read again. A change is in force everywhere within 2 s, the reading included.
const REFRESH: Duration = Duration::from_millis(1_500);
/// A record that nobody asked for so long is evicted.
const IDLE_US: i64 = 60_000_000;
/// How long a hash that is no key's is remembered.
const UNKNOWN_US: i64 = 2_000_000;
/// Entries at most; beyond it, unknown hashes are not remembered.
const ENTRIES_MAX: usize = 200_000;
/// Look-ups in the ledger at once.
const LOOK_UPS: usize = 16;
/// Look-ups waiting for the actor at most.
const MAILBOX: usize = 4_096;

/// Handle of the key cache.
#[derive(Clone)]
pub struct KeyCache {
    entries: Arc<Entries>,
    clock: Arc<dyn Clock>,
    filler: Addr<Filler>,
}

type Entries = RwLock<HashMap<KeyHash, Entry>>;

struct Entry {
    /// `None`: no key has this hash.
    record: Option<Arc<KeyRecord>>,
    filled_us: i64,
    used_us: AtomicI64,
}

impl KeyCache {
    /// A key cache that fills itself on the thread of `arbiter`.
    #[must_use]
    pub fn start(arbiter: &Arbiter, ledger: Arc<dyn LedgerClient>, clock: Arc<dyn Clock>) -> Self {
        let entries = Arc::new(Entries::default());
        let filler = Filler {
            entries: Arc::clone(&entries),
            clock: Arc::clone(&clock),
            ledger,
            slots: Arc::new(Semaphore::new(LOOK_UPS)),
            refreshing: false,
            waiting: HashMap::new(),
        };
        let filler = Filler::start_in_arbiter(&arbiter.handle(), move |context| {
            context.set_mailbox_capacity(MAILBOX);
            filler
        });
        Self { entries, clock, filler }
    }

    /// The record of the key that hashes to `hash`, or `None` where there is no such key.
    ///
    /// # Errors
    /// When the ledger has to be asked and does not answer.
    pub async fn get(&self, hash: KeyHash) -> Result<Option<Arc<KeyRecord>>, Unavailable> {
        if let Some(cached) = self.cached(&hash) {
            return Ok(cached);
        }
        let (reply, answer) = oneshot::channel();
        self.filler.try_send(LookUp { hash, reply }).map_err(|_| Unavailable::Unsent)?;
        answer.await.map_err(|_| Unavailable::Unknown)?
    }

    fn cached(&self, hash: &KeyHash) -> Option<Option<Arc<KeyRecord>>> {
        let now = self.clock.monotonic_us();
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(hash).filter(|entry| entry.record.is_some() || now - entry.filled_us < UNKNOWN_US)?;
        entry.used_us.store(now, Ordering::Relaxed);
        Some(entry.record.clone())
    }

    /// The ledger told a newer version of this record than the cached one: it is read again at its next use.
    pub fn forget(&self, hash: &KeyHash) {
        self.entries.write().unwrap_or_else(PoisonError::into_inner).remove(hash);
    }
}

/// What a look-up finds: a record, or that there is no such key.
type Found = Result<Option<Arc<KeyRecord>>, Unavailable>;

struct LookUp {
    hash: KeyHash,
    reply: oneshot::Sender<Found>,
}

impl Message for LookUp {
    type Result = ();
}

struct Filler {
    entries: Arc<Entries>,
    clock: Arc<dyn Clock>,
    ledger: Arc<dyn LedgerClient>,
    slots: Arc<Semaphore>,
    refreshing: bool,
    waiting: HashMap<KeyHash, Vec<oneshot::Sender<Found>>>,
}

impl Actor for Filler {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.run_interval(REFRESH, Self::refresh);
    }
}

impl Handler<LookUp> for Filler {
    type Result = ();

    fn handle(&mut self, message: LookUp, context: &mut Context<Self>) {
        let LookUp { hash, reply } = message;
        let waiting = self.waiting.entry(hash).or_default();
        waiting.push(reply);
        if waiting.len() > 1 {
            return;
        }
        // A task of its own: an actor polls all of its futures whenever one of them has something to tell.
        let (ledger, slots, filler) = (Arc::clone(&self.ledger), Arc::clone(&self.slots), context.address());
        actix_rt::spawn(async move {
            let _slot = slots.acquire().await;
            let found = ledger.resolve(hash).await;
            filler.do_send(Resolved { hash, found });
        });
    }
}

struct Resolved {
    hash: KeyHash,
    found: Result<Option<KeyRecord>, Unavailable>,
}

impl Message for Resolved {
    type Result = ();
}

impl Handler<Resolved> for Filler {
    type Result = ();

    fn handle(&mut self, message: Resolved, _: &mut Context<Self>) {
        self.fill(message.hash, message.found);
    }
}

impl Filler {
    fn fill(&mut self, hash: KeyHash, found: Result<Option<KeyRecord>, Unavailable>) {
        let found = found.map(|record| record.map(Arc::new));
        if let Ok(record) = &found {
            let now = self.clock.monotonic_us();
            let entry = Entry { record: record.clone(), filled_us: now, used_us: AtomicI64::new(now) };
            let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
            if record.is_some() || entries.len() < ENTRIES_MAX {
                entries.insert(hash, entry);
            }
        }
        for reply in self.waiting.remove(&hash).unwrap_or_default() {
            // Whoever asked may be gone.
            let _ = reply.send(found.clone());
        }
    }

    /// Evicts what is idle or was never a key, and reads the rest again.
    fn refresh(&mut self, context: &mut Context<Self>) {
        let now = self.clock.monotonic_us();
        let keys: Vec<KeyId> = {
            let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
            entries.retain(|_, entry| match entry.record {
                Some(_) => now - entry.used_us.load(Ordering::Relaxed) < IDLE_US,
                None => now - entry.filled_us < UNKNOWN_US,
            });
            entries.values().filter_map(|entry| entry.record.as_ref().map(|record| record.key)).collect()
        };
        if keys.is_empty() || self.refreshing {
            return;
        }
        self.refreshing = true;
        let ledger = Arc::clone(&self.ledger);
        let read = async move {
            let mut records = Vec::with_capacity(keys.len());
            for batch in keys.chunks(BATCH_MAX) {
                // An unreachable ledger leaves the records as they are; holds decide all the same.
                let Ok(read) = ledger.refresh(batch).await else { break };
                records.extend(read);
            }
            records
        };
        context.spawn(read.into_actor(self).map(|records, filler, _| filler.update(records)));
    }

    fn update(&mut self, records: Vec<KeyRecord>) {
        self.refreshing = false;
        let mut fresh: HashMap<KeyId, KeyRecord> = records.into_iter().map(|record| (record.key, record)).collect();
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        for entry in entries.values_mut() {
            let Some(old) = entry.record.as_ref() else { continue };
            if let Some(new) = fresh.remove(&old.key).filter(|new| new.version > old.version) {
                entry.record = Some(Arc::new(new));
            }
        }
    }
}
