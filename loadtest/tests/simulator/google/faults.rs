//! Faults in Google's form.

use serde_json::{Value, json};

use super::{MODEL, ask, ask_stream, begin, call, question};
use crate::client::{Client, record_when, start};

fn faulty(fault: Value) -> Value {
    question(json!({"tokens": 20, "fault": fault}))
}

#[test]
fn a_status_has_its_name() {
    let simulator = start();
    for (code, status) in [
        (400, "INVALID_ARGUMENT"),
        (403, "PERMISSION_DENIED"),
        (404, "NOT_FOUND"),
        (429, "RESOURCE_EXHAUSTED"),
        (499, "CANCELLED"),
        (500, "INTERNAL"),
        (503, "UNAVAILABLE"),
        (504, "DEADLINE_EXCEEDED"),
    ] {
        let answer = ask(&simulator, &faulty(json!({"status": code, "retry_after": "1.5"})));
        let error = &answer.json()["error"];
        assert_eq!((answer.status, &error["code"], &error["status"]), (code, &json!(code), &json!(status)));
        assert_eq!(error["details"][0]["retryDelay"], "1.5s");
        assert!(!answer.head.contains("retry-after"));
    }
    let failed = ask(&simulator, &faulty(json!({"status": 400, "code": "FAILED_PRECONDITION", "message": "no"})));
    assert_eq!(
        (&failed.json()["error"]["status"], &failed.json()["error"]["message"]),
        (&json!("FAILED_PRECONDITION"), &json!("no"))
    );
    let key = ask(&simulator, &faulty(json!({"status": 400, "code": "API_KEY_INVALID"})));
    assert_eq!(key.json()["error"]["details"][0]["reason"], "API_KEY_INVALID");
    assert_eq!(ask(&simulator, &faulty(json!({"status": 502, "body": "empty"}))).text(), "");
    let array = call(&simulator, (MODEL, "streamGenerateContent"), &faulty(json!({"status": 503})));
    assert_eq!(array.json()[0]["error"]["status"], "UNAVAILABLE");
}

#[test]
fn chunks_count_as_they_do_at_openai() {
    let simulator = start();
    for (position, tokens) in [(0, 0), (1, 0), (6, 5), (900, 20)] {
        let answer = ask_stream(&simulator, &faulty(json!({"cut_after": position})));
        assert!(!answer.whole && !answer.text().contains("finishReason"));
        assert_eq!(record_when(&simulator, |served| served.ended).tokens_written, tokens);
    }
}

#[test]
fn ends_with_an_error() {
    let simulator = start();
    let answer = ask_stream(&simulator, &faulty(json!({"error_event_after": 3})));
    let last: Value = serde_json::from_str(&answer.data().pop().unwrap()).unwrap();
    assert_eq!((answer.whole, &last["error"]["status"]), (true, &json!("UNAVAILABLE")));
    let bare = ask_stream(&simulator, &faulty(json!({"error_event_after": 3, "bare_error_event": true})));
    assert_eq!(bare.data().len(), 3);
    assert!(bare.text().contains("\r\n\r\n{\n  \"error\": {\n"), "{}", bare.text());
    for position in [0, 3] {
        let fault = json!({"error_event_after": position});
        let array = call(&simulator, (MODEL, "streamGenerateContent"), &faulty(fault)).json();
        assert_eq!(array[position]["error"]["code"], 503);
    }
}

#[test]
fn ends_without_its_mark() {
    let simulator = start();
    let answer = ask_stream(&simulator, &faulty(json!({"eof_without_done_after": 900})));
    assert!(answer.whole && !answer.text().contains("finishReason"));
    let array = call(&simulator, (MODEL, "streamGenerateContent"), &faulty(json!({"eof_without_done_after": 3})));
    assert!(array.whole && serde_json::from_slice::<Value>(&array.body).is_err());
    let garbage = ask_stream(&simulator, &faulty(json!({"garbage_after": 2})));
    assert_eq!(garbage.data().iter().filter(|data| serde_json::from_str::<Value>(data).is_err()).count(), 1);
}

#[test]
fn usage_is_missing_or_zero() {
    let simulator = start();
    assert!(!ask(&simulator, &faulty(json!("missing_usage"))).text().contains("TokenCount"));
    assert!(!ask_stream(&simulator, &faulty(json!("missing_usage"))).text().contains("TokenCount"));
    let usage = ask(&simulator, &faulty(json!("explicit_zero_usage"))).json()["usageMetadata"].clone();
    assert_eq!((&usage["promptTokenCount"], &usage["candidatesTokenCount"]), (&json!(0), &json!(0)));
}

#[test]
fn the_connection_misbehaves_as_it_is_told() {
    let simulator = start();
    let mut client = Client::connect(&simulator);
    begin(&mut client, (MODEL, "generateContent"), &faulty(json!("close_before_head")));
    assert!(client.answer().is_none());
    let mut client = Client::connect(&simulator);
    begin(&mut client, (MODEL, "streamGenerateContent?alt=sse"), &faulty(json!({"stall_after": 4})));
    client.wait_for("light");
    drop(client);
    let served = record_when(&simulator, |served| served.ended && served.id == 2);
    assert_eq!((served.tokens_written, served.cancelled), (3, true));
    let slow = ask_stream(&simulator, &faulty(json!({"byte_by_byte": true, "comment_lines": true, "slow_body_ms": 5})));
    assert!(slow.frames.iter().all(|frame| frame.len() == 1) && slow.text().contains(": keep-alive\n"));
    assert!(slow.text().contains('日') && !slow.text().contains("\r\r"));
    let huge = ask_stream(&simulator, &faulty(json!({"huge_chunk": 100_000})));
    assert!(100_000 < huge.frames[1].len());
    let part = ask(&simulator, &faulty(json!({"cut_after": 5})));
    assert!(!part.whole && !part.body.is_empty());
}
