//! Streams: their events in their order.

use serde_json::{Value, json};

use super::{NEWER, ask, question, stream_question, tools};
use crate::client::{Answer, start, with};

/// The types of all events, each written as often as it comes.
fn types(answer: &Answer) -> Vec<String> {
    answer.chunks().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

fn deltas(answer: &Answer, field: &str) -> String {
    answer.chunks().iter().filter_map(|event| event["delta"][field].as_str().map(str::to_owned)).collect()
}

#[test]
fn has_its_events_in_their_order() {
    let simulator = start();
    let answer = ask(&simulator, &stream_question(json!({"tokens": 2, "cached_tokens": 3})));
    assert!(answer.head.contains("content-type: text/event-stream"));
    let expected = [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(types(&answer), expected);
    let names: Vec<_> =
        answer.text().lines().filter_map(|line| line.strip_prefix("event: ").map(str::to_owned)).collect();
    assert_eq!(names, expected, "each event has its type as its name");
    let chunks = answer.chunks();
    let message = &chunks[0]["message"];
    assert_eq!((&message["content"], &message["stop_reason"]), (&json!([]), &Value::Null));
    assert_eq!(
        (&message["usage"]["output_tokens"], &message["usage"]["cache_read_input_tokens"]),
        (&json!(1), &json!(3))
    );
    let end = &chunks[6];
    assert_eq!(end["delta"], json!({"stop_reason": "end_turn", "stop_sequence": null}));
    assert_eq!(
        (&end["usage"]["output_tokens"], &end["usage"]["input_tokens"]),
        (&json!(2), &message["usage"]["input_tokens"])
    );
    assert_eq!(answer.frames.len(), 1 + 2 + 1 + 1, "the second write has the first token");
}

#[test]
fn says_the_same_as_a_message() {
    let simulator = start();
    let whole = ask(&simulator, &question(json!({"tokens": 20}))).json();
    let streamed = ask(&simulator, &stream_question(json!({"tokens": 20})));
    assert_eq!(whole["content"][0]["text"], deltas(&streamed, "text"));
}

#[test]
fn streams_the_inputs_of_tools() {
    let simulator = start();
    let body = with(stream_question(json!({"tool_calls": 2, "preamble_tokens": 1})), json!({"tools": tools()}));
    let answer = ask(&simulator, &body);
    let chunks = answer.chunks();
    let starts: Vec<_> = chunks.iter().filter(|event| event["type"] == "content_block_start").collect();
    let kinds: Vec<_> = starts.iter().map(|event| event["content_block"]["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["text", "tool_use", "tool_use"]);
    assert_eq!((&starts[2]["index"], &starts[1]["content_block"]["input"]), (&json!(2), &json!({})));
    let of_first = chunks.iter().filter(|event| event["index"] == 1);
    let inputs: Vec<_> = of_first.filter_map(|event| event["delta"]["partial_json"].as_str()).collect();
    assert!(3 <= inputs.len() && inputs[0].is_empty(), "{inputs:?}");
    assert_eq!(inputs.concat(), r#"{"city":"text"}"#);
    let stops = chunks.iter().filter(|event| event["type"] == "content_block_stop").count();
    assert_eq!(stops, 3);
    assert_eq!(chunks[chunks.len() - 2]["delta"]["stop_reason"], "tool_use");
}

#[test]
fn a_call_alone_comes_after_the_first_write() {
    let simulator = start();
    let more = json!({"tools": tools(), "tool_choice": {"type": "any"}});
    let answer = ask(&simulator, &with(stream_question(json!({})), more));
    assert_eq!(types(&answer)[..4], ["message_start", "ping", "content_block_start", "content_block_delta"]);
    let served = simulator.served().pop().unwrap();
    assert_eq!((served.tokens_written, served.complete), (served.completion_tokens, true));
}

#[test]
fn thinks_before_it_speaks() {
    let simulator = start();
    let control = json!({"tokens": 5, "reasoning_tokens": 3});
    let thinking = |display: &str| {
        let thinking = json!({"type": "adaptive", "display": display});
        let body = with(stream_question(control.clone()), json!({"model": NEWER, "thinking": thinking}));
        ask(&simulator, &body)
    };
    let answer = thinking("summarized");
    assert_eq!(
        (deltas(&answer, "thinking").as_str(), deltas(&answer, "text").as_str()),
        ("apple house road", "river stone")
    );
    assert!(!deltas(&answer, "signature").is_empty());
    let end = &answer.chunks()[answer.chunks().len() - 2];
    assert_eq!(end["usage"]["output_tokens_details"]["thinking_tokens"], 3);
    assert_eq!(simulator.served().pop().unwrap().tokens_written, 5, "thoughts that are shown are written");
    let answer = thinking("omitted");
    assert_eq!((deltas(&answer, "thinking").as_str(), deltas(&answer, "signature").is_empty()), ("", false));
    assert_eq!(simulator.served().pop().unwrap().tokens_written, 2);
}

#[test]
fn has_blocks_and_events_to_pass_over_when_asked() {
    let simulator = start();
    let control = json!({"tokens": 3, "extras": true});
    let answer = ask(&simulator, &stream_question(control.clone()));
    let texts = answer.chunks().iter().filter(|event| event["delta"]["type"] == "text_delta").count();
    assert_eq!(texts, 3);
    for name in
        ["redacted_thinking", "server_tool_use", "kind_to_come", "event_to_come", "delta_to_come", "citations_delta"]
    {
        assert!(answer.text().contains(name), "{name}");
    }
    let blocks = ask(&simulator, &question(control)).json()["content"].as_array().unwrap().clone();
    assert_eq!((blocks.len(), &blocks[4]), (5, &json!({"type": "text", "text": "river stone light"})));
}

#[test]
fn an_empty_answer_has_its_ends() {
    let simulator = start();
    let answer = ask(&simulator, &stream_question(json!({"tokens": 0, "finish": "refusal"})));
    assert_eq!(types(&answer), ["message_start", "ping", "message_delta", "message_stop"]);
    assert_eq!(answer.chunks()[2]["delta"]["stop_details"]["type"], "refusal");
}
