//! What people come for, from its beginning to its end, in a real browser and in both profiles.

mod customer;
mod operator;
mod stage;
#[path = "../dashboard/billing/stripe.rs"]
#[expect(dead_code, reason = "the tests of billing ask more of it")]
pub(crate) mod stripe;

use std::time::Instant;

use serde_json::Value;
use syntopen_shared::money::NanoUsd;

use crate::harness::Browser;
use crate::helpers::{Answer, PATIENCE, TestApp, request};

const MODEL: &str = "openai/gpt-4o-mini";
/// Of that model, by the catalog of the tests: $0.15 and $0.60 for a million.
const INPUT_NANOS: i64 = 150;
const OUTPUT_NANOS: i64 = 600;
/// Odd, so that a cost does not end in zeros by chance.
const TOKENS: u64 = 37;

/// Calls a model with a key, as a customer's program does.
async fn call(app: &TestApp, key: &str) -> Answer {
    let post = app.client.post(app.url("/api/v1/chat/completions"));
    let post = post.insert_header(("Authorization", format!("Bearer {key}")));
    let post = post.insert_header(("Content-Type", "application/json"));
    Answer::read(post.send_body(request(MODEL, TOKENS).to_string()).await.unwrap()).await
}

/// What an answer has to cost, by its own counts.
fn cost(answer: &Answer) -> NanoUsd {
    let usage: &Value = &answer.json()["usage"];
    let count = |name: &str| usage[name].as_i64().unwrap_or_else(|| panic!("{usage}"));
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"].as_i64().unwrap_or_default(), 0, "{usage}");
    NanoUsd::new(count("prompt_tokens") * INPUT_NANOS + count("completion_tokens") * OUTPUT_NANOS)
}

/// Loads a page until it says all of this: what is booked a moment later is shown a moment later.
async fn until(browser: &Browser, path: &str, words: &[&str]) {
    let started = Instant::now();
    loop {
        browser.open(path).await;
        let text = browser.text().await;
        let missing: Vec<_> = words.iter().filter(|word| !text.contains(**word)).collect();
        if missing.is_empty() {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{path} does not say {missing:?}:\n{text}");
    }
}
