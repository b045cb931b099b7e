//! Where administration commands go: to the gateway that runs, or into the book.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_rt::net::UnixStream;
use actix_service::fn_service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use anyhow::{Context as _, anyhow, bail};
use awc::http::{StatusCode, Uri};
use serde::Serialize;
use serde::de::DeserializeOwned;
use syntopen_ledger::{Ledger, LedgerSettings};
use syntopen_shared::clock::SystemClock;
use syntopen_shared::wire::admin::{
    Account, CreateAccount, CreateKey, CreatedKey, CreditAccount, CreditReceipt, KeyList, ListKeys, Refused, RevokeKey,
    ShowAccount,
};
use syntopen_shared::wire::ledger::KeyRecord;

/// The socket in the data directory on which a running gateway takes administration commands.
pub(super) const SOCKET_FILE: &str = "admin.sock";
/// A top-up waits for the disk; nothing takes longer than this.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a command waits for a directory whose holder does not listen: a gateway that starts or stops, or another
/// command.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
const RETRY_INTERVAL: Duration = Duration::from_millis(50);
/// The file whose lock says that a process has the directory.
const LOCK_FILE: &str = "lock";
/// More than the list of all the keys that an account can have.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// A way to the ledger.
pub(super) enum Administration {
    /// Into the book, which no gateway has open.
    Direct(Arc<Ledger>),
    /// Through the running gateway.
    Socket(Socket),
}

impl Administration {
    /// The way to the ledger of a data directory.
    pub(super) async fn of(data_dir: &Path) -> anyhow::Result<Self> {
        Self::within(LOCK_TIMEOUT, data_dir).await
    }

    /// The way to the ledger of a data directory, where there is one within a time.
    pub(super) async fn within(time: Duration, data_dir: &Path) -> anyhow::Result<Self> {
        let deadline = Instant::now() + time;
        let mut was_free = false;
        loop {
            // A gateway that has the directory may begin or cease to listen at any moment: so this is asked each time.
            if let Ok(socket) = Socket::of(data_dir).await {
                return Ok(Self::Socket(socket));
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
            Self::Socket(socket) => socket.ask("account/create", &command).await,
        }
    }

    pub(super) async fn credit_account(&self, command: CreditAccount) -> anyhow::Result<CreditReceipt> {
        match self {
            Self::Direct(ledger) => Ok(ledger.credit_account(command).await?),
            Self::Socket(socket) => socket.ask("account/credit", &command).await,
        }
    }

    pub(super) async fn show_account(&self, command: ShowAccount) -> anyhow::Result<Account> {
        match self {
            Self::Direct(ledger) => Ok(ledger.show_account(command).await?),
            Self::Socket(socket) => socket.ask("account/show", &command).await,
        }
    }

    pub(super) async fn create_key(&self, command: CreateKey) -> anyhow::Result<CreatedKey> {
        match self {
            Self::Direct(ledger) => Ok(ledger.create_key(command).await?),
            Self::Socket(socket) => socket.ask("key/create", &command).await,
        }
    }

    pub(super) async fn list_keys(&self, command: ListKeys) -> anyhow::Result<KeyList> {
        match self {
            Self::Direct(ledger) => Ok(ledger.list_keys(command).await?),
            Self::Socket(socket) => socket.ask("key/list", &command).await,
        }
    }

    pub(super) async fn revoke_key(&self, command: RevokeKey) -> anyhow::Result<KeyRecord> {
        match self {
            Self::Direct(ledger) => Ok(ledger.revoke_key(command).await?),
            Self::Socket(socket) => socket.ask("key/revoke", &command).await,
        }
    }
}

/// The running gateway's socket.
pub(super) struct Socket {
    path: PathBuf,
    client: awc::Client,
}

impl Socket {
    /// The socket of a data directory, where someone listens on it.
    pub(super) async fn of(data_dir: &Path) -> std::io::Result<Self> {
        let path = data_dir.join(SOCKET_FILE);
        // One that a killed gateway left behind refuses.
        drop(UnixStream::connect(&path).await?);
        let target: Arc<Path> = path.as_path().into();
        let connect = fn_service(move |asked: ConnectInfo<Uri>| {
            let target = Arc::clone(&target);
            async move {
                let stream = UnixStream::connect(&target).await.map_err(ConnectError::Io)?;
                Ok::<_, ConnectError>(Connection::new(asked.request().clone(), stream))
            }
        });
        // The client prepares for TLS, which it never speaks here, and panics without this. A second one changes
        // nothing.
        drop(rustls::crypto::ring::default_provider().install_default());
        let connector = awc::Connector::new().connector(connect);
        let client = awc::Client::builder().connector(connector).timeout(ANSWER_TIMEOUT).no_default_headers().finish();
        Ok(Self { path, client })
    }

    async fn ask<C: Serialize, A: DeserializeOwned>(&self, command: &str, body: &C) -> anyhow::Result<A> {
        let request = self.client.post(format!("http://localhost/admin/{command}"));
        let lost =
            || format!("the gateway at {} did not answer: look whether the command took effect", self.path.display());
        // The client's errors cannot cross threads, which the caller's may have to.
        let mut response = request.send_json(body).await.map_err(|error| anyhow!("{error}")).with_context(lost)?;
        let status = response.status();
        let answer =
            response.body().limit(MAX_ANSWER_BYTES).await.map_err(|error| anyhow!("{error}")).with_context(lost)?;
        if status == StatusCode::OK {
            return serde_json::from_slice(&answer).context("the gateway's answer is of another version");
        }
        match serde_json::from_slice::<Refused>(&answer) {
            Ok(refused) => bail!(refused.message),
            Err(_) => bail!("the gateway answered with status {status}"),
        }
    }
}

/// Whether a process has the directory.
fn is_held(data_dir: &Path) -> bool {
    File::open(data_dir.join(LOCK_FILE))
        .is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
