//! The ledger of the embedded profile: commands of requests, and the thread that books them.

mod admin;
mod start;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

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
use crate::balances::{Balances, CheckpointOutcome, FinishOutcome, HoldOutcome};
use crate::book::{Book, balances, keys, usage};
use crate::config::LedgerSettings;
use crate::drainer::Booked;
use crate::error::{AdminError, Unavailable};
use crate::reaper;
use crate::reconcile::{self, ReconcileReport};

/// How often a command is tried whose account is seeded in between. Once is enough unless the state loses the seed.
const TRIES_MAX: usize = 4;

/// The ledger: accounts, keys, balances, holds, transfers and usage, in one process over one data directory.
///
/// Dropped without [`Ledger::close`], it books what is pending and gives the directory back a moment later.
pub struct Ledger {
    core: Arc<Core>,
    /// The runtime of the thread "ledger". What must not be cut short by a caller who goes away runs there.
    runtime: Handle,
    stop: ShutdownTrigger,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

/// What the ledger's parts share.
pub(crate) struct Core {
    pub(crate) settings: LedgerSettings,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) balances: Arc<dyn Balances>,
    pub(crate) book: Book,
    pub(crate) booked: Booked,
}

impl Ledger {
    /// Whether it takes commands: not after [`Ledger::close`], nor when its thread has died.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.core.booked.is_open().is_ok()
    }

    /// Reserves money for a request, in memory alone.
    ///
    /// # Errors
    /// [`Unavailable`]; a refusal is an answer.
    pub async fn hold(&self, hold: Hold) -> Result<Result<Granted, HoldRefused>, Unavailable> {
        self.core.booked.is_open()?;
        for _ in 0..TRIES_MAX {
            match self.core.balances.hold(&hold).await? {
                HoldOutcome::Granted(granted) => return Ok(Ok(granted)),
                HoldOutcome::Refused(refused) => return Ok(Err(refused)),
                HoldOutcome::Unseeded => {
                    if !self.seed(hold.account, hold.key).await? {
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
        self.core.booked.reached(last).await
    }

    /// Ends a hold. Returns when that is in the book; takes effect even where the caller does not wait so long.
    ///
    /// # Errors
    /// [`Unavailable`]; a refusal is an answer.
    pub async fn finish(&self, finish: Finish) -> Result<Result<Finished, FinishRefused>, Unavailable> {
        self.core.booked.is_open()?;
        let mut looked_up = None;
        for _ in 0..TRIES_MAX {
            let outcome = match looked_up {
                None => self.core.balances.finish(&finish).await?,
                Some(booked) => self.core.balances.finish_unknown(&finish, booked).await?,
            };
            match outcome {
                FinishOutcome::Done { position } => {
                    self.core.booked.reached(position).await?;
                    return Ok(Ok(Finished { booked: true }));
                }
                FinishOutcome::Alive => return Ok(Ok(Finished { booked: false })),
                FinishOutcome::Refused(refused) => return Ok(Err(refused)),
                FinishOutcome::Unseeded => {
                    if !self.seed(finish.account, finish.key).await? {
                        return Ok(Err(FinishRefused::Conflict));
                    }
                }
                FinishOutcome::Unknown => match self.charged(finish.id, finish.account).await? {
                    Known::Other => return Ok(Err(FinishRefused::Conflict)),
                    Known::Nothing => looked_up = Some(None),
                    Known::Charged(charged) => looked_up = Some(Some(charged)),
                },
            }
        }
        Err(Unavailable)
    }

    /// The key that hashes to this.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn resolve(&self, hash: KeyHash) -> Result<Option<KeyRecord>, Unavailable> {
        self.read(move |core| async move { Ok(keys::by_hash(core.book.readers(), hash).await?) }).await
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
            if let (Some(account), Some(spent)) = (balances.account(record.account).await?, balances.spent(key).await?)
            {
                return Ok(Some(KeyReport { record, spent, balance: account.posted, held: account.held }));
            }
            self.seed(record.account, key).await?;
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
        let counted = async move { reconcile::run(&core.book, Some(&*core.balances)).await };
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
        self.core.booked.is_open()?;
        let mut outcome = self.core.balances.checkpoint(checkpoint).await?;
        for _ in 0..TRIES_MAX {
            match outcome {
                CheckpointOutcome::Recorded { position } => return Ok(position),
                CheckpointOutcome::Ended => return Ok(0),
                CheckpointOutcome::Unseeded => {
                    if !self.seed(checkpoint.account, checkpoint.key).await? {
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
    async fn seed(&self, account: AccountId, key: KeyId) -> Result<bool, Unavailable> {
        let seed = move |core: Arc<Core>| async move {
            match balances::of_key(core.book.readers(), key).await? {
                Some(seed) if seed.account == account => {
                    core.balances.seed(&seed).await?;
                    Ok(true)
                }
                _ => Ok(false),
            }
        };
        self.read(seed).await
    }

    /// Memory forgets only what is booked, so that the book is the last word on what memory does not know.
    async fn charged(&self, id: RequestId, account: AccountId) -> Result<Known, Unavailable> {
        let look = move |core: Arc<Core>| async move { Ok(usage::charged(core.book.readers(), id).await?) };
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
        self.runtime.spawn(look(Arc::clone(&self.core))).await.unwrap_or(Err(Unavailable))
    }

    /// Runs an act to its end on the ledger's own runtime, even where the caller goes away.
    async fn act<T: Send + 'static>(
        &self,
        act: impl Future<Output = Result<T, AdminError>> + Send + 'static,
    ) -> Result<T, AdminError> {
        self.runtime.spawn(act).await.unwrap_or(Err(AdminError::Unavailable))
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
