//! Faults in Anthropic's form.

use serde_json::{Value, json};

use super::{ask, begin, question, stream_question};
use crate::client::{Client, record_when, start};

fn faulty(fault: Value) -> Value {
    json!({"tokens": 20, "fault": fault})
}

#[test]
fn a_status_has_its_type() {
    let simulator = start();
    for (status, kind) in [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (402, "billing_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (409, "conflict_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (504, "timeout_error"),
        (529, "overloaded_error"),
    ] {
        let answer = ask(&simulator, &question(faulty(json!({"status": status, "retry_after": "7"}))));
        let body = answer.json();
        assert_eq!((answer.status, &body["type"], &body["error"]["type"]), (status, &json!("error"), &json!(kind)));
        assert!(answer.head.contains("\r\nretry-after: 7\r\n"));
        let id = format!("request-id: {}\r\n", body["request_id"].as_str().unwrap());
        assert!(answer.head.contains(&id), "the body names the id of the head");
    }
}

#[test]
fn a_status_strikes_so_many_times_and_may_be_no_error() {
    let simulator = start();
    let control = json!({"tag": "t", "fault": {"status": 529, "times": 1, "model": super::MODEL}});
    assert_eq!(ask(&simulator, &question(control.clone())).status, 529);
    assert_eq!(ask(&simulator, &question(control)).status, 200);
    let html = ask(&simulator, &question(faulty(json!({"status": 502, "body": "html"}))));
    assert!(html.text().starts_with("<html>") && html.head.contains("request-id"));
    let spent = json!({"status": 429, "code": "enforced_spend_limit_reached"});
    let error = &ask(&simulator, &question(faulty(spent))).json()["error"];
    assert_eq!(
        (&error["type"], &error["details"]["error_code"]),
        (&json!("rate_limit_error"), &json!("enforced_spend_limit_reached"))
    );
}

#[test]
fn chunks_count_as_they_do_at_openai() {
    let simulator = start();
    for (position, tokens) in [(0, 0), (1, 0), (6, 5), (900, 20)] {
        let answer = ask(&simulator, &stream_question(faulty(json!({"cut_after": position}))));
        assert!(!answer.whole && !answer.text().contains("message_stop"));
        assert_eq!(record_when(&simulator, |served| served.ended).tokens_written, tokens);
    }
}

#[test]
fn ends_with_an_error_event() {
    let simulator = start();
    let answer = ask(&simulator, &stream_question(faulty(json!({"error_event_after": 3}))));
    let last = answer.chunks().pop().unwrap();
    assert!(answer.whole && answer.text().contains("event: error\n"));
    assert_eq!((&last["type"], &last["error"]["type"]), (&json!("error"), &json!("overloaded_error")));
}

#[test]
fn ends_without_its_mark() {
    let simulator = start();
    let answer = ask(&simulator, &stream_question(faulty(json!({"eof_without_done_after": 900}))));
    assert!(answer.whole && answer.text().contains("message_delta") && !answer.text().contains("message_stop"));
    let garbage = ask(&simulator, &stream_question(faulty(json!({"garbage_after": 2}))));
    assert_eq!(garbage.data().iter().filter(|data| serde_json::from_str::<Value>(data).is_err()).count(), 1);
}

#[test]
fn usage_is_missing_or_zero() {
    let simulator = start();
    for body in [question(faulty(json!("missing_usage"))), stream_question(faulty(json!("missing_usage")))] {
        assert!(!ask(&simulator, &body).text().contains("output_tokens"));
    }
    let answer = ask(&simulator, &stream_question(faulty(json!("explicit_zero_usage"))));
    let end = &answer.chunks()[answer.chunks().len() - 2];
    assert_eq!((&end["usage"]["output_tokens"], &end["usage"]["input_tokens"]), (&json!(0), &json!(0)));
}

#[test]
fn the_connection_misbehaves_as_it_is_told() {
    let simulator = start();
    let mut client = Client::connect(&simulator);
    begin(&mut client, &question(faulty(json!("close_before_head"))));
    assert!(client.answer().is_none());
    let mut client = Client::connect(&simulator);
    begin(&mut client, &stream_question(faulty(json!({"stall_after": 4}))));
    client.wait_for("light");
    drop(client);
    let served = record_when(&simulator, |served| served.ended && served.id == 2);
    assert_eq!((served.tokens_written, served.cancelled), (3, true));
    let fault = json!({"byte_by_byte": true, "crlf": true, "comment_lines": true, "slow_body_ms": 5});
    let slow = ask(&simulator, &stream_question(faulty(fault)));
    assert!(slow.frames.iter().all(|frame| frame.len() == 1) && slow.text().contains(": keep-alive\r\n"));
    assert!(slow.text().contains("日") && slow.text().ends_with("{\"type\":\"message_stop\"}\r\n\r\n"));
    let huge = ask(&simulator, &stream_question(faulty(json!({"huge_chunk": 100_000}))));
    assert!(100_000 < huge.frames[1].len());
}
