//! Streams: their chunks, their usage, their writes.

use serde_json::{Value, json};

use crate::client::{ask, question, start, stream_question, with};

#[test]
fn has_its_chunks_in_their_order() {
    let simulator = start();
    let answer = ask(&simulator, &stream_question(json!({"tokens": 50})));
    assert!(answer.head.contains("content-type: text/event-stream"));
    let (chunks, data) = (answer.chunks(), answer.data());
    assert_eq!(chunks.len(), 1 + 50 + 1 + 1);
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    assert!(chunks[1..].iter().all(|chunk| chunk["choices"][0]["delta"].get("role").is_none()));
    assert_eq!(
        (&chunks[51]["choices"][0]["delta"], &chunks[51]["choices"][0]["finish_reason"]),
        (&json!({}), &json!("stop"))
    );
    assert!(chunks[..51].iter().all(|chunk| chunk["choices"][0]["finish_reason"].is_null()));
    assert!(chunks[..52].iter().all(|chunk| chunk["usage"] == Value::Null && chunk.get("usage").is_some()));
    assert_eq!((&chunks[52]["choices"], &chunks[52]["usage"]["completion_tokens"]), (&json!([]), &json!(50)));
    assert_eq!(data.last().unwrap(), "[DONE]");
    assert!(chunks.iter().all(|chunk| chunk["id"] == chunks[0]["id"] && chunk["model"] == "gpt-4o"));
    assert_eq!(tiktoken_rs::o200k_base_singleton().encode_ordinary(&answer.content(0)).len(), 50);
    assert_eq!(answer.frames.len(), 54, "each event is a chunk of its own");
}

#[test]
fn has_no_usage_unless_asked() {
    let simulator = start();
    let answer = ask(&simulator, &with(question(json!({"tokens": 2})), json!({"stream": true})));
    assert!(answer.chunks().iter().all(|chunk| chunk.get("usage").is_none() && chunk["choices"][0].is_object()));
    assert!(answer.text().contains("obfuscation"));
    let plain = json!({"stream": true, "stream_options": {"include_obfuscation": false}});
    assert!(!ask(&simulator, &with(question(json!({"tokens": 2})), plain)).text().contains("obfuscation"));
}

#[test]
fn choices_take_turns() {
    let simulator = start();
    let answer = ask(&simulator, &with(stream_question(json!({"tokens": 3})), json!({"n": 2})));
    let order: Vec<_> = answer.chunks().iter().filter_map(|chunk| chunk["choices"][0]["index"].as_u64()).collect();
    assert_eq!(order, [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
    assert_ne!(answer.content(0), answer.content(1));
    assert_eq!(answer.chunks().last().unwrap()["usage"]["completion_tokens"], 6);
}

#[test]
fn says_the_same_as_json() {
    let simulator = start();
    let whole = ask(&simulator, &question(json!({"tokens": 20}))).json();
    let streamed = ask(&simulator, &stream_question(json!({"tokens": 20})));
    assert_eq!(whole["choices"][0]["message"]["content"], streamed.content(0));
    assert_eq!(whole["usage"], streamed.chunks().last().unwrap()["usage"]);
}

#[test]
fn streams_the_arguments_of_tools() {
    let simulator = start();
    let properties =
        json!({"city": {"type": "string"}, "days": {"type": "array", "items": {"type": "integer"}, "minItems": 9}});
    let tool = json!({"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": properties}}});
    let answer = ask(&simulator, &with(stream_question(json!({"tool_calls": 2})), json!({"tools": [tool]})));
    let chunks = answer.chunks();
    let deltas: Vec<_> =
        chunks.iter().map(|chunk| &chunk["choices"][0]["delta"]["tool_calls"][0]).filter(|it| it.is_object()).collect();
    for index in 0..2 {
        let of_call: Vec<_> = deltas.iter().filter(|delta| delta["index"] == index).collect();
        assert!(3 <= of_call.len(), "the arguments come in several parts");
        assert!(of_call[0]["id"].is_string() && of_call[0]["function"]["name"] == "f");
        assert!(of_call[1..].iter().all(|delta| delta.get("id").is_none() && delta["function"].get("name").is_none()));
        let arguments: String = of_call.iter().map(|delta| delta["function"]["arguments"].as_str().unwrap()).collect();
        assert_eq!(arguments, r#"{"city":"text","days":[1,1,1,1,1,1,1,1,1]}"#);
    }
    let finishes: Vec<_> = chunks.iter().filter_map(|chunk| chunk["choices"][0]["finish_reason"].as_str()).collect();
    assert_eq!(finishes, ["tool_calls"]);
}

#[test]
fn probabilities_go_with_their_tokens() {
    let simulator = start();
    let answer = ask(&simulator, &with(stream_question(json!({"tokens": 2})), json!({"logprobs": true})));
    let chunks = answer.chunks();
    assert_eq!(chunks[1]["choices"][0]["logprobs"]["content"][0]["token"], chunks[1]["choices"][0]["delta"]["content"]);
    assert!(chunks[0]["choices"][0]["logprobs"].is_null());
}
