//! Keys: from the form to the call, and to the end.

mod forms;
mod story;
mod strangers;

use serde_json::json;
use syntopen_shared::money::NanoUsd;

use crate::gateway::{Answer, TestApp, eventually};
use crate::helpers::{Browser, Page};

/// Where the keys are.
pub(crate) const KEYS: &str = "/dashboard/keys";

/// The settings of a key that may do anything.
pub(crate) const FREE: [(&str, &str); 4] =
    [("name", "laptop"), ("rpm", "1000"), ("expiry", "never"), ("models", "all")];

/// Fields, with these in the place of those of the same name.
pub(crate) fn with<'a>(fields: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = fields.iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    kept.chain(more).copied().collect()
}

/// Sends the form of a page that makes a key, with everything hidden in it.
pub(crate) async fn send(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Page {
    let page = browser.get(path).await;
    let (csrf, form) = (page.csrf().unwrap(), page.value("form").unwrap());
    browser.post(path, &with(fields, &[("csrf", &csrf), ("form", &form)])).await
}

/// Makes a key by the form: its plaintext and its identifier.
pub(crate) async fn create(browser: &Browser, fields: &[(&str, &str)]) -> (String, String) {
    shown(&send(browser, "/dashboard/keys/new", fields).await)
}

/// What the page that shows a key says: the key, and its identifier.
pub(crate) fn shown(page: &Page) -> (String, String) {
    assert_eq!(page.status, 200, "{}", page.text);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let at = page.text.find("sk-syn-").unwrap();
    let key = page.text[at..].split('<').next().unwrap().to_owned();
    assert_eq!(key.len(), 50, "{key}");
    let (_, link) = page.text.rsplit_once("href=\"/dashboard/keys/").unwrap();
    (key, link.split('"').next().unwrap().to_owned())
}

/// Asks for a completion with a key, as a customer's program does.
pub(crate) async fn call(app: &TestApp, key: &str, model: &str) -> Answer {
    let body = json!({
        "model": model,
        "messages": [{ "role": "user", "content": "Say hello." }],
        "max_tokens": 8,
        "simulator": { "tokens": 8 },
    });
    let post = app.client.post(app.url("/api/v1/chat/completions"));
    let post = post.insert_header(("Authorization", format!("Bearer {key}")));
    let post = post.insert_header(("Content-Type", "application/json"));
    Answer::read(post.send_body(body.to_string()).await.unwrap()).await
}

/// Asks until the answer has this status, which a change brings about within a moment.
pub(crate) async fn call_until(app: &TestApp, key: &str, status: u16) {
    eventually(&format!("a {status}"), || async {
        (call(app, key, "openai/gpt-4o-mini").await.status == status).then_some(())
    })
    .await;
}

/// A browser of a new customer with a balance of five dollars.
pub(crate) async fn customer(app: &TestApp, email: &str) -> Browser {
    let browser = Browser::signed_up(app, email).await;
    app.credit(email, NanoUsd::new(5_000_000_000)).await;
    browser
}
