use std::collections::HashSet;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

const MODELS: [&str; 4] =
    ["claude-3-opus-20240229", "claude-3-7-sonnet-latest", "claude-sonnet-4-5", "claude-opus-4-6"];

/// The bodies of the golden requests.
fn bodies() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/anthropic/request");
    let inputs = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let inputs = inputs.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let case = |path| serde_json::from_str::<Value>(&fs::read_to_string(path).unwrap()).unwrap();
    inputs.map(|path| case(path)["body"].to_string()).collect()
}

/// Encodes a body for each generation of models, if it is a request: the outcome keeps Anthropic's rules, or is refused
/// in words that help.
fn exercise(body: &[u8]) {
    let Ok(request) = ChatRequest::parse(Bytes::copy_from_slice(body)) else { return };
    for model in MODELS {
        let target = Target { model, model_max_output_tokens: 8_192, max_output_tokens: Some(2_000) };
        match encode(&request, &target) {
            Err(invalid) => {
                assert!(invalid.param.is_some() && invalid.message.contains("Anthropic's models"), "{invalid}");
            }
            Ok(encoded) => {
                check(&serde_json::from_slice(&encoded.body).unwrap());
                let names: HashSet<_> = encoded.dropped.iter().collect();
                assert_eq!(names.len(), encoded.dropped.len(), "each name once");
            }
        }
    }
}

/// The rules for a whole body.
fn check(body: &Value) {
    const KEYS: [&str; 14] = [
        "model",
        "max_tokens",
        "messages",
        "system",
        "temperature",
        "top_p",
        "top_k",
        "stop_sequences",
        "stream",
        "tools",
        "tool_choice",
        "metadata",
        "thinking",
        "output_config",
    ];
    assert!(body.as_object().unwrap().keys().all(|key| KEYS.contains(&key.as_str())), "{body}");
    assert!(!body.to_string().contains("\"cache_control\":null"));
    let max_tokens = body["max_tokens"].as_u64().unwrap();
    assert!(max_tokens <= 2_000);
    if let Some(budget) = body["thinking"].get("budget_tokens") {
        let budget = budget.as_u64().unwrap();
        assert!((1_024..max_tokens).contains(&budget));
        assert!(body["temperature"].as_f64().unwrap_or(1.0) >= 1.0 && body.get("top_k").is_none());
    }
    let turns = body["messages"].as_array().unwrap();
    assert!(!turns.is_empty());
    let mut ids = HashSet::new();
    for (at, turn) in turns.iter().enumerate() {
        assert_eq!(turn["role"], ["user", "assistant"][at % 2], "a user begins, and they alternate");
        check_turn(turn, turns.get(at + 1), &mut ids);
    }
    let last = turns.last().unwrap();
    if last["role"] == "assistant" {
        let blocks = last["content"].as_array().unwrap();
        let text = blocks.last().unwrap()["text"].as_str().unwrap();
        assert!(body["model"] != "claude-opus-4-6" && text.trim_end() == text);
    }
    for tool in body["tools"].as_array().into_iter().flatten() {
        assert_eq!(tool["input_schema"]["type"], "object");
    }
    assert!(ids.is_empty() || !body["tools"].as_array().unwrap().is_empty(), "calls need tools");
    assert!(body.get("tool_choice").is_none() || body["tools"].is_array());
}

/// The rules for a turn and the one behind it.
fn check_turn(turn: &Value, next: Option<&Value>, ids: &mut HashSet<String>) {
    let blocks = turn["content"].as_array().unwrap();
    assert!(!blocks.is_empty());
    let of_kind = |turn: &Value, kind: &str, id: &str| -> Vec<String> {
        let blocks = turn["content"].as_array().unwrap().iter().filter(|block| block["type"] == kind);
        blocks.map(|block| block[id].as_str().unwrap().to_owned()).collect()
    };
    let mut called = of_kind(turn, "tool_use", "id");
    for id in &called {
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)), "{id}");
        assert!(ids.insert(id.clone()), "{id} comes twice");
    }
    let mut answered = next.map_or_else(Vec::new, |next| of_kind(next, "tool_result", "tool_use_id"));
    called.sort_unstable();
    answered.sort_unstable();
    assert_eq!(called, answered, "each call is answered once");
    let first_other = blocks.iter().position(|block| block["type"] != "tool_result").unwrap_or(blocks.len());
    assert!(blocks[first_other..].iter().all(|block| block["type"] != "tool_result"), "results come first");
    for block in blocks {
        if block["type"] == "text" {
            assert!(!block["text"].as_str().unwrap().trim().is_empty());
        }
        assert!(block["type"] != "tool_use" || block["input"].is_object());
    }
}

#[test]
fn what_is_sent_keeps_the_rules() {
    for body in bodies() {
        exercise(body.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn damaged_requests_are_refused_or_keep_the_rules(
        body in prop::sample::select(bodies()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"{}[]\",:\\u01a_ .".to_vec()), 0_usize..3), 1..4),
    ) {
        let mut body = body.into_bytes();
        for (at, byte, edit) in edits {
            let at = at.index(body.len());
            match edit {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ => drop(body.remove(at)),
            }
        }
        exercise(&body);
    }

    #[test]
    fn messages_of_any_order_keep_the_rules(
        turns in prop::collection::vec((0_usize..6, "[ab. ]{0,2}", 1_usize..3), 1..12),
    ) {
        let mut messages = Vec::new();
        for (kind, text, calls) in turns {
            let ids: Vec<String> = (0..calls).map(|call| format!("{text}{call}")).collect();
            match kind {
                0 => messages.push(serde_json::json!({"role": "system", "content": text})),
                1 => messages.push(serde_json::json!({"role": "user", "content": format!("{text}?")})),
                2 | 3 => messages.push(serde_json::json!({"role": "assistant", "content": text})),
                _ => {
                    let call = |id| serde_json::json!({"id": id, "type": "function",
                        "function": {"name": "f", "arguments": "{}"}});
                    let calls: Vec<Value> = ids.iter().map(call).collect();
                    messages.push(serde_json::json!({"role": "assistant", "content": text, "tool_calls": calls}));
                    let answer = |id| serde_json::json!({"role": "tool", "tool_call_id": id, "content": text});
                    messages.extend(ids.iter().rev().map(answer));
                }
            }
        }
        exercise(serde_json::json!({"model": "m", "messages": messages}).to_string().as_bytes());
    }
}
