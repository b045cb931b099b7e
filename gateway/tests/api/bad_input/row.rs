//! A request that is wrong, and what the gateway must say to it.

use serde_json::Value;

use super::raw::{Raw, RawAnswer};
use crate::helpers::{Customer, TestApp};

/// The longest envelope: an error does not echo what it is about.
const LONGEST: usize = 1_000;

/// A row of a table.
pub(super) struct Row {
    pub(super) what: String,
    pub(super) request: Vec<u8>,
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) param: Option<String>,
}

/// The status and the code of an answer.
pub(super) type Told = (u16, &'static str);

pub(super) const INVALID: Told = (400, "invalid_request");
pub(super) const NO_KEY: Told = (401, "invalid_api_key");
pub(super) const NO_MODEL: Told = (404, "model_not_found");
pub(super) const NOT_FOUND: Told = (404, "not_found");
pub(super) const NO_METHOD: Told = (405, "method_not_allowed");
pub(super) const TOO_LARGE: Told = (413, "payload_too_large");
pub(super) const NO_JSON: Told = (415, "unsupported_media_type");
pub(super) const LARGE_HEAD: Told = (431, "headers_too_large");

impl Row {
    pub(super) fn new(what: impl Into<String>, request: impl Into<Vec<u8>>, (status, code): Told) -> Self {
        Self { what: what.into(), request: request.into(), status, code, param: None }
    }

    pub(super) fn at(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    /// What is wrong with the answer.
    fn fault(&self, answer: &RawAnswer) -> Option<String> {
        let expect = |name: &str, good: bool| (!good).then(|| format!("{name} in {answer:?}"));
        let json = match answer.json() {
            Ok(json) => json,
            Err(fault) => return Some(fault),
        };
        let error = &json["error"];
        let keys: Vec<&str> =
            error.as_object().into_iter().flat_map(|error| error.keys()).map(String::as_str).collect();
        let id = answer.header("x-request-id").and_then(|id| uuid::Uuid::parse_str(id).ok());
        let kind = if self.status == 401 { "authentication_error" } else { "invalid_request_error" };
        expect("status", answer.status == self.status)
            .or_else(|| expect("code", error["code"] == self.code))
            .or_else(|| expect("param", error["param"] == self.param.as_deref().map_or(Value::Null, Value::from)))
            .or_else(|| expect("keys", keys == ["message", "type", "param", "code"]))
            .or_else(|| expect("type", error["type"] == kind))
            .or_else(|| expect("message", error["message"].as_str().is_some_and(|message| message.len() > 10)))
            .or_else(|| expect("content-type", answer.header("content-type") == Some("application/json")))
            .or_else(|| expect("x-request-id", id.is_some()))
            .or_else(|| expect("length", answer.body.len() < LONGEST))
    }
}

/// Sends every request over a connection of its own and checks every answer, and that nothing came of them but answers.
pub(super) async fn check_all(app: &TestApp, customer: &Customer, rows: &[Row]) {
    let before = app.balance(customer).await;
    let mut faults = Vec::new();
    for row in rows {
        let mut connection = Raw::connect(app.address).await;
        connection.send(&row.request).await;
        let fault = match connection.last_answer().await {
            Ok(answer) => row.fault(&answer),
            Err(fault) => Some(fault),
        };
        faults.extend(
            fault.map(|fault| format!("{}: expected {} {} {:?}: {fault}", row.what, row.status, row.code, row.param)),
        );
    }
    assert!(faults.is_empty(), "{} of {} rows:\n{}", faults.len(), rows.len(), faults.join("\n"));

    app.assert_books_agree().await;
    assert_eq!(app.balance(customer).await, before);
    assert_eq!(app.simulator.served().len(), 0);
    let metrics = app.client.get(format!("http://{}/metrics", app.ops)).send().await.unwrap().body().await.unwrap();
    assert!(String::from_utf8_lossy(&metrics).contains("\ngateway_panics_total 0\n"));
    let good = app.chat(customer, &crate::helpers::request("openai/gpt-4o-mini", 3)).await;
    assert_eq!(good.status, 200, "{}", good.text());
}

/// A completion request with these headers beside the key's, and this body.
pub(super) fn post(customer: &Customer, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let authorization = format!("Authorization: Bearer {}\r\n{headers}", customer.api_key);
    post_by(&authorization, body)
}

/// The same with all headers, but for the body's length.
pub(super) fn post_by(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let length = body.as_ref().len();
    let head =
        format!("POST /api/v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body.as_ref()].concat()
}

pub(super) const JSON: &str = "Content-Type: application/json\r\n";
