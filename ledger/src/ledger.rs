//! The ledger: commands of requests, and the thread that books them.

pub(crate) mod admin;
mod batch;
mod profile;
mod start;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use syntopen_shared::api_key::KeyHash;
use syntopen_shared::clock::Clock;
use syntopen_shared::id::{AccountId, KeyId, RequestId};
use syntopen_shared::shutdown::ShutdownTrigger;
use syntopen_shared::wire::ledger::{
    Checkpoint, Finish, FinishRefused, Finished, Granted, Hold, HoldRefused, KeyRecord, KeyReport,
};
use tokio::runtime::Handle;

use crate::account::Charged;
use crate::balances::{Balances, CheckpointOutcome, Epoch, FinishOutcome, HoldOutcome, Looked};
use crate::book::{Book, balances, keys, usage};
use crate::error::Unavailable;
use crate::reaper;
use crate::reconcile::{self, ReconcileReport};
use crate::seal::Seal;

pub(crate) use self::profile::Profile;

/// How often a command is tried whose account is seeded in between. Once is enough unless the state loses the seed.
const TRIES_MAX: usize = 4;
/// How long a command waits for the book. One that is stopped, rather than gone, never answers.
const BOOK_MAX: Duration = Duration::from_secs(5);
/// How long the end of an act of administration is waited for; it goes on all the same.
const ACT_MAX: Duration = Duration::from_secs(20);
/// How long a hold waits for the book: one that does must not take those of its batch with it, for which gateways wait
/// a second.
const BOOK_OF_HOLD_MAX: Duration = Duration::from_millis(450);
/// How long a key is looked for in the book before who was known stays known: gateways wait three seconds.
const BOOK_OF_KEY_MAX: Duration = Duration::from_millis(1_500);

/// The ledger: accounts, keys, balances, holds, transfers and usage, in one process over one data directory.
///
/// Dropped without [`Ledger::close`], it books what is pending and gives the directory back a moment later.
pub struct Ledger {
    pub(crate) core: Arc<Core>,
    /// The runtime of the thread "ledger". What must not be cut short by a caller who goes away runs there.
    runtime: Handle,
    stop: ShutdownTrigger,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

/// What the ledger's parts share.
pub(crate) struct Core {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) balances: Arc<dyn Balances>,
    pub(crate) book: Arc<Book>,
    pub(crate) profile: Profile,
    pub(crate) seal: Seal,
}

impl Core {
    /// Whether commands can take effect at all.
    fn is_open(&self) -> Result<(), Unavailable> {
        match &self.profile {
            Profile::Embedded { booked, .. } => booked.is_open(),
            Profile::Cluster { .. } => Ok(()),
        }
    }

    /// Returns when what stands at `position` is applied; whether it is booked then.
    async fn applied(&self, position: u64) -> Result<bool, Unavailable> {
        match &self.profile {
            Profile::Embedded { booked, .. } => booked.reached(position).await.map(|()| true),
            Profile::Cluster { .. } => Ok(false),
        }
    }

    /// Returns when the book has all that was appended for this account until now, so that it is the last word on what
    /// the balances do not know.
    async fn drained(&self, account: AccountId) -> Result<(), Unavailable> {
        match &self.profile {
            // Memory forgets only what is booked.
            Profile::Embedded { .. } => Ok(()),
            Profile::Cluster { redis, cluster } => cluster.drain(redis.shard_of(account)).await,
        }
    }

    /// The shard of this account has something to book, or does not answer as it should.
    pub(crate) fn mark(&self, account: AccountId) {
        if let Profile::Cluster { redis, cluster } = &self.profile {
            cluster.shards.mark(redis.shard_of(account));
        }
    }
}

impl Ledger {
    /// Whether it takes commands: not after [`Ledger::close`], nor when its thread has died.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.core.is_open().is_ok()
    }

    /// Whether the hot state answers.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn ping(&self) -> Result<(), Unavailable> {
        self.core.is_open()?;
        match &self.core.profile {
            Profile::Embedded { .. } => Ok(()),
            Profile::Cluster { redis, .. } => redis.lengths().await.into_iter().try_for_each(|length| length.map(drop)),
        }
    }

    /// Reserves money for a request, in the hot state alone.
    ///
    /// # Errors
    /// [`Unavailable`]; a refusal is an answer.
    pub async fn hold(&self, hold: Hold) -> Result<Result<Granted, HoldRefused>, Unavailable> {
        self.core.is_open()?;
        let mut has_all_credits = false;
        for _ in 0..TRIES_MAX {
            match self.core.balances.hold(&hold).await? {
                HoldOutcome::Granted(granted) => return Ok(Ok(granted)),
                HoldOutcome::Refused(HoldRefused::InsufficientBalance { .. })
                    if !std::mem::replace(&mut has_all_credits, true)
                        && self.deliver_missing_credits(hold.account).await => {}
                HoldOutcome::Refused(refused) => {
                    if refused == HoldRefused::Frozen {
                        self.core.mark(hold.account);
                    }
                    return Ok(Err(refused));
                }
                HoldOutcome::Unseeded(epoch) => {
                    if !self.seed(hold.account, hold.key, (epoch, BOOK_OF_HOLD_MAX)).await? {
                        return Ok(Err(HoldRefused::KeyRevoked));
                    }
                }
            }
        }
        Err(Unavailable)
    }

    /// Renews holds and records what their requests cost so far. Returns when all of it is in the book.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn checkpoint(&self, checkpoints: Vec<Checkpoint>) -> Result<(), Unavailable> {
        let mut last = 0;
        for checkpoint in &checkpoints {
            last = last.max(self.record(checkpoint).await?);
        }
        self.core.applied(last).await.map(drop)
    }

    /// Ends a hold. Returns when that is in the book; takes effect even where the caller does not wait so long.
    ///
    /// # Errors
    /// [`Unavailable`]; a refusal is an answer.
    pub async fn finish(&self, finish: Finish) -> Result<Result<Finished, FinishRefused>, Unavailable> {
        self.core.is_open()?;
        let mut looked_up = None;
        for _ in 0..TRIES_MAX {
            let outcome = match looked_up {
                None => self.core.balances.finish(&finish).await?,
                Some(looked) => self.core.balances.finish_unknown(&finish, looked).await?,
            };
            match outcome {
                FinishOutcome::Done { position } => {
                    self.core.mark(finish.account);
                    return Ok(Ok(Finished { booked: self.core.applied(position).await? }));
                }
                FinishOutcome::Alive => return Ok(Ok(Finished { booked: false })),
                FinishOutcome::Refused(refused) => {
                    self.core.mark(finish.account);
                    return Ok(Err(refused));
                }
                FinishOutcome::Unseeded(epoch) => {
                    if !self.seed(finish.account, finish.key, (epoch, BOOK_MAX)).await? {
                        return Ok(Err(FinishRefused::Conflict));
                    }
                }
                FinishOutcome::Unknown(epoch) => {
                    let booked = match self.charged(finish.id, finish.account).await? {
                        Known::Other => return Ok(Err(FinishRefused::Conflict)),
                        Known::Nothing => None,
                        Known::Charged(charged) => Some(charged),
                    };
                    looked_up = Some(Looked { booked, epoch });
                }
            }
        }
        Err(Unavailable)
    }

    /// The key that hashes to this.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn resolve(&self, hash: KeyHash) -> Result<Option<KeyRecord>, Unavailable> {
        let look = move |core: Arc<Core>| async move { Ok(keys::by_hash(core.book.readers(), hash).await?) };
        let booked = self.read_within(BOOK_OF_KEY_MAX, look).await;
        let Profile::Cluster { redis, .. } = &self.core.profile else { return booked };
        match booked {
            Ok(Some(record)) => {
                redis.remember_key(hash, &record).await;
                Ok(Some(record))
            }
            Ok(None) => Ok(None),
            // While the book is away, who was known stays known.
            Err(Unavailable) => redis.recall_key(hash).await.map(Some).ok_or(Unavailable),
        }
    }

    /// The present records of those of the keys that exist, in no order.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn refresh(&self, keys: &[KeyId]) -> Result<Vec<KeyRecord>, Unavailable> {
        let keys = keys.to_vec();
        self.read(move |core| async move { Ok(keys::by_ids(core.book.readers(), &keys).await?) }).await
    }

    /// A key with what it spent and what its account has.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn report(&self, key: KeyId) -> Result<Option<KeyReport>, Unavailable> {
        let record = self.read(move |core| async move { Ok(keys::by_id(core.book.readers(), key).await?) }).await?;
        let Some(record) = record else {
            return Ok(None);
        };
        for _ in 0..TRIES_MAX {
            let balances = &self.core.balances;
            let epoch = balances.epoch(record.account).await?;
            let account = balances.account(record.account).await?;
            if let (Some(account), Some(of_key)) = (account, balances.key(record.account, key).await?) {
                let spent = of_key.spending.at(self.core.clock.unix_ms()).spent;
                return Ok(Some(KeyReport { record, spent, balance: account.posted, held: account.held }));
            }
            self.seed(record.account, key, (epoch, BOOK_MAX)).await?;
        }
        Err(Unavailable)
    }

    /// Ends every overdue hold now. The ledger does so every second by itself.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn sweep(&self) -> Result<usize, Unavailable> {
        reaper::sweep(&self.core).await
    }

    /// Compares every route by which the money can be counted.
    ///
    /// # Errors
    /// When the book cannot be read.
    pub async fn reconcile(&self) -> anyhow::Result<ReconcileReport> {
        let core = Arc::clone(&self.core);
        let counted = async move {
            match &core.profile {
                Profile::Embedded { memory, .. } => reconcile::run(&core.book, Some(memory)).await,
                Profile::Cluster { cluster, .. } => reconcile::cluster::run_whole(cluster).await,
            }
        };
        self.runtime.spawn(counted).await.context("the ledger is closed")?
    }

    /// Books everything that is pending, closes the book and gives the data directory back. Commands after that are
    /// answered [`Unavailable`].
    pub async fn close(self: Arc<Self>) {
        self.stop.request();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        let joined = tokio::task::spawn_blocking(move || thread.join());
        if !matches!(joined.await, Ok(Ok(()))) {
            tracing::error!("the ledger's thread ended by a panic");
        }
    }

    /// Records one checkpoint and returns the place in the journal with which it is booked.
    async fn record(&self, checkpoint: &Checkpoint) -> Result<u64, Unavailable> {
        self.core.is_open()?;
        let mut outcome = self.core.balances.checkpoint(checkpoint).await?;
        for _ in 0..TRIES_MAX {
            match outcome {
                CheckpointOutcome::Recorded { position } => return Ok(position),
                CheckpointOutcome::Ended => return Ok(0),
                CheckpointOutcome::Frozen => return Err(Unavailable),
                CheckpointOutcome::Unseeded(epoch) => {
                    if !self.seed(checkpoint.account, checkpoint.key, (epoch, BOOK_MAX)).await? {
                        return Ok(0);
                    }
                }
                CheckpointOutcome::Unknown => {
                    if !matches!(self.charged(checkpoint.id, checkpoint.account).await?, Known::Nothing) {
                        return Ok(0);
                    }
                }
            }
            outcome = self.core.balances.put_back(checkpoint).await?;
        }
        Err(Unavailable)
    }

    /// Seeds a key and its account from the book. Says whether there is such a key on such an account.
    async fn seed(
        &self,
        account: AccountId,
        key: KeyId,
        (epoch, most): (Epoch, Duration),
    ) -> Result<bool, Unavailable> {
        let seed = move |core: Arc<Core>| async move {
            match balances::of_key(core.book.readers(), key).await? {
                Some(seed) if seed.account == account => {
                    core.balances.seed(&seed, epoch).await?;
                    Ok(true)
                }
                _ => Ok(false),
            }
        };
        self.read_within(most, seed).await
    }

    /// What the book has of a request that the balances do not know.
    async fn charged(&self, id: RequestId, account: AccountId) -> Result<Known, Unavailable> {
        let look = move |core: Arc<Core>| async move {
            core.drained(account).await?;
            Ok(usage::charged(core.book.readers(), id).await?)
        };
        Ok(match self.read(look).await? {
            None => Known::Nothing,
            Some((payer, charged)) if payer == account => Known::Charged(charged),
            Some(_) => Known::Other,
        })
    }

    /// Looks into the book on the ledger's own runtime. A connection finds its way back to the pool only while the
    /// runtime that took it goes on, and a caller's may have stopped.
    async fn read<T, F>(&self, look: impl FnOnce(Arc<Core>) -> F) -> Result<T, Unavailable>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Unavailable>> + Send + 'static,
    {
        self.read_within(BOOK_MAX, look).await
    }

    async fn read_within<T, F>(&self, most: Duration, look: impl FnOnce(Arc<Core>) -> F) -> Result<T, Unavailable>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Unavailable>> + Send + 'static,
    {
        let looked = tokio::time::timeout(most, look(Arc::clone(&self.core)));
        self.runtime.spawn(looked).await.map_or(Err(Unavailable), |answered| answered.unwrap_or(Err(Unavailable)))
    }

    /// Runs an act to its end on the ledger's own runtime, even where the caller goes away.
    pub(crate) async fn act<T: Send + 'static, E: From<Unavailable> + Send + 'static>(
        &self,
        act: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E> {
        match tokio::time::timeout(ACT_MAX, self.runtime.spawn(act)).await {
            Ok(Ok(done)) => done,
            _ => Err(Unavailable.into()),
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.stop.request();
    }
}

/// What the book has of a request that the balances do not know.
enum Known {
    Nothing,
    Charged(Charged),
    /// It is of another account.
    Other,
}
