//! A database for one test, and what the tests put into it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use syntopen_shared::api_key::ApiKey;
use syntopen_shared::clock::{utc_day, utc_month};
use syntopen_shared::id::{AccountId, KeyId, RequestId, UserId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::price::{PicoUsdPerToken, Prices, Tokens};
use syntopen_shared::secret::Secret;
use syntopen_shared::testing::PostgresServer;
use syntopen_shared::wire::admin::CreditClass;
use syntopen_shared::wire::ledger::{KeyRecord, KeyStatus, Outcome, SpendLimits, Usage, UsageSource};
use tempfile::TempDir;

use crate::account::{Charged, EndedAs, Entry};
use crate::balances::Anchor;
use crate::book::accounts::{self, NewAccount};
use crate::book::audit::Who;
use crate::book::credits::{self, Booked, NewCredit};
use crate::book::folds::{self, Folds, Sums};
use crate::book::{Book, keys, shards};

/// 2026-11-30 23:00:00 UTC.
pub(super) const START_MS: i64 = 1_796_079_600_000;
pub(super) const SHARDS: u32 = 4;

/// All tests of this binary that run at the same time share one server.
static SERVER: Mutex<Weak<PostgresServer>> = Mutex::new(Weak::new());

pub(super) fn server() -> Arc<PostgresServer> {
    let mut shared = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let server = Arc::new(PostgresServer::start());
        *shared = Arc::downgrade(&server);
        server
    })
}

/// An empty database with a book of [`SHARDS`] shards in it.
pub(super) struct Database {
    pub(super) book: Book,
    place: Place,
}

enum Place {
    Sqlite(TempDir),
    Postgres { url: Secret, _server: Arc<PostgresServer> },
}

impl Database {
    pub(super) async fn sqlite() -> Self {
        Self::at(Place::Sqlite(TempDir::new().unwrap())).await
    }

    pub(super) async fn postgres() -> Self {
        let server = tokio::task::spawn_blocking(server).await.unwrap();
        let url = Secret::new(server.database().await.url);
        Self::at(Place::Postgres { url, _server: server }).await
    }

    async fn at(place: Place) -> Self {
        let book = open(&place).await;
        shards::ensure(&book, SHARDS).await.unwrap();
        Self { book, place }
    }

    /// The same book as another process opens it.
    pub(super) async fn another(&self) -> Book {
        open(&self.place).await
    }

    /// Makes an account with a key.
    pub(super) async fn customer(&self, name: &str) -> Customer {
        let customer = Customer { account: AccountId::mint(), key: KeyId::mint() };
        self.adopt(customer, name).await;
        customer
    }

    /// Makes an account with a key, with ids that another book has.
    pub(super) async fn adopt(&self, customer: Customer, name: &str) {
        let email = format!("{name}@example.com");
        let (account, user) = (customer.account, UserId::mint());
        let new =
            NewAccount { account, user, email: &email, password_hash: None, operator: false, created_ms: START_MS };
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await.unwrap();
        accounts::insert(&mut transaction, &new).await.unwrap();
        keys::insert(&mut transaction, &customer.record(), ApiKey::generate().hash(), START_MS).await.unwrap();
        transaction.commit().await.unwrap();
    }

    /// Checks that all routes by which the book counts its money agree, and returns what they say.
    pub(super) async fn exact(&self) -> Folds {
        let mut snapshot = self.book.snapshot().await.unwrap();
        let accounts = folds::accounts(&mut snapshot).await.unwrap();
        let folds = folds::read(&mut snapshot, accounts).await.unwrap();
        assert_eq!(folds.posted.values().sum::<i64>(), 0, "double entry");
        assert_eq!(moved(&folds.posted), moved(&folds.moved), "accounts and transfers");
        assert_eq!(moved(&folds.charged), moved(&folds.used_by_account), "transfers and requests");
        assert_eq!(moved(&folds.spent), moved(&folds.used_by_key), "keys and requests");
        assert_eq!(moved(&folds.daily), moved(&folds.used_by_key), "days and requests");
        assert_eq!(folds.daily_requests, folds.counted, "days and requests");
        assert_eq!(moved(&folds.account_daily), moved(&folds.used_by_account), "an account's days and requests");
        assert_eq!(folds.operator_daily, folds.charged.values().sum::<i64>(), "the operator's days and requests");
        let requests = [folds.account_daily_requests, folds.operator_daily_requests].map(i64::unsigned_abs);
        assert_eq!(requests, [folds.requests; 2], "days and requests");
        folds
    }

    /// Posted, number of credits, number of charges.
    pub(super) async fn account(&self, customer: Customer) -> (i64, i64, i64) {
        let seed = crate::book::balances::of_key(self.book.readers(), customer.key).await.unwrap().unwrap();
        assert_eq!(seed.account, customer.account);
        (seed.record.posted.nanos(), seed.record.credit_no, seed.record.moves)
    }
}

async fn open(place: &Place) -> Book {
    match place {
        Place::Sqlite(dir) => Book::open(&dir.path().join("book.sqlite"), 2).await.unwrap(),
        Place::Postgres { url, .. } => Book::connect(url, 8).await.unwrap(),
    }
}

/// Without what comes to nothing.
fn moved(sums: &Sums) -> HashMap<&String, i64> {
    sums.iter().filter(|(_, sum)| **sum != 0).map(|(id, sum)| (id, *sum)).collect()
}

/// An account and its key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Customer {
    pub(super) account: AccountId,
    pub(super) key: KeyId,
}

impl Customer {
    pub(super) fn record(self) -> KeyRecord {
        KeyRecord {
            key: self.key,
            account: self.account,
            name: "test".to_owned(),
            prefix: "sk-syn-abc".to_owned(),
            version: 1,
            status: KeyStatus::Active,
            expires_ms: None,
            rpm: 60,
            allowed_models: Some(vec!["openai/gpt-4o-mini".to_owned()]),
            limits: SpendLimits { day: Some(NanoUsd::new(500)), month: None, total: None },
        }
    }

    /// An entry of the stream: the request came to `total`, and the hot state moved `amount`.
    pub(super) fn entry(self, id: RequestId, ended: EndedAs, [total, amount]: [i64; 2]) -> Arc<Entry> {
        let day_no = utc_day(START_MS);
        Arc::new(Entry {
            position: 0,
            id,
            account: self.account,
            key: self.key,
            charged: Charged { ended, total: NanoUsd::new(total) },
            amount: NanoUsd::new(amount),
            day_no,
            month_no: utc_month(day_no),
            at_ms: START_MS,
            usage: usage(total),
        })
    }
}

/// Books a credit.
pub(super) async fn credit(book: &Book, account: AccountId, (amount, reference): (i64, &str)) -> Booked {
    let (class, amount) = (CreditClass::TopUp, NanoUsd::new(amount));
    let new = NewCredit { account, amount, class, reference, created_ms: START_MS, who: Who::Cli };
    credits::book(book, &new).await.unwrap().unwrap()
}

pub(super) fn anchor(place: u32) -> Anchor {
    Anchor { id: format!("{place}-0"), nonce: format!("nonce {place}") }
}

fn usage(cost: i64) -> Usage {
    let output = u64::try_from(cost.max(0)).unwrap();
    Usage {
        model: "openai/gpt-4o-mini".into(),
        provider: "openai".into(),
        upstream: "openai".into(),
        tokens: Tokens { output, ..Tokens::default() },
        prices: Prices { output: PicoUsdPerToken::new(1_000), ..Prices::default() },
        cost_price: None,
        cost: NanoUsd::new(cost),
        source: (cost != 0).then_some(UsageSource::Provider),
        outcome: Outcome::Completed,
        stream: true,
        attempts: 1,
        started_ms: START_MS,
        first_byte_ms: None,
        duration_ms: 900,
    }
}
