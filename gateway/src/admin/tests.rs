use std::path::PathBuf;

use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use syntopen_ledger::{Ledger, LedgerSettings};
use syntopen_shared::id::{AccountId, KeyId, TransferId, UserId};
use syntopen_shared::wire::admin::{Account, CreatedKey, CreditReceipt, KeyList, Refused};
use syntopen_shared::wire::ledger::{AccountStatus, KeyRecord, KeyStatus, SpendLimits};

use super::remote::{Remote, SOCKET_FILE};
use super::*;

const NOW_MS: i64 = 1_800_000_000_000;
const API_KEY: &str = "sk-syn-0123456789012345678901234567890123456789012";

fn command(line: &[&str]) -> Result<Command, clap::Error> {
    Ok(Cli::try_parse_from(["syntopen-gateway"].iter().chain(line))?.command.unwrap())
}

#[test]
fn without_a_command_it_serves() {
    assert!(Cli::try_parse_from(["syntopen-gateway"]).unwrap().command.is_none());
}

#[test]
fn wrong_figures_are_refused_with_what_would_be_right() {
    for (line, expected) in [
        (&["account", "credit", "--email", "e@x.org", "--usd", "1e3"][..], "must be a decimal number"),
        (&["account", "credit", "--email", "e@x.org", "--usd", "-5"], "must not be negative"),
        (&["account", "credit", "--email", "e@x.org"], "--usd"),
        (&["key", "create", "--email", "e@x.org", "--name", "n", "--rpm", "x"], "--rpm"),
        (&["key", "create", "--email", "e@x.org", "--name", "n", "--expires-days", "0"], "1..=36500"),
        (&["key", "create", "--email", "e@x.org", "--name", "n", "--models", "a,,b"], "a value is required"),
        (&["key", "revoke", "--id", "seven"], "--id"),
        (&["key", "update", "--id", "0190163d-8694-739b-aea5-966c26f8ad91"], "--rpm"),
        (&["key", "update", "--id", "seven", "--rpm", "5"], "--id"),
    ] {
        let refused = command(line).unwrap_err().to_string();
        assert!(refused.contains(expected), "{line:?}: {refused}");
    }
}

/// A gateway's socket that remembers what it was asked, and answers as told.
struct FakeGateway {
    directory: tempfile::TempDir,
    asked: std::sync::Arc<std::sync::Mutex<Vec<(String, Value)>>>,
}

impl FakeGateway {
    fn start(status: u16, answer: impl Serialize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let (log, answer) = (asked.clone(), serde_json::to_value(answer).unwrap());
        let server = HttpServer::new(move || {
            let (log, answer) = (log.clone(), answer.clone());
            App::new().default_service(web::to(move |request: actix_web::HttpRequest, body: web::Json<Value>| {
                log.lock().unwrap().push((request.path().to_owned(), body.into_inner()));
                let answer =
                    HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap()).json(answer.clone());
                std::future::ready(answer)
            }))
        });
        let server = server.workers(1).disable_signals().bind_uds(directory.path().join(SOCKET_FILE)).unwrap().run();
        actix_rt::spawn(server);
        Self { directory, asked }
    }

    async fn told(&self, line: &[&str], input: &str) -> anyhow::Result<String> {
        let socket = Remote::of_socket(self.directory.path()).await.unwrap();
        let asked = Asked { input: &mut input.as_bytes(), unix_ms: NOW_MS };
        execute(command(line).unwrap(), &Administration::Remote(socket), asked).await
    }

    fn was_asked(&self) -> (String, Value) {
        self.asked.lock().unwrap().pop().unwrap()
    }
}

fn account() -> Account {
    Account {
        account: AccountId::mint(),
        user: UserId::mint(),
        email: "e@x.org".to_owned(),
        operator: false,
        status: AccountStatus::Active,
        balance: NanoUsd::new(4_999_988_450),
        held: NanoUsd::ZERO,
        created_ms: NOW_MS,
    }
}

fn record() -> KeyRecord {
    KeyRecord {
        key: KeyId::mint(),
        account: AccountId::mint(),
        name: "first\u{1b}".to_owned(),
        prefix: "sk-syn-0123…".to_owned(),
        version: 1,
        status: KeyStatus::Active,
        expires_ms: Some(NOW_MS + 1),
        rpm: 60,
        allowed_models: Some(vec!["a".to_owned(), "b".to_owned()]),
        limits: SpendLimits { day: Some(NanoUsd::new(1_500_000_000)), ..SpendLimits::default() },
    }
}

#[actix_rt::test]
async fn an_account_is_made_with_the_password_of_standard_input() {
    let gateway = FakeGateway::start(200, account());
    let line = ["account", "create", "--email", "e@x.org", "--password-stdin", "--operator"];
    let printed = gateway.told(&line, "correct horse\r\nrest").await.unwrap();
    assert!(printed.contains("balance $4.99998845\n"), "{printed}");
    let expected = json!({"email": "e@x.org", "password": "correct horse", "operator": true});
    assert_eq!(gateway.was_asked(), ("/admin/account/create".to_owned(), expected));

    let no_password = gateway.told(&line, "\n").await.unwrap_err();
    assert_eq!(no_password.to_string(), "standard input holds no password");
    assert!(gateway.told(&line, &"x".repeat(2000)).await.is_err());
}

#[actix_rt::test]
async fn a_credit_is_exact() {
    let receipt = CreditReceipt {
        transfer: TransferId::mint(),
        account: AccountId::mint(),
        reference: "r".to_owned(),
        amount: NanoUsd::new(1),
        balance: NanoUsd::new(5_000_000_001),
    };
    let gateway = FakeGateway::start(200, &receipt);
    let line = ["account", "credit", "--email", "e@x.org", "--usd", "0.000000001", "--reference", "r", "--json"];
    let printed = gateway.told(&line, "").await.unwrap();
    assert_eq!(serde_json::from_str::<CreditReceipt>(&printed).unwrap(), receipt);
    let expected = json!({"email": "e@x.org", "amount": 1, "class": "top_up", "reference": "r"});
    assert_eq!(gateway.was_asked(), ("/admin/account/credit".to_owned(), expected));
}

#[actix_rt::test]
async fn a_key_is_made_and_printed_once() {
    let gateway = FakeGateway::start(200, CreatedKey { api_key: API_KEY.to_owned(), record: record() });
    let line = ["key", "create", "--email", "e@x.org", "--name", "first"];
    let limits = ["--limit-day", "1.5", "--expires-days", "2", "--models", "a,b"];
    let printed = gateway.told(&[&line[..], &limits].concat(), "").await.unwrap();
    assert_eq!(printed.matches(API_KEY).count(), 1);
    let expected = json!({
        "email": "e@x.org", "name": "first", "rpm": 60,
        "limits": {"day": 1_500_000_000, "month": null, "total": null},
        "expires_ms": NOW_MS + 2 * 86_400_000, "allowed_models": ["a", "b"],
    });
    assert_eq!(gateway.was_asked(), ("/admin/key/create".to_owned(), expected));

    let printed = gateway.told(&[&line[..], &["--json"]].concat(), "").await.unwrap();
    assert!(printed.starts_with(&format!(r#"{{"api_key":"{API_KEY}","#)), "{printed}");
    assert!(gateway.was_asked().1["allowed_models"].is_null());
}

#[actix_rt::test]
async fn what_is_not_named_of_a_key_stays() {
    let gateway = FakeGateway::start(200, record());
    let key = KeyId::mint().to_string();
    let printed = gateway.told(&["key", "update", "--id", &key, "--rpm", "60"], "").await.unwrap();
    assert!(printed.contains("60 requests per minute"), "{printed}");
    let asked = |rpm: Option<u32>, limits: Value| json!({"key": key, "rpm": rpm, "limits": limits, "name": null, "expiry": null, "models": null});
    let expected = asked(Some(60), Value::Null);
    assert_eq!(gateway.was_asked(), ("/admin/key/update".to_owned(), expected));

    gateway.told(&["key", "update", "--id", &key, "--limit-month", "7", "--json"], "").await.unwrap();
    let limits = json!({"day": null, "month": 7_000_000_000_i64, "total": null});
    assert_eq!(gateway.was_asked().1, asked(None, limits));

    gateway.told(&["key", "update", "--id", &key, "--no-limits"], "").await.unwrap();
    let limits = json!({"day": null, "month": null, "total": null});
    assert_eq!(gateway.was_asked().1, asked(None, limits));
}

#[actix_rt::test]
async fn keys_are_listed_a_line_each() {
    let (mut revoked, active) = (record(), record());
    revoked.status = KeyStatus::Revoked;
    revoked.expires_ms = Some(NOW_MS);
    let gateway = FakeGateway::start(200, KeyList { keys: vec![active.clone(), revoked] });
    let printed = gateway.told(&["key", "list", "--email", "e@x.org"], "").await.unwrap();
    let lines: Vec<_> = printed.lines().collect();
    let expected = format!(
        "key {}  sk-syn-0123…  active  \"first\\u{{1b}}\"  60 requests per minute  $1.50 a day  expires in under 1 d  only a,b",
        active.key
    );
    assert_eq!(lines[0], expected);
    assert!(lines[1].contains("  revoked  ") && lines[1].contains("  expired  "), "{}", lines[1]);
    assert_eq!(lines.len(), 2);
}

#[actix_rt::test]
async fn a_refusal_is_told_in_the_ledgers_words() {
    let gateway = FakeGateway::start(404, Refused { message: "there is no user e@x.org".to_owned() });
    let refused = gateway.told(&["account", "show", "--email", "e@x.org"], "").await.unwrap_err();
    assert_eq!(refused.to_string(), "there is no user e@x.org");

    let gateway = FakeGateway::start(503, json!({"error": {}}));
    let failed = gateway.told(&["account", "show", "--email", "e@x.org"], "").await.unwrap_err();
    assert_eq!(
        failed.to_string(),
        format!(
            "the gateway at {} answered with status 503 Service Unavailable",
            gateway.directory.path().join(SOCKET_FILE).display()
        )
    );
}

#[actix_rt::test]
async fn a_socket_that_a_killed_gateway_left_is_nobodys() {
    let directory = tempfile::tempdir().unwrap();
    let path: PathBuf = directory.path().join(SOCKET_FILE);
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    assert!(Remote::of_socket(directory.path()).await.is_err());
}

mod ledger {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    const NO_TIME: Duration = Duration::ZERO;

    /// What an operator does first, through whatever way there is to the ledger of a directory.
    async fn sets_up(data_dir: &Path) {
        let told = async |line: &[&str]| {
            let administration = Administration::within(NO_TIME, data_dir).await.unwrap();
            let asked = Asked { input: &mut std::io::empty(), unix_ms: NOW_MS };
            let done = execute(command(line).unwrap(), &administration, asked).await;
            administration.close().await;
            done
        };
        let email = ["--email", "e@x.org"];
        told(&[&["account", "create"][..], &email].concat()).await.unwrap();
        let again = told(&[&["account", "create"][..], &email].concat()).await.unwrap_err();
        assert_eq!(again.to_string(), "there is a user e@x.org already");
        for _ in 0..2 {
            told(&[&["account", "credit", "--usd", "5", "--reference", "r"][..], &email].concat()).await.unwrap();
        }
        let shown = told(&[&["account", "show"][..], &email].concat()).await.unwrap();
        assert!(shown.contains("\nbalance $5.00\n"), "{shown}");

        let created = told(&[&["key", "create", "--name", "n", "--json"][..], &email].concat()).await.unwrap();
        let created: CreatedKey = serde_json::from_str(&created).unwrap();
        let id = created.record.key.to_string();
        let updated = told(&["key", "update", "--id", &id, "--rpm", "7"]).await.unwrap();
        assert!(updated.contains("7 requests per minute"), "{updated}");
        told(&["key", "revoke", "--id", &id]).await.unwrap();
        let listed = told(&[&["key", "list"][..], &email].concat()).await.unwrap();
        assert!(listed.contains("  revoked  ") && !listed.contains(&created.api_key), "{listed}");
    }

    async fn open(data_dir: &Path) -> Arc<Ledger> {
        Ledger::open(LedgerSettings::new(data_dir.to_owned()), Arc::new(SystemClock::default())).await.unwrap()
    }

    #[actix_rt::test]
    async fn the_book_is_opened_where_no_gateway_runs() {
        let directory = tempfile::tempdir().unwrap();
        sets_up(directory.path()).await;
    }

    #[actix_rt::test]
    async fn a_running_gateway_is_asked() {
        let directory = tempfile::tempdir().unwrap();
        let ledger = open(directory.path()).await;
        let data = web::Data::from(ledger);
        let server = HttpServer::new(move || App::new().app_data(data.clone()).configure(syntopen_ledger::configure));
        let socket = directory.path().join(SOCKET_FILE);
        actix_rt::spawn(server.workers(1).disable_signals().bind_uds(socket).unwrap().run());
        sets_up(directory.path()).await;
    }

    #[actix_rt::test]
    async fn a_directory_whose_holder_does_not_listen_is_waited_for_and_refused() {
        let directory = tempfile::tempdir().unwrap();
        let ledger = open(directory.path()).await;
        assert!(Administration::within(NO_TIME, directory.path()).await.is_err());

        let waiting = Administration::within(Duration::from_secs(30), directory.path());
        let (found, ()) = futures_util::future::join(waiting, ledger.close()).await;
        assert!(matches!(found.unwrap(), Administration::Direct(_)));
    }

    #[actix_rt::test]
    async fn what_waiting_does_not_mend_is_told_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        std::fs::write(&file, "").unwrap();
        let forever = Duration::from_secs(3600);
        assert!(Administration::within(forever, &file.join("data")).await.is_err());
    }
}
