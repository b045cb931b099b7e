//! Upstreams of several protocols: who cannot express a request is passed over, and what nobody can costs nothing.

use serde_json::{Value, json};
use syntopen_loadtest::simulator::{Simulator, SimulatorSettings};
use tempfile::TempDir;

use crate::helpers::{Answer, Customer, TestApp, request, with};

const CATALOG: &str = include_str!("expressing.toml");
/// What a token of the cheapest model costs.
const NANOS_PER_TOKEN: i64 = 1_000_000;

struct Site {
    app: TestApp,
    _catalog: TempDir,
}

impl Site {
    async fn spawn() -> Self {
        let simulator = Simulator::start(SimulatorSettings::default()).unwrap();
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("expressing.toml");
        std::fs::write(&path, CATALOG).unwrap();
        let root = simulator.root_url();
        let settings = [("SYNTOPEN_CATALOG", path.to_str().unwrap()), ("ROOT_URL", &root)];
        Self { app: TestApp::spawn_before(simulator, &settings).await, _catalog: directory }
    }

    async fn ask(&self, customer: &Customer, model: &str, more: Value) -> Answer {
        let mut asked = request(model, 10);
        asked.as_object_mut().unwrap().remove("simulator");
        self.app.chat(customer, &with(asked, more)).await
    }

    /// What a customer has paid of five dollars.
    async fn paid(&self, customer: &Customer) -> i64 {
        self.app.assert_books_agree().await;
        let (posted, held) = self.app.balance(customer).await;
        assert_eq!(held.nanos(), 0);
        5_000_000_000 - posted.nanos()
    }
}

#[actix_web::test]
async fn an_upstream_that_cannot_express_the_request_is_passed_over() {
    let site = Site::spawn().await;
    let customer = site.app.customer("5").await;
    for (more, served_by) in [
        (json!({}), "anthropic"),
        (json!({"seed": 7}), "anthropic"),
        (json!({"presence_penalty": 1}), "google"),
        (json!({"logit_bias": {"7": 1}}), "openai"),
    ] {
        for stream in [false, true] {
            let answer = site.ask(&customer, "test/either", with(more.clone(), json!({"stream": stream}))).await;
            assert_eq!(answer.status, 200, "{more}: {}", answer.text());
            assert_eq!(answer.header("x-syntopen-attempts"), Some("1"), "{more}");
            let chunk = if stream { answer.events()[0].clone() } else { answer.json() };
            assert_eq!(chunk["provider"], served_by, "{more}");
            let dropped = answer.header("x-syntopen-dropped-params");
            assert_eq!(dropped, more.get("seed").map(|_| "seed"), "{more}");
        }
    }
}

#[actix_web::test]
async fn a_request_that_nobody_can_express_consumes_nothing() {
    let site = Site::spawn().await;
    let customer = site.app.customer_with("5", |key| key.rpm = 1).await;
    let biased = json!({"logit_bias": {"7": 1}, "models": ["test/gemini"]});
    for _ in 0..3 {
        let answer = site.ask(&customer, "test/claude", biased.clone()).await;
        assert_eq!(answer.error(), (400, "invalid_request".to_owned()), "{}", answer.text());
        let error = &answer.json()["error"];
        assert_eq!(error["param"], "logit_bias");
        assert!(error["message"].as_str().unwrap().contains("Anthropic"), "the first one says why: {error}");
        assert_eq!(answer.header("x-ratelimit-limit"), None);
    }
    assert!(site.app.simulator.served().is_empty());
    assert_eq!(site.paid(&customer).await, 0);
    let answer = site.ask(&customer, "test/gpt", json!({})).await;
    assert_eq!(answer.status, 200, "the only slot of the minute was not taken");
}

#[actix_web::test]
async fn the_hold_is_priced_for_those_who_can_and_the_charge_by_who_did() {
    let site = Site::spawn().await;
    let biased = json!({"logit_bias": {"7": 1}, "models": ["test/gemini", "test/gpt"]});
    // Enough for ten tokens of the last model, and of no other.
    let modest = site.app.customer("0.01").await;
    let answer = site.ask(&modest, "test/claude", biased).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["model"], "test/gpt");
    let modest = site.app.customer("0.01").await;
    let answer = site.ask(&modest, "test/claude", json!({"models": ["test/gemini", "test/gpt"]})).await;
    assert_eq!(answer.error(), (402, "insufficient_balance".to_owned()));

    for (model, price) in [("test/claude", 4), ("test/gemini", 2), ("test/gpt", 1)] {
        let customer = site.app.customer("5").await;
        let answer = site.ask(&customer, model, json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let tokens = answer.json()["usage"]["completion_tokens"].as_i64().unwrap();
        assert_eq!(site.paid(&customer).await, tokens * price * NANOS_PER_TOKEN, "{model}");
    }
}
