//! Each fault, as a client sees it and as the record tells it.

use std::time::Duration;

use serde_json::{Value, json};
use syntopen_loadtest::simulator::{Control, Fault, Simulator, SimulatorSettings};

use crate::client::{Client, ask, question, record_when, start, stream_question, with};

/// Long enough to tell silence from slowness, short enough to wait for.
const SILENCE: Duration = Duration::from_millis(50);

fn faulty(fault: Value) -> Value {
    json!({"tokens": 20, "fault": fault})
}

#[test]
fn a_status_strikes_so_many_times() {
    let simulator = start();
    let control = json!({"tag": "t", "fault": {"status": 429, "retry_after": "2", "times": 2}});
    for _ in 0..2 {
        let answer = ask(&simulator, &question(control.clone()));
        assert_eq!(answer.status, 429);
        assert!(answer.head.contains("\r\nretry-after: 2\r\n"));
        assert_eq!(answer.json()["error"]["code"], "rate_limit_exceeded");
    }
    assert_eq!(ask(&simulator, &question(control)).status, 200);
    let statuses: Vec<_> = simulator.served().iter().map(|served| (served.status, served.complete)).collect();
    assert_eq!(statuses, [(429, true), (429, true), (200, true)]);
}

#[test]
fn a_status_has_the_body_it_is_told() {
    let simulator = start();
    let body = |body: &str| ask(&simulator, &question(faulty(json!({"status": 502, "body": body})))).text();
    assert!(body("html").starts_with("<html>"));
    assert_eq!(body("empty"), "");
    assert!(serde_json::from_str::<Value>(&body("garbage")).is_err());
    let quota = json!({"status": 429, "code": "insufficient_quota", "message": "no money"});
    let error = &ask(&simulator, &question(faulty(quota))).json()["error"];
    assert_eq!((&error["type"], &error["message"]), (&json!("insufficient_quota"), &json!("no money")));
}

#[test]
fn a_fault_of_one_model_spares_another() {
    let simulator = start();
    let control = faulty(json!({"model": "gpt-4o", "status": 500}));
    assert_eq!(ask(&simulator, &question(control.clone())).status, 500);
    assert_eq!(ask(&simulator, &with(question(control), json!({"model": "o1"}))).status, 200);
}

#[test]
fn closes_before_the_head() {
    let simulator = start();
    let mut client = Client::connect(&simulator);
    client.begin(&question(faulty(json!("close_before_head"))));
    assert!(client.answer().is_none());
    let served = record_when(&simulator, |served| served.ended);
    assert_eq!((served.status, served.complete, served.cancelled), (0, false, false));
}

#[test]
fn stalls_before_the_head_until_the_client_goes() {
    let simulator = start();
    let mut client = Client::connect(&simulator);
    client.begin(&question(faulty(json!("stall_before_head"))));
    assert!(client.is_silent_for(SILENCE));
    drop(client);
    let served = record_when(&simulator, |served| served.ended);
    assert_eq!((served.status, served.cancelled), (0, true));
}

#[test]
fn stalls_in_mid_stream() {
    let simulator = start();
    let mut client = Client::connect(&simulator);
    client.begin(&stream_question(faulty(json!({"stall_after": 4}))));
    // The role and three tokens, of which " light" is the last.
    client.wait_for("light");
    assert!(client.is_silent_for(SILENCE));
    assert_eq!(simulator.inflight(), 1);
    drop(client);
    let served = record_when(&simulator, |served| served.ended);
    assert_eq!((served.tokens_written, served.complete, served.cancelled), (3, false, true));
    assert_eq!((served.completion_tokens, simulator.inflight()), (20, 0));
}

#[test]
fn cuts_a_stream() {
    let simulator = start();
    for (position, chunks) in [(0, 0), (1, 1), (6, 6), (900, 23)] {
        let answer = ask(&simulator, &stream_question(faulty(json!({"cut_after": position}))));
        assert_eq!((answer.status, answer.whole, answer.chunks().len()), (200, false, chunks));
        let served = record_when(&simulator, |served| served.ended);
        assert_eq!(served.tokens_written, (chunks as u64).saturating_sub(1).min(20));
        assert!(!served.complete && !served.cancelled);
    }
}

#[test]
fn cuts_and_truncates_json() {
    let simulator = start();
    let cut = ask(&simulator, &question(faulty(json!({"cut_after": 5}))));
    assert!(!cut.whole && !cut.body.is_empty());
    let truncated = ask(&simulator, &question(faulty(json!({"eof_without_done_after": 5}))));
    assert!(truncated.whole && serde_json::from_slice::<Value>(&truncated.body).is_err());
    let garbage = ask(&simulator, &question(faulty(json!({"garbage_after": 5}))));
    assert!(garbage.whole && serde_json::from_slice::<Value>(&garbage.body).is_err());
}

#[test]
fn sends_garbage_and_goes_on() {
    let simulator = start();
    let answer = ask(&simulator, &stream_question(faulty(json!({"garbage_after": 3}))));
    let data = answer.data();
    assert!(serde_json::from_str::<Value>(&data[3]).is_err());
    assert_eq!((data.len(), data.last().unwrap().as_str()), (1 + 1 + 20 + 1 + 1 + 1, "[DONE]"));
}

#[test]
fn ends_with_an_error_event() {
    let simulator = start();
    let answer = ask(&simulator, &stream_question(faulty(json!({"error_event_after": 3}))));
    let chunks = answer.chunks();
    assert!(answer.whole && chunks[3]["error"]["message"].is_string());
    assert_eq!((chunks.len(), answer.data().len()), (4, 4), "nothing follows");
}

#[test]
fn ends_without_its_marks() {
    let simulator = start();
    let mut client = Client::connect(&simulator);
    let answer = client.post(&stream_question(faulty(json!({"eof_without_done_after": 3}))));
    assert!(answer.whole && !answer.text().contains("[DONE]"));
    assert!(answer.chunks().iter().all(|chunk| chunk["choices"][0]["finish_reason"].is_null()));
    assert!(!record_when(&simulator, |served| served.ended).complete);
    assert_eq!(client.post(&question(json!({}))).status, 200, "the connection goes on");
}

#[test]
fn usage_is_missing_or_zero() {
    let simulator = start();
    for body in [question(faulty(json!("missing_usage"))), stream_question(faulty(json!("missing_usage")))] {
        assert!(!ask(&simulator, &body).text().contains("completion_tokens"));
    }
    let fault = faulty(json!("explicit_zero_usage"));
    assert_eq!(ask(&simulator, &question(fault.clone())).json()["usage"]["total_tokens"], 0);
    assert_eq!(ask(&simulator, &stream_question(fault)).chunks().last().unwrap()["usage"]["total_tokens"], 0);
}

#[test]
fn a_chunk_is_huge() {
    let simulator = start();
    let answer = ask(&simulator, &stream_question(faulty(json!({"huge_chunk": 300_000}))));
    let chunks = answer.chunks();
    let huge = chunks[1]["choices"][0]["delta"]["content"].as_str().unwrap().to_owned();
    assert!(300_000 <= huge.len());
    let counted = tiktoken_rs::o200k_base_singleton().encode_ordinary(&answer.content(0)).len();
    assert_eq!(chunks.last().unwrap()["usage"]["completion_tokens"], counted);
}

#[test]
fn bytes_come_one_by_one() {
    let simulator = start();
    let streamed = ask(&simulator, &stream_question(faulty(json!({"byte_by_byte": true, "crlf": true}))));
    assert!(streamed.frames.iter().all(|frame| frame.len() == 1));
    assert!(streamed.text().contains("}\r\n\r\ndata: ") && streamed.content(0).contains('日'));
    assert_eq!(tiktoken_rs::o200k_base_singleton().encode_ordinary(&streamed.content(0)).len(), 20);
    let whole = ask(&simulator, &question(faulty(json!("byte_by_byte")))).json();
    assert_eq!(whole["choices"][0]["message"]["content"], streamed.content(0));
}

#[test]
fn comments_stand_between_events() {
    let simulator = start();
    let answer = ask(&simulator, &stream_question(faulty(json!("comment_lines"))));
    assert_eq!(answer.text().matches(": keep-alive\n\n").count(), answer.data().len());
}

#[test]
fn a_slow_body_comes_whole() {
    let simulator = start();
    let fault = json!({"slow_body_ms": 20});
    assert!(ask(&simulator, &question(faulty(fault.clone()))).json()["usage"].is_object());
    assert_eq!(ask(&simulator, &stream_question(faulty(fault))).data().last().unwrap(), "[DONE]");
}

#[test]
fn pauses_are_kept() {
    let simulator = start();
    let began = std::time::Instant::now();
    let control = json!({"tokens": 4, "ttft_ms": 30, "token_ms": 10});
    assert_eq!(ask(&simulator, &stream_question(control.clone())).content(0).split(' ').count(), 4);
    assert!(Duration::from_millis(60) <= began.elapsed(), "a pause is never shorter than asked for");
    let began = std::time::Instant::now();
    assert_eq!(ask(&simulator, &question(control)).status, 200);
    assert!(Duration::from_millis(60) <= began.elapsed());
}

#[test]
fn a_whole_simulator_may_be_faulty() {
    let fault = Some(Fault { status: Some(503), times: Some(1), ..Fault::default() });
    let defaults = Control { fault, tokens: Some(3), ..Control::default() };
    let simulator = Simulator::start(SimulatorSettings { defaults, ..SimulatorSettings::default() }).unwrap();
    let body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]});
    assert_eq!(ask(&simulator, &body).status, 503);
    assert_eq!(ask(&simulator, &body).json()["usage"]["completion_tokens"], 3);
}
