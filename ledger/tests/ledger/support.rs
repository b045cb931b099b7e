//! A ledger in a directory of its own, with a clock that stands.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use syntopen_ledger::{Ledger, LedgerSettings};
use syntopen_shared::clock::ManualClock;
use syntopen_shared::id::{AccountId, KeyId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::price::{PicoUsdPerToken, Prices, Tokens};
use syntopen_shared::wire::admin::{Account, CreateAccount, CreateKey, CreditAccount, CreditClass, ShowAccount};
use syntopen_shared::wire::ledger::{
    Checkpoint, Finish, FinishKind, FinishRefused, Finished, Granted, Hold, HoldRefused, Outcome, SpendLimits, Usage,
    UsageSource,
};
use tempfile::TempDir;

/// 2026-11-30 23:00:00 UTC.
pub(crate) const START_MS: i64 = 1_796_079_600_000;
pub(crate) const EMAIL: &str = "ada@example.com";

/// An account with a key, and the ledger that has them.
pub(crate) struct Bench {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) dir: TempDir,
    pub(crate) account: AccountId,
    pub(crate) key: KeyId,
}

impl Bench {
    /// With a balance of so many nano-dollars.
    pub(crate) async fn with(balance: i64) -> Self {
        let dir = TempDir::new().unwrap();
        let clock = Arc::new(ManualClock::at(START_MS));
        let ledger = open(dir.path(), &clock).await;
        let (account, key) = populate(&ledger, balance).await;
        Self { ledger, clock, dir, account, key }
    }

    /// The same after closing and opening the ledger.
    pub(crate) async fn reopened(mut self) -> Self {
        self.ledger.close().await;
        self.ledger = open(self.dir.path(), &self.clock).await;
        self
    }

    /// The same as it would be if the process had been killed now: what is in the files, and nothing else.
    pub(crate) async fn killed(mut self) -> Self {
        let dir = TempDir::new().unwrap();
        for name in ["book.sqlite", "book.sqlite-wal"] {
            std::fs::copy(self.dir.path().join(name), dir.path().join(name)).unwrap();
        }
        self.ledger.close().await;
        self.dir = dir;
        self.ledger = open(self.dir.path(), &self.clock).await;
        self
    }

    pub(crate) async fn hold(&self, id: RequestId, amount: i64) -> Result<Granted, HoldRefused> {
        self.ledger.hold(self.hold_command(id, amount)).await.unwrap()
    }

    pub(crate) fn hold_command(&self, id: RequestId, amount: i64) -> Hold {
        let amount = NanoUsd::new(amount);
        Hold { id, account: self.account, key: self.key, min: amount, want: amount, usage: usage(0) }
    }

    pub(crate) async fn checkpoint(&self, id: RequestId, amount: i64, cost: i64) {
        let (account, key, amount) = (self.account, self.key, NanoUsd::new(amount));
        self.ledger.checkpoint(vec![Checkpoint { id, account, key, amount, usage: usage(cost) }]).await.unwrap();
    }

    pub(crate) async fn finish(&self, id: RequestId, kind: FinishKind, cost: i64) -> Result<Finished, FinishRefused> {
        self.ledger.finish(self.finish_command(id, kind, cost)).await.unwrap()
    }

    pub(crate) fn finish_command(&self, id: RequestId, kind: FinishKind, cost: i64) -> Finish {
        Finish { id, account: self.account, key: self.key, kind, usage: usage(cost) }
    }

    pub(crate) async fn credit(&self, amount: i64, reference: &str) {
        credit(&self.ledger, amount, reference).await;
    }

    pub(crate) async fn show(&self) -> Account {
        self.ledger.show_account(ShowAccount { email: EMAIL.to_owned() }).await.unwrap()
    }

    /// Posted and held.
    pub(crate) async fn balance(&self) -> (i64, i64) {
        let account = self.show().await;
        (account.balance.nanos(), account.held.nanos())
    }

    pub(crate) async fn assert_no_drift(&self) {
        let report = self.ledger.reconcile().await.unwrap();
        assert!(report.findings.is_empty(), "{:?}", report.findings);
        assert_eq!(report.drift, NanoUsd::ZERO);
    }
}

/// The file of the book itself, for sabotage and for looking at rows.
pub(crate) async fn connect(dir: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(dir.join("book.sqlite"));
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// Opens a ledger, as soon as the one before it has let the directory go.
pub(crate) async fn open(dir: &Path, clock: &Arc<ManualClock>) -> Arc<Ledger> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match Ledger::open(LedgerSettings::new(dir.to_owned()), clock.clone()).await {
            Ok(ledger) => return ledger,
            Err(error) => assert!(Instant::now() < deadline, "{error:#}"),
        }
        tokio::task::yield_now().await;
    }
}

/// Makes the account and its key.
pub(crate) async fn populate(ledger: &Ledger, balance: i64) -> (AccountId, KeyId) {
    let command = CreateAccount { email: EMAIL.to_owned(), password: None, operator: false };
    let account = ledger.create_account(command).await.unwrap().account;
    if balance != 0 {
        credit(ledger, balance, "first").await;
    }
    let created = ledger.create_key(create_key(SpendLimits::default())).await.unwrap();
    (account, created.record.key)
}

pub(crate) fn create_key(limits: SpendLimits) -> CreateKey {
    let (email, name) = (EMAIL.to_owned(), "test".to_owned());
    CreateKey { email, name, rpm: 60, limits, expires_ms: None, allowed_models: None }
}

async fn credit(ledger: &Ledger, amount: i64, reference: &str) {
    ledger.credit_account(credit_command(amount, reference)).await.unwrap();
}

pub(crate) fn credit_command(amount: i64, reference: &str) -> CreditAccount {
    let class = if amount < 0 { CreditClass::Adjustment } else { CreditClass::TopUp };
    let reference = Some(reference.to_owned());
    CreditAccount { email: EMAIL.to_owned(), amount: NanoUsd::new(amount), class, reference }
}

/// A usage of so many nano-dollars.
pub(crate) fn usage(cost: i64) -> Usage {
    let output = u64::try_from(cost.max(0)).unwrap();
    Usage {
        model: "openai/gpt-4o-mini".into(),
        provider: "openai".into(),
        upstream: "openai".into(),
        tokens: Tokens { output, ..Tokens::default() },
        prices: Prices { output: PicoUsdPerToken::new(1_000), ..Prices::default() },
        cost_price: None,
        cost: NanoUsd::new(cost),
        source: Some(UsageSource::Provider),
        outcome: Outcome::Completed,
        stream: true,
        attempts: 1,
        started_ms: START_MS,
        first_byte_ms: Some(120),
        duration_ms: 900,
    }
}
