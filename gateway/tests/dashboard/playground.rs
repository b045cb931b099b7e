//! The playground: it charges, it is limited, and it belongs to those who are signed in.

use awc::ClientResponse;
use awc::http::header::{CONTENT_TYPE, COOKIE};
use serde_json::{Value, json};
use syntopen_ledger::office::Answers as _;
use syntopen_shared::id::AccountId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{CreateAccount, KeyList, ListKeys, RevokeKey, ShowAccount, UpdateKey};
use syntopen_shared::wire::ledger::{AccountStatus, KeyRecord, SpendLimits};
use syntopen_shared::wire::office::By;
use syntopen_shared::wire::office::operator::accounts::SetStanding;
use syntopen_shared::wire::office::playground::OpenPlayground;

use crate::gateway::{Answer, TestApp, request, with};
use crate::helpers::Browser;

const PAGE: &str = "/dashboard/playground";
const COMPLETIONS: &str = "/dashboard/playground/completions";
const SESSION: &str = "syntopen_session";
const EMAIL: &str = "player@example.com";

/// Somebody who is signed in, with money.
async fn player(app: &TestApp, email: &str, usd: &str) -> Browser {
    let browser = Browser::signed_up(app, email).await;
    let amount: NanoUsd = usd.parse().unwrap();
    if amount != NanoUsd::ZERO {
        app.credit(email, amount).await;
    }
    browser
}

/// Asks as the page's script does.
async fn ask(app: &TestApp, browser: &Browser, body: &Value) -> ClientResponse {
    ask_with(app, (browser, &browser.csrf(PAGE).await), body).await
}

async fn ask_with(app: &TestApp, (browser, csrf): (&Browser, &str), body: &Value) -> ClientResponse {
    let session = browser.cookie(SESSION).unwrap_or_default();
    let client = awc::Client::builder().disable_timeout().disable_redirects().finish();
    let post = client.post(app.url(COMPLETIONS)).insert_header((COOKIE, format!("{SESSION}={session}")));
    let post = post.insert_header((CONTENT_TYPE, "application/json")).insert_header(("x-csrf-token", csrf));
    post.send_body(body.to_string()).await.unwrap()
}

async fn balance(app: &TestApp, email: &str) -> NanoUsd {
    app.settled().await;
    app.ledger.show_account(ShowAccount { email: email.to_owned() }).await.unwrap().balance
}

async fn keys(app: &TestApp, email: &str) -> Vec<KeyRecord> {
    let KeyList { keys } = app.ledger.list_keys(ListKeys { email: email.to_owned() }).await.unwrap();
    keys
}

async fn account(app: &TestApp, email: &str) -> AccountId {
    app.ledger.show_account(ShowAccount { email: email.to_owned() }).await.unwrap().account
}

#[actix_rt::test]
async fn it_streams_and_charges_the_account_exactly() {
    let app = TestApp::spawn().await;
    let browser = player(&app, EMAIL, "5").await;
    let stream = json!({ "stream": true, "stream_options": { "include_usage": true } });

    let answer = Answer::read(ask(&app, &browser, &with(request("test/output-only", 7), stream)).await).await;

    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.header("content-type").unwrap().starts_with("text/event-stream"));
    let events = answer.events();
    assert_eq!(events.last().unwrap(), "[DONE]");
    let usage = events.iter().rev().find_map(|event| event["usage"]["cost"].as_f64()).unwrap();
    assert_eq!(usage.to_string(), "0.007");
    assert_eq!(balance(&app, EMAIL).await, "4.993".parse().unwrap());
    let keys = keys(&app, EMAIL).await;
    assert_eq!(keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["Playground"]);
    let report = app.ledger.report(keys[0].key).await.unwrap().unwrap();
    assert_eq!(report.spent.total, "0.007".parse().unwrap());
    let usage = browser.get("/dashboard/usage").await;
    assert!(usage.says("Playground") && usage.says("test/output-only") && usage.says("0.007"), "{}", usage.text);
    app.assert_books_agree().await;
}

#[actix_rt::test]
async fn without_scripts_the_answer_is_on_the_page() {
    let app = TestApp::spawn().await;
    let browser = player(&app, EMAIL, "5").await;
    let evil = "</textarea><script>alert(1)</script>";
    let fields = [
        ("model", "openai/gpt-4o-mini"),
        ("prompt", evil),
        ("system", evil),
        ("temperature", "0.5"),
        ("max_tokens", "16"),
    ];

    let page = browser.submit(PAGE, &fields).await;

    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.says("class=\"bubble theirs\""), "{}", page.text);
    assert!(!page.says("<script>alert"));
    let spent = NanoUsd::new(5_000_000_000 - balance(&app, EMAIL).await.nanos());
    assert!(page.says(&format!("out, ${}</p>", spent.to_decimal())), "{spent}: {}", page.text);
}

#[actix_rt::test]
async fn what_is_typed_wrong_is_said_beside_it_and_kept() {
    let app = TestApp::spawn().await;
    let browser = player(&app, EMAIL, "5").await;
    let fields =
        [("model", "test/free"), ("prompt", " "), ("system", "kept"), ("temperature", "3"), ("max_tokens", "x")];

    let page = browser.submit(PAGE, &fields).await;

    assert_eq!(page.status, 422);
    for field in ["prompt", "temperature", "max_tokens"] {
        assert!(page.error(field).is_some(), "{field}");
    }
    assert!(page.says(">kept</textarea>"));
    assert_eq!(page.value("temperature").as_deref(), Some("3"));
    assert_eq!(keys(&app, EMAIL).await.len(), 0, "nothing was asked, so nothing was made");
}

#[actix_rt::test]
async fn who_has_no_money_is_told_in_words() {
    let app = TestApp::spawn().await;
    let browser = player(&app, EMAIL, "0").await;

    let page = browser.submit(PAGE, &[("model", "test/output-only"), ("prompt", "hi"), ("max_tokens", "5")]).await;
    let answer = Answer::read(ask(&app, &browser, &request("test/output-only", 5)).await).await;

    assert_eq!(page.status, 402);
    assert!(page.says("Your balance does not cover this request") && page.says("href=\"/dashboard/billing\""));
    assert_eq!(answer.error(), (402, "insufficient_balance".to_owned()));
}

#[actix_rt::test]
async fn the_limits_of_its_key_hold() {
    let app = TestApp::spawn().await;
    let browser = player(&app, EMAIL, "5").await;
    assert_eq!(ask(&app, &browser, &request("test/free", 1)).await.status().as_u16(), 200);
    let key = keys(&app, EMAIL).await[0].key;
    let limits = SpendLimits { total: Some("0.001".parse().unwrap()), ..SpendLimits::default() };
    app.ledger.update_key(UpdateKey { rpm: Some(3), limits: Some(limits), ..UpdateKey::of(key) }).await.unwrap();

    let dear = Answer::read(ask(&app, &browser, &request("test/output-only", 5)).await).await;
    let last = ask(&app, &browser, &request("test/free", 1)).await.status().as_u16();
    let page = browser.submit(PAGE, &[("model", "test/free"), ("prompt", "hi")]).await;

    assert_eq!(dear.error(), (402, "insufficient_balance".to_owned()));
    assert_eq!((last, page.status), (200, 429), "of three requests a minute");
    assert!(page.says("may make 3 requests per minute"));
}

#[actix_rt::test]
async fn a_suspended_account_is_told_so() {
    let app = TestApp::spawn().await;
    let browser = player(&app, EMAIL, "5").await;
    assert_eq!(ask(&app, &browser, &request("test/free", 1)).await.status().as_u16(), 200);
    let operator = CreateAccount { email: "op@example.com".to_owned(), password: None, operator: true };
    let operator = app.ledger.create_account(operator).await.unwrap().user;
    let by = By { user: operator, address: "::1".to_owned() };
    let (account, status) = (account(&app, EMAIL).await, AccountStatus::Suspended);
    app.ledger.answer(SetStanding { by, account, status, reason: "Fraud.".to_owned() }).await.unwrap();

    let answer = Answer::read(ask(&app, &browser, &request("test/free", 1)).await).await;
    let page = browser.submit(PAGE, &[("model", "test/free"), ("prompt", "hi")]).await;

    assert_eq!(answer.error(), (403, "account_suspended".to_owned()));
    assert_eq!(page.status, 403);
    assert!(page.says("class=\"bubble failed\"") && page.says("This account is suspended"), "{}", page.text);
}

#[actix_rt::test]
async fn a_revoked_key_is_replaced_by_another() {
    let app = TestApp::spawn().await;
    let browser = player(&app, EMAIL, "5").await;
    ask(&app, &browser, &request("test/free", 1)).await;
    let first = keys(&app, EMAIL).await[0].key;
    app.ledger.revoke_key(RevokeKey { key: first }).await.unwrap();

    let status = ask(&app, &browser, &request("test/free", 1)).await.status().as_u16();

    assert_eq!(status, 200);
    assert_eq!(keys(&app, EMAIL).await.len(), 2);
}

#[actix_rt::test]
async fn it_belongs_to_those_who_are_signed_in() {
    let app = TestApp::spawn().await;
    let (one, other) = (player(&app, EMAIL, "5").await, player(&app, "other@example.com", "5").await);
    let (mine, theirs) = (one.csrf(PAGE).await, other.csrf(PAGE).await);
    let stranger = Browser::new(&app);
    let paid = request("test/output-only", 5);

    assert_eq!(stranger.get(PAGE).await.status, 303);
    assert_eq!(ask_with(&app, (&stranger, &mine), &paid).await.status().as_u16(), 303);
    for csrf in ["", "x", &theirs] {
        assert_eq!(ask_with(&app, (&one, csrf), &paid).await.status().as_u16(), 403, "{csrf}");
        let fields = [("csrf", csrf), ("model", "test/output-only"), ("prompt", "hi")];
        assert_eq!(one.post(PAGE, &fields).await.status, 403, "{csrf}");
    }
    assert_eq!(ask_with(&app, (&one, &mine), &paid).await.status().as_u16(), 200);
    assert_eq!(balance(&app, EMAIL).await, "4.995".parse().unwrap());
    assert_eq!(balance(&app, "other@example.com").await, "5".parse().unwrap());
    assert_eq!(keys(&app, "other@example.com").await.len(), 0);
}

#[actix_rt::test]
async fn many_at_once_share_one_key() {
    let app = TestApp::spawn().await;
    player(&app, EMAIL, "0").await;
    let user = app.ledger.show_account(ShowAccount { email: EMAIL.to_owned() }).await.unwrap().user;
    let account = account(&app, EMAIL).await;
    let open = || app.ledger.answer(OpenPlayground { account, by: By { user, address: "::1".to_owned() } });

    let opened = futures_util::future::try_join_all((0..8).map(|_| open())).await.unwrap();

    assert!(opened.iter().all(|record| record.key == opened[0].key));
    assert_eq!(keys(&app, EMAIL).await, opened[..1]);
}
