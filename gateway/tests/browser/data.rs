//! What the pages are looked at with: customers who have asked for nothing, for a little or for a lot.

use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use syntopen_loadtest::simulator::{Simulator, SimulatorSettings};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{CreateAccount, CreateKey, CreditAccount, CreditClass};
use syntopen_shared::wire::ledger::SpendLimits;
use tempfile::TempDir;

use serde_json::{Value, json};

use crate::harness::PASSWORD;
use crate::helpers::{Customer, Start, TestApp};

/// The models of the API reference.
pub(crate) const CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/catalog.simulator.toml");
/// Moves what was asked today over the days before, and sums it up again.
const SPREAD: &str = include_str!("data/spread.sql");
/// Makes names long and amounts large.
const STRETCH: &str = include_str!("data/stretch.sql");
const LITTLE: u64 = 4;
const LOT: u64 = 240;
const DAY_MS: i64 = 86_400_000;

/// Each model with the share of the requests that ask for it, out of [`SHARES`].
const MODELS: [(&str, u64); 5] = [
    ("openai/gpt-4o-mini", 9),
    ("anthropic/claude-3-5-sonnet", 5),
    ("openai/gpt-4o", 4),
    ("google/gemini-1.5-flash", 4),
    ("anthropic/claude-3-5-haiku", 2),
];
const SHARES: u64 = 24;

/// A gateway with the models of the API reference, and the file that its book is in.
pub(crate) struct House {
    pub(crate) app: TestApp,
    folder: TempDir,
}

impl House {
    /// One that has served nobody.
    pub(crate) async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// The same with other settings.
    pub(crate) async fn open_with(settings: &[(&str, &str)]) -> Self {
        let simulator = Simulator::start(SimulatorSettings::default()).unwrap();
        let root = simulator.base_url().trim_end_matches("/v1").to_owned();
        let folder = TempDir::new().unwrap();
        let fixed = [
            ("SYNTOPEN_DATA_DIR", folder.path().to_str().unwrap()),
            ("SYNTOPEN_CATALOG", CATALOG),
            ("SIMULATOR_ROOT_URL", &root),
        ];
        let settings: Vec<_> = fixed.iter().chain(settings).copied().collect();
        let start = Start { settings: &settings, ledger: None };
        let app = TestApp::start(TempDir::new().unwrap(), simulator, start).await;
        Self { app, folder }
    }

    /// A customer who has asked for a little.
    pub(crate) async fn little(&self, email: &str) {
        self.credit(email, ("5", CreditClass::Grant, "Welcome")).await;
        let customer = self.key(email, "first", SpendLimits::default()).await;
        for number in 0..LITTLE {
            self.ask(&customer, number).await;
        }
        self.app.settled().await;
    }

    /// A customer who has asked for a lot, over a month.
    pub(crate) async fn lot(&self, email: &str) {
        for (number, usd) in ["250", "250", "500"].into_iter().enumerate() {
            self.credit(email, (usd, CreditClass::TopUp, &format!("invoice-{number}"))).await;
        }
        self.credit(email, ("25", CreditClass::Grant, "For the long wait")).await;
        let keys = self.keys(email).await;
        for number in 0..LOT {
            let turn = usize::try_from(number % 7).unwrap();
            self.ask(&keys[turn % keys.len()], number).await;
        }
        self.app.settled().await;
        self.spread().await;
    }

    /// Somebody who may see everything.
    pub(crate) async fn operator(&self, email: &str) {
        let password = Some(PASSWORD.to_owned());
        let account = CreateAccount { email: email.to_owned(), password, operator: true };
        self.app.ledger.create_account(account).await.unwrap();
    }

    /// Lets who is signed in see the operator's pages, which want a second factor.
    pub(crate) async fn confirm_second_factor(&self, email: &str) {
        let mut book = self.book().await;
        let confirm = "UPDATE users SET totp_secret = 'JBSWY3DPEHPK3PXP', totp_confirmed_ms = 1 WHERE email = $1";
        let confirmed = sqlx::query(confirm).bind(email).execute(&mut book).await.unwrap();
        assert_eq!(confirmed.rows_affected(), 1);
        book.close().await.unwrap();
    }

    async fn keys(&self, email: &str) -> Vec<Customer> {
        let usd = |amount: &str| Some(amount.parse::<NanoUsd>().unwrap());
        vec![
            self.key(email, "production", SpendLimits { month: usd("400"), ..SpendLimits::default() }).await,
            self.key(email, "staging", SpendLimits { day: usd("10"), ..SpendLimits::default() }).await,
            self.key(email, "nightly batch", SpendLimits { total: usd("150"), ..SpendLimits::default() }).await,
        ]
    }

    async fn key(&self, email: &str, name: &str, limits: SpendLimits) -> Customer {
        let (email, name) = (email.to_owned(), name.to_owned());
        let key =
            CreateKey { email: email.clone(), name, rpm: 100_000, limits, expires_ms: None, allowed_models: None };
        let created = self.app.ledger.create_key(key).await.unwrap();
        Customer { email, api_key: created.api_key, record: created.record }
    }

    async fn credit(&self, email: &str, (usd, class, reference): (&str, CreditClass, &str)) {
        let reference = Some(format!("{reference} of {email}"));
        let credit = CreditAccount { email: email.to_owned(), amount: usd.parse().unwrap(), class, reference };
        self.app.ledger.credit_account(credit).await.unwrap();
    }

    /// One request of many: each differs from the one before in model, size and luck.
    async fn ask(&self, customer: &Customer, number: u64) {
        let answer = self.app.chat(customer, &request(number)).await;
        assert!(matches!(answer.status, 200 | 502 | 503), "{}", answer.text());
    }

    async fn book(&self) -> SqliteConnection {
        let book = SqliteConnectOptions::new().filename(self.folder.path().join("book.sqlite"));
        SqliteConnection::connect_with(&book).await.unwrap()
    }

    /// Makes what there is as hard to lay out as it can be.
    pub(crate) async fn stretch(&self) {
        let mut book = self.book().await;
        sqlx::raw_sql(STRETCH).execute(&mut book).await.unwrap();
        book.close().await.unwrap();
    }

    async fn spread(&self) {
        let mut book = self.book().await;
        sqlx::raw_sql(SPREAD).execute(&mut book).await.unwrap();
        let days: i64 = sqlx::query_scalar("SELECT MAX(started_ms) - MIN(started_ms) FROM usage")
            .fetch_one(&mut book)
            .await
            .unwrap();
        assert!(20 * DAY_MS < days, "{days} ms");
        book.close().await.unwrap();
    }
}

fn request(number: u64) -> Value {
    // Any odd constant mixes the numbers well enough.
    let luck = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    let mut share = luck % SHARES;
    let (model, _) =
        MODELS.into_iter().find(|(_, weight)| share.checked_sub(*weight).map(|left| share = left).is_none()).unwrap();
    let tokens = 40 + luck % 900;
    let control = match luck % 41 {
        7 => json!({ "tokens": tokens, "fault": { "status": 500 } }),
        _ => json!({ "tokens": tokens, "cached_tokens": if luck.is_multiple_of(5) { 64 } else { 0 } }),
    };
    let words = "Summarise the following report for the board. ".repeat(usize::try_from(10 + luck % 160).unwrap());
    json!({
        "model": model,
        "messages": [{ "role": "user", "content": format!("{words}<simulator>{control}</simulator>") }],
        "max_tokens": tokens,
        "stream": luck.is_multiple_of(3),
    })
}
