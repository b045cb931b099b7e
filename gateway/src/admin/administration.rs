//! Where administration commands go: to the ledger that runs, or into the book.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use syntopen_ledger::{Ledger, LedgerSettings};
use syntopen_shared::clock::SystemClock;
use syntopen_shared::wire::admin::{
    Account, CreateAccount, CreateKey, CreatedKey, CreditAccount, CreditReceipt, KeyList, ListKeys, RevokeKey,
    SetAccountStanding, ShowAccount, UpdateKey,
};
use syntopen_shared::wire::ledger::KeyRecord;

use super::remote::Remote;
use crate::config::Profile;

/// How long a command waits for a directory whose holder does not listen: a gateway that starts or stops, or another
/// command.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
const RETRY_INTERVAL: Duration = Duration::from_millis(50);
/// The file whose lock says that a process has the directory.
const LOCK_FILE: &str = "lock";

/// A way to the ledger.
pub(super) enum Administration {
    /// Into the book, which no gateway has open.
    Direct(Arc<Ledger>),
    /// Through whatever runs: the gateway, or the ledgers of a cluster.
    Remote(Remote),
}

impl Administration {
    /// The way to the ledger of a profile.
    pub(super) async fn of(profile: &Profile) -> anyhow::Result<Self> {
        match profile {
            Profile::Embedded(data_dir) => Self::within(LOCK_TIMEOUT, data_dir).await,
            Profile::Cluster(cluster) => Ok(Self::Remote(Remote::of_cluster(cluster).await?)),
        }
    }

    /// The way to the ledger of a data directory, where there is one within a time.
    pub(super) async fn within(time: Duration, data_dir: &Path) -> anyhow::Result<Self> {
        let deadline = Instant::now() + time;
        let mut was_free = false;
        loop {
            // A gateway that has the directory may begin or cease to listen at any moment: so this is asked each time.
            if let Ok(gateway) = Remote::of_socket(data_dir).await {
                return Ok(Self::Remote(gateway));
            }
            let opened = Ledger::open(LedgerSettings::new(data_dir.to_owned()), Arc::new(SystemClock::default())).await;
            let error = match opened {
                Ok(ledger) => return Ok(Self::Direct(ledger)),
                Err(error) => error,
            };
            // Whoever held it may be gone by now: it is free only where it is found so twice.
            let is_free = !is_held(data_dir);
            if is_free && was_free || Instant::now() >= deadline {
                return Err(error);
            }
            was_free = is_free;
            tokio::time::sleep(RETRY_INTERVAL).await;
        }
    }

    /// Gives the data directory back, where it was taken.
    pub(super) async fn close(self) {
        if let Self::Direct(ledger) = self {
            ledger.close().await;
        }
    }

    pub(super) async fn create_account(&self, command: CreateAccount) -> anyhow::Result<Account> {
        match self {
            Self::Direct(ledger) => Ok(ledger.create_account(command).await?),
            Self::Remote(remote) => remote.ask("account/create", &command).await,
        }
    }

    pub(super) async fn credit_account(&self, command: CreditAccount) -> anyhow::Result<CreditReceipt> {
        match self {
            Self::Direct(ledger) => Ok(ledger.credit_account(command).await?),
            Self::Remote(remote) => remote.ask("account/credit", &command).await,
        }
    }

    pub(super) async fn show_account(&self, command: ShowAccount) -> anyhow::Result<Account> {
        match self {
            Self::Direct(ledger) => Ok(ledger.show_account(command).await?),
            Self::Remote(remote) => remote.ask("account/show", &command).await,
        }
    }

    pub(super) async fn set_account_standing(&self, command: SetAccountStanding) -> anyhow::Result<Account> {
        match self {
            Self::Direct(ledger) => Ok(ledger.set_account_standing(command).await?),
            Self::Remote(remote) => remote.ask("account/standing", &command).await,
        }
    }

    pub(super) async fn create_key(&self, command: CreateKey) -> anyhow::Result<CreatedKey> {
        match self {
            Self::Direct(ledger) => Ok(ledger.create_key(command).await?),
            Self::Remote(remote) => remote.ask("key/create", &command).await,
        }
    }

    pub(super) async fn list_keys(&self, command: ListKeys) -> anyhow::Result<KeyList> {
        match self {
            Self::Direct(ledger) => Ok(ledger.list_keys(command).await?),
            Self::Remote(remote) => remote.ask("key/list", &command).await,
        }
    }

    pub(super) async fn update_key(&self, command: UpdateKey) -> anyhow::Result<KeyRecord> {
        match self {
            Self::Direct(ledger) => Ok(ledger.update_key(command).await?),
            Self::Remote(remote) => remote.ask("key/update", &command).await,
        }
    }

    pub(super) async fn revoke_key(&self, command: RevokeKey) -> anyhow::Result<KeyRecord> {
        match self {
            Self::Direct(ledger) => Ok(ledger.revoke_key(command).await?),
            Self::Remote(remote) => remote.ask("key/revoke", &command).await,
        }
    }
}

/// Whether a process has the directory.
fn is_held(data_dir: &Path) -> bool {
    File::open(data_dir.join(LOCK_FILE))
        .is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
