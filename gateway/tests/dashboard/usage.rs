//! What was used, as its pages tell it: to the nano-dollar what the book has.

mod filters;
mod leaving;
mod rubbish;

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use syntopen_ledger::office::Answers as _;
use syntopen_shared::id::RequestId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{CreateKey, ShowAccount};
use syntopen_shared::wire::ledger::SpendLimits;
use syntopen_shared::wire::office::paging::Place;
use syntopen_shared::wire::office::usage::{Filter, ListRequests, REQUESTS_MAX, Request};

use crate::gateway::{Answer, Customer, TestApp, request, with};
use crate::helpers::Browser;

pub(super) const USD: i64 = 1_000_000_000;

/// A customer in a browser, with a key.
pub(super) struct Shopper {
    pub(super) browser: Browser,
    pub(super) customer: Customer,
}

impl Shopper {
    pub(super) async fn new(app: &TestApp, name: &str) -> Self {
        let email = format!("{name}@example.com");
        let browser = Browser::signed_up(app, &email).await;
        app.credit(&email, NanoUsd::new(5 * USD)).await;
        let customer = key(app, &email, "first key").await;
        Self { browser, customer }
    }

    /// The same with another key.
    pub(super) async fn with_key(&self, app: &TestApp, name: &str) -> Customer {
        key(app, &self.customer.email, name).await
    }

    /// What the book has of the account, newest first.
    pub(super) async fn booked(&self, app: &TestApp) -> Vec<Request> {
        app.assert_books_agree().await;
        let account = self.customer.record.account;
        let (filter, place, limit) = (Filter::default(), Place::First, REQUESTS_MAX);
        app.ledger.answer(ListRequests { account, filter, place, limit }).await.unwrap().rows
    }
}

async fn key(app: &TestApp, email: &str, name: &str) -> Customer {
    let (email, name) = (email.to_owned(), name.to_owned());
    let (limits, expires_ms, allowed_models) = (SpendLimits::default(), None, None);
    let create = CreateKey { email: email.clone(), name, rpm: 100_000, limits, expires_ms, allowed_models };
    let created = app.ledger.create_key(create).await.unwrap();
    Customer { email, api_key: created.api_key, record: created.record }
}

/// Answers, streams, failures and a client that goes.
pub(super) async fn shop(app: &TestApp, customer: &Customer) {
    for tokens in [1, 7, 33] {
        assert_eq!(app.chat(customer, &request("openai/gpt-4o-mini", tokens)).await.status, 200);
    }
    let stream = with(request("test/output-only", 5), json!({ "stream": true }));
    assert!(app.chat(customer, &stream).await.complete);
    let failing = with(request("test/output-only", 9), json!({ "simulator": { "fault": { "status": 400 } } }));
    assert_eq!(app.chat(customer, &failing).await.status, 400);
    disconnect(app, customer).await;
    app.settled().await;
}

async fn disconnect(app: &TestApp, customer: &Customer) {
    let fault = json!({ "stream": true, "simulator": { "tag": "gone", "fault": { "stall_after": 3 } } });
    let client = awc::Client::builder().disable_timeout().finish();
    let body = with(request("test/output-only", 500), fault);
    let mut response = app.post_chat_by(&client, customer, &body).await;
    assert!(response.next().await.unwrap().is_ok());
    drop((response, client));
    assert!(app.served("gone").await.cancelled);
}

/// The ids of the requests of a page, in its order.
pub(super) fn ids(page: &str) -> Vec<RequestId> {
    let links = page.split("href=\"/dashboard/usage/").skip(1).filter_map(|link| link.split('"').next());
    links.map(|id| id.parse().unwrap()).collect()
}

/// Where the link with these words leads.
pub(super) fn link(page: &str, words: &str) -> Option<String> {
    let (before, _) = page.split_once(&format!(">{words}</a>"))?;
    let href = before.rsplit_once("href=\"")?.1.split('"').next()?;
    Some(href.replace("&#38;", "&").replace("&amp;", "&"))
}

#[actix_rt::test]
async fn the_pages_tell_what_the_book_has() {
    let app = TestApp::spawn().await;
    let ada = Shopper::new(&app, "ada").await;
    shop(&app, &ada.customer).await;
    let booked = ada.booked(&app).await;
    let outcomes: BTreeSet<_> = booked.iter().map(|request| request.usage.outcome.as_str()).collect();
    assert!(outcomes.contains("completed") && outcomes.contains("disconnected"), "{outcomes:?}");

    let list = ada.browser.get("/dashboard/usage").await;
    assert_eq!(ids(&list.text), booked.iter().map(|request| request.id).collect::<Vec<_>>());
    for request in &booked {
        assert!(list.says(&format!(">{}<span", request.usage.cost)), "{request:?}");
        let details = ada.browser.get(&format!("/dashboard/usage/{}", request.id)).await;
        let charged = format!("<p class=\"figure\">{}</p>", request.usage.cost);
        assert!(details.status == 200 && details.says(&charged), "{request:?} {}", details.text);
        let is_right = details.says("The charge is exactly this cost.") || details.says("nothing was charged.");
        assert!(is_right, "{request:?} {}", details.text);
        assert_eq!(details.says(">Charge<span"), request.usage.cost != NanoUsd::ZERO);
    }

    let spent: NanoUsd = booked.iter().map(|request| request.usage.cost).sum();
    let account = app.ledger.show_account(ShowAccount { email: ada.customer.email.clone() }).await.unwrap();
    assert_eq!(account.balance.nanos(), 5 * USD - spent.nanos());
    let overview = ada.browser.get("/dashboard").await;
    for (label, figure) in [("Balance", account.balance), ("Spent today", spent), ("Spent this month", spent)] {
        let stat = format!("{label}</p><p class=\"figure\">{figure}</p>");
        assert!(overview.says(&stat), "{label} {figure}: {}", overview.text);
    }
    assert!(overview.says(&format!("Requests</p><p class=\"figure\">{}</p>", booked.len())), "{}", overview.text);

    let daily = ada.browser.get("/dashboard/usage/daily.json?days=7").await;
    let daily: Value = serde_json::from_str(&daily.text).unwrap();
    let sum = |values: &Value| values.as_array().unwrap().iter().map(|value| value.as_i64().unwrap()).sum::<i64>();
    let drawn: i64 = daily["models"].as_array().unwrap().iter().map(|model| sum(&model["cost"])).sum();
    assert_eq!((drawn, sum(&daily["requests"])), (spent.nanos(), i64::try_from(booked.len()).unwrap()));
    assert_eq!(sum(&daily["failed"]), 1, "{daily}");
}

#[actix_rt::test]
async fn a_new_account_is_shown_the_way_to_its_first_call() {
    let app = TestApp::spawn().await;
    let eve = Browser::signed_up(&app, "eve@example.com").await;

    let overview = eve.get("/dashboard").await;
    let usage = eve.get("/dashboard/usage").await;

    assert!(overview.says("Make your first call") && !overview.says("daily.json"), "{}", overview.text);
    assert!(usage.status == 200 && usage.says("No requests"), "{}", usage.text);
    let csv = eve.get("/dashboard/usage.csv").await;
    assert_eq!((csv.status, csv.text.lines().count()), (200, 1));
}

#[actix_rt::test]
async fn nobody_sees_the_requests_of_others() {
    let app = TestApp::spawn().await;
    let (ada, eve) = (Shopper::new(&app, "ada").await, Shopper::new(&app, "eve").await);
    assert_eq!(app.chat(&ada.customer, &request("openai/gpt-4o-mini", 3)).await.status, 200);
    let booked = ada.booked(&app).await;

    let id = booked[0].id;
    let foreign = eve.browser.get(&format!("/dashboard/usage/{id}")).await;
    let list = eve.browser.get(&format!("/dashboard/usage?key={}", ada.customer.record.key)).await;
    let csv = eve.browser.get(&format!("/dashboard/usage.csv?key={}", ada.customer.record.key)).await;

    assert_eq!(ada.browser.get(&format!("/dashboard/usage/{id}")).await.status, 200);
    assert_eq!(foreign.status, 404);
    assert!(ids(&list.text).is_empty() && !list.says("first key</td>"), "{}", list.text);
    assert_eq!(csv.text.lines().count(), 1, "{}", csv.text);
    let nobody = Browser::new(&app);
    for path in ["/dashboard", "/dashboard/usage", "/dashboard/usage.csv", "/dashboard/usage/daily.json"] {
        assert!(nobody.get(path).await.location().is_some_and(|to| to.starts_with("/dashboard/sign-in")), "{path}");
    }
}

/// The whole answer of a completion.
pub(super) async fn buy(app: &TestApp, customer: &Customer, (model, tokens): (&str, u64)) -> Answer {
    let answer = app.chat(customer, &request(model, tokens)).await;
    assert_eq!(answer.status, 200);
    answer
}
