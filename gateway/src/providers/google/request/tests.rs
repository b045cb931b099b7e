use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const TARGET: Target<'_> = Target { model: "gemini-1.5-pro", model_max_output_tokens: 8_192, max_output_tokens: None };

fn encoded(body: &str, target: &Target<'_>) -> Result<String, InvalidRequest> {
    let request = ChatRequest::parse(Bytes::copy_from_slice(body.as_bytes()))?;
    Ok(String::from_utf8(encode(&request, target)?.body.to_vec()).unwrap())
}

#[test]
fn large_payloads_pass_as_they_are() {
    let data = "QUJD".repeat(1 << 18);
    let body = json!({ "model": "m", "messages": [{ "role": "user", "content": [
        { "type": "image_url", "image_url": { "url": format!("data:image/png;base64,{data}") } },
    ] }] });
    let expected = json!({ "contents": [{ "role": "user", "parts": [
        { "inlineData": { "mimeType": "image/png", "data": data } },
    ] }] });
    assert_eq!(encoded(&body.to_string(), &TARGET).unwrap(), expected.to_string());
}

#[test]
fn a_definition_for_newer_models_passes_byte_for_byte() {
    let schema = r#"{ "type":"object", "x":1.10, "properties":{"z":{"const":9007199254740993},"a":{}} }"#;
    let tools = format!(r#"[{{"type":"function","function":{{"name":"f","parameters":{schema}}}}}]"#);
    let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],"tools":{tools}}}"#);
    let target = Target { model: "gemini-2.5-pro", ..TARGET };
    assert!(encoded(&body, &target).unwrap().contains(&format!("\"parametersJsonSchema\":{schema}")));
}

#[test]
fn every_refusal_names_its_parameter_and_google() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/google/request");
    let mut refused = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        if path.extension().is_none_or(|extension| extension != "snap") || !text.starts_with("400") {
            continue;
        }
        refused += 1;
        assert!(text.contains("Google's models") && text.starts_with("400 Some"), "{}: {text}", path.display());
    }
    assert!(refused > 50, "{refused}");
}

/// Turns of a conversation that may stand in any order.
fn turns() -> impl Strategy<Value = Vec<Value>> {
    let said = |role: &'static str| "[a-z ]{0,4}".prop_map(move |text| vec![json!({ "role": role, "content": text })]);
    let calls = (prop::collection::vec("[a-c]", 1..4), any::<bool>(), "[a-z]{0,2}").prop_map(|(names, backwards, text)| {
        let call = |(id, name): (usize, &String)| json!({ "id": format!("c{id}"), "type": "function", "function": { "name": name, "arguments": format!("{{\"id\":{id}}}") } });
        let calls: Vec<_> = names.iter().enumerate().map(call).collect();
        let answer = |id: usize| json!({ "role": "tool", "tool_call_id": format!("c{id}"), "content": format!("{id}") });
        let mut answers: Vec<_> = (0..names.len()).map(answer).collect();
        if backwards {
            answers.reverse();
        }
        [vec![json!({ "role": "assistant", "content": text, "tool_calls": calls })], answers].concat()
    });
    let turn = prop_oneof![3 => said("user"), 2 => said("assistant"), 1 => said("system"), 2 => calls];
    prop::collection::vec(turn, 1..8).prop_map(|turns| turns.concat())
}

proptest! {
    #[test]
    fn every_conversation_keeps_googles_rules(messages in turns()) {
        let body = json!({ "model": "m", "messages": messages }).to_string();
        let Ok(sent) = encoded(&body, &TARGET) else { return Ok(()) };
        let sent: Value = serde_json::from_str(&sent).unwrap();
        let turns = sent["contents"].as_array().unwrap();
        let count = |turn: &Value, kind: &str| turn["parts"].as_array().unwrap().iter().filter(|part| part.get(kind).is_some()).count();
        prop_assert!(!turns.is_empty() && count(&turns[0], "functionCall") == 0);
        for (at, turn) in turns.iter().enumerate() {
            prop_assert!(!turn["parts"].as_array().unwrap().is_empty());
            let calls = count(turn, "functionCall");
            if calls > 0 {
                let answers = &turns[at + 1];
                prop_assert!(count(answers, "functionResponse") == calls && answers["parts"].as_array().unwrap().len() == calls);
                let all = turn["parts"].as_array().unwrap();
                let made = all.iter().filter_map(|part| part.get("functionCall"));
                for (call, answer) in made.zip(answers["parts"].as_array().unwrap()) {
                    prop_assert_eq!(&call["name"], &answer["functionResponse"]["name"]);
                    prop_assert_eq!(call["args"]["id"].to_string(), answer["functionResponse"]["response"]["output"].as_str().unwrap());
                }
                prop_assert_eq!(&turns[at - 1]["role"], "user");
            }
            let is_answer = count(turn, "functionResponse") > 0;
            let next = turns.get(at + 1).map(|next| &next["role"]);
            prop_assert!(is_answer || next != Some(&turn["role"]), "neighbours are merged");
        }
    }

    #[test]
    fn broken_requests_never_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        model in prop::sample::select(vec!["gemini-1.5-pro", "gemini-2.5-flash", "gemini-3-pro", "x"]),
    ) {
        let mut body = br#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},{"role":"assistant","tool_calls":[{"id":"call_a.ab","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"call_a.ab","content":"{}"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":["string","null"]}}}}}],"tool_choice":"auto","temperature":0.7,"stop":["x"],"n":2,"seed":7,"reasoning_effort":"none"}"#.to_vec();
        for (at, byte) in edits {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let target = Target { model, ..TARGET };
        if let Ok(sent) = encoded(&String::from_utf8_lossy(&body), &target) {
            prop_assert!(serde_json::from_str::<Value>(&sent).is_ok());
        }
    }
}
