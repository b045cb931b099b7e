//! No body keeps the simulator from its answer.

use proptest::prelude::*;
use serde_json::{Value, json};
use syntopen_loadtest::simulator::Simulator;

use crate::client::{Client, request, start};

const HEADERS: [(&str, &str); 3] = [
    ("POST /v1/chat/completions", "authorization: Bearer x\r\n"),
    ("POST /v1/messages", "x-api-key: x\r\nanthropic-version: 2023-06-01\r\ncontent-type: application/json\r\n"),
    ("POST /v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse", "x-goog-api-key: x\r\n"),
];

/// A request of each service that has about everything.
fn whole(service: usize) -> Value {
    let schema = json!({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}}, "required": ["a"]});
    match service {
        0 => json!({"model": "gpt-4o", "max_tokens": 9, "n": 2, "stop": ["x"], "stream": true,
            "tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}], "tool_choice": "required",
            "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]},
                {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "a", "content": "x"}]}),
        1 => json!({"model": "claude-3-5-haiku-latest", "max_tokens": 9, "stop_sequences": ["one"], "stream": true,
            "system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}], "metadata": {"user_id": "u"},
            "tools": [{"name": "f", "input_schema": schema}], "tool_choice": {"type": "tool", "name": "f"},
            "messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": "https://x.example/"}}]},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "x"}]}]}]}),
        _ => {
            json!({"systemInstruction": {"parts": [{"text": "x"}]}, "generationConfig": {"candidateCount": 2, "maxOutputTokens": 9,
                "responseLogprobs": true, "logprobs": 2, "stopSequences": ["one"], "thinkingConfig": {"includeThoughts": true}},
            "tools": [{"functionDeclarations": [{"name": "f", "parameters": schema}]}],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
            "contents": [{"role": "user", "parts": [{"text": "x"}, {"inlineData": {"mimeType": "image/png", "data": "aGk="}}]},
                {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"a": []}}, "thoughtSignature": "af63db4c8601ead9"}]},
                {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]}]})
        }
    }
}

/// Puts `value` in the place of the `position`-th value of `into`, counted through all levels.
fn replace(into: &mut Value, position: &mut usize, value: &Value) {
    if *position == 0 {
        *into = value.clone();
    }
    *position = position.wrapping_sub(1);
    match into {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, position, value)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, position, value)),
        _ => {}
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        prop_oneof!["text", "tool_use", "user", "assistant", "model", "object", "OBJECT", "ephemeral"]
            .prop_map(Value::from),
    ];
    let key = prop_oneof!["type", "text", "name", "role", "parts", "content", "id", "anyOf", "items", "[a-z]{1,6}"];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn status(simulator: &Simulator, service: usize, body: &Value) -> u16 {
    let (start, headers) = HEADERS[service];
    let mut client = Client::connect(simulator);
    client.send(request(start, headers, &body.to_string()).as_bytes());
    let answer = client.answer().unwrap();
    assert!(answer.whole, "{body}");
    answer.status
}

#[test]
fn whole_requests_are_answered() {
    let simulator = start();
    for service in 0..3 {
        assert_eq!(status(&simulator, service, &whole(service)), 200, "{service}");
    }
}

#[test]
fn spoilt_requests_are_answered_or_refused() {
    let simulator = start();
    let config = ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(service in 0_usize..3, position in 0_usize..70, value in any_value())| {
        let mut body = whole(service);
        replace(&mut body, &mut { position }, &value);
        prop_assert!([200, 400].contains(&status(&simulator, service, &body)), "{body}");
    });
}
