//! Whole responses: length, usage, candidates, formats, ends.

use serde_json::{Value, json};

use super::{MODEL, NEWEST, THINKING, ask, call, contents, question, text_of};
use crate::client::{start, with};

#[test]
fn has_the_shape_of_a_response() {
    let simulator = start();
    let answer = ask(&simulator, &question(json!({"tokens": 3, "tag": "t"})));
    assert!(answer.head.contains("content-type: application/json; charset=utf-8"));
    assert!(!answer.head.contains("request-id") && !answer.head.contains("ratelimit"));
    let response = answer.json();
    let candidate =
        json!({"finishReason": "STOP", "content": {"role": "model", "parts": [{"text": "river stone light"}]}});
    assert_eq!(response["candidates"], json!([candidate]), "zeros are left out");
    assert_eq!((&response["modelVersion"], response["responseId"].is_string()), (&json!(MODEL), true));
    let served = simulator.served().pop().unwrap();
    assert_eq!((served.tag.as_deref(), served.model.as_str(), served.completion_tokens), (Some("t"), MODEL, 3));
    let usage = &response["usageMetadata"];
    assert_eq!(usage["promptTokenCount"], served.prompt_tokens);
    assert_eq!(usage["totalTokenCount"], served.prompt_tokens + 3);
    assert!(usage.get("thoughtsTokenCount").is_none() && usage.get("cachedContentTokenCount").is_none());
}

#[test]
fn reports_cached_and_thought_tokens() {
    let simulator = start();
    let control = json!({"tokens": 10, "cached_tokens": 4, "reasoning_tokens": 6});
    let response = ask(&simulator, &question(control.clone())).json();
    let usage = &response["usageMetadata"];
    assert_eq!((&usage["candidatesTokenCount"], &usage["thoughtsTokenCount"]), (&json!(4), &json!(6)));
    assert_eq!(usage["cachedContentTokenCount"], 4);
    let served = simulator.served().pop().unwrap();
    assert_eq!((served.completion_tokens, served.reasoning_tokens, served.cached_tokens), (10, 6, 4));
    assert_eq!((served.tokens_written, usage["totalTokenCount"].as_u64()), (4, Some(served.prompt_tokens + 10)));
    let thinking = json!({"generationConfig": {"thinkingConfig": {"includeThoughts": true, "thinkingBudget": -1}}});
    let response = call(&simulator, (THINKING, "generateContent"), &with(question(control), thinking)).json();
    let parts = &response["candidates"][0]["content"]["parts"];
    assert_eq!((&parts[0]["thought"], &parts[1]["text"]), (&json!(true), &json!("river stone light garden")));
}

#[test]
fn maximum_and_stops_end_it() {
    let simulator = start();
    let config = |config: Value| with(question(json!({"tokens": 9})), json!({"generationConfig": config}));
    let response = ask(&simulator, &config(json!({"maxOutputTokens": 2}))).json();
    assert_eq!(
        (text_of(std::slice::from_ref(&response), 0).as_str(), &response["candidates"][0]["finishReason"]),
        ("river stone", &json!("MAX_TOKENS"))
    );
    let response = ask(&simulator, &config(json!({"stopSequences": ["stone"]}))).json();
    assert_eq!(
        (text_of(std::slice::from_ref(&response), 0).as_str(), &response["candidates"][0]["finishReason"]),
        ("river ", &json!("STOP"))
    );
    let empty = ask(&simulator, &question(json!({"tokens": 0}))).json();
    assert_eq!(empty["candidates"][0]["content"], json!({"role": "model"}));
    assert!(empty["usageMetadata"].get("candidatesTokenCount").is_none());
}

#[test]
fn several_candidates_differ_and_are_all_counted() {
    let simulator = start();
    let body = with(question(json!({"tokens": 5})), json!({"generation_config": {"candidate_count": "3"}}));
    let response = ask(&simulator, &body).json();
    let texts: Vec<_> = (0..3).map(|index| text_of(std::slice::from_ref(&response), index)).collect();
    assert!(texts[0] != texts[1] && texts[1] != texts[2] && !texts[2].is_empty());
    assert_eq!(response["usageMetadata"]["candidatesTokenCount"], 15);
}

#[test]
fn gives_probabilities_when_asked() {
    let simulator = start();
    let config = json!({"generationConfig": {"responseLogprobs": true, "logprobs": 2}});
    let response = ask(&simulator, &with(question(json!({"tokens": 2})), config)).json();
    let result = &response["candidates"][0]["logprobsResult"];
    assert_eq!(result["chosenCandidates"][1]["token"], " stone");
    assert_eq!(result["topCandidates"][1]["candidates"].as_array().unwrap().len(), 2);
    assert!(response["candidates"][0]["avgLogprobs"].is_number());
}

#[test]
fn conforms_to_the_format() {
    let simulator = start();
    let schema = json!({"type": "object", "properties": {
        "steps": {"type": "array", "items": {"type": "STRING", "enum": ["walk", "run"]}, "minItems": "2"},
        "n": {"type": "INTEGER", "minimum": 5}, "note": {"type": "STRING", "nullable": true, "min_length": 6}}});
    let json_of = |config: Value| {
        let config = with(config, json!({"responseMimeType": "application/json"}));
        let response = ask(&simulator, &with(question(json!({})), json!({"generationConfig": config}))).json();
        serde_json::from_str::<Value>(&text_of(&[response], 0)).unwrap()
    };
    assert_eq!(
        json_of(json!({"responseSchema": schema})),
        json!({"steps": ["walk", "walk"], "n": 5, "note": "textxx"})
    );
    let plain = json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"const": 7}}});
    assert_eq!(json_of(json!({"responseJsonSchema": plain})), json!({"a": 7}));
    assert!(json_of(json!({})).is_object());
}

#[test]
fn ends_as_it_is_told() {
    let simulator = start();
    for reason in ["SAFETY", "RECITATION", "MALFORMED_FUNCTION_CALL", "SOMETHING_NEW"] {
        let response = ask(&simulator, &question(json!({"finish": reason, "tokens": 0}))).json();
        let candidate = &response["candidates"][0];
        assert_eq!((&candidate["finishReason"], candidate["content"].get("parts")), (&json!(reason), None));
    }
}

#[test]
fn a_blocked_prompt_has_no_candidates() {
    let simulator = start();
    for method in ["generateContent", "streamGenerateContent?alt=sse"] {
        let answer = call(&simulator, (MODEL, method), &question(json!({"blocked": "PROHIBITED_CONTENT"})));
        let response = if method == "generateContent" { answer.json() } else { answer.chunks()[0].clone() };
        assert_eq!(response["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
        assert!(
            response.get("candidates").is_none() && response["usageMetadata"].get("candidatesTokenCount").is_none()
        );
        let served = simulator.served().pop().unwrap();
        assert_eq!((served.completion_tokens, served.tokens_written, served.complete), (0, 0, true));
    }
}

#[test]
fn accepts_all_that_the_service_accepts() {
    let simulator = start();
    let parts = json!([{"text": "x"}, {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
        {"inline_data": {"mime_type": "audio/wav", "data": "UklGRg"}},
        {"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/a"}}]);
    let full = json!({
        "contents": [{"role": "user", "parts": parts}, {"role": "model", "parts": [{"text": "x"}]}, {"role": "user", "parts": {"text": "y"}}],
        "system_instruction": {"parts": {"text": "Be brief."}}, "tools": super::tools(),
        "toolConfig": {"functionCallingConfig": {"mode": "auto"}}, "cachedContent": null,
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "generationConfig": {"temperature": 2, "topP": 0, "topK": 40, "candidateCount": 8, "maxOutputTokens": 1, "seed": -5,
            "stopSequences": ["a", "b", "c", "d", "e"], "presencePenalty": -2, "frequencyPenalty": 1.5,
            "responseMimeType": "text/plain", "responseModalities": ["TEXT"]},
    });
    let answer = ask(&simulator, &full);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let level = json!({"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}, "responseMimeType": "application/json"}, "tools": super::tools()});
    assert_eq!(call(&simulator, (NEWEST, "generateContent"), &with(question(json!({})), level)).status, 200);
    let roleless = json!({"contents": {"parts": [{"text": "x"}]}});
    assert_eq!(ask(&simulator, &roleless).status, 200);
    let stable = format!("POST /v1/models/{MODEL}:generateContent");
    let mut client = crate::client::Client::connect(&simulator);
    let body = json!({"contents": contents(&json!({"tokens": 1}))}).to_string();
    client.send(crate::client::request(&stable, super::HEADERS, &body).as_bytes());
    assert_eq!(client.answer().unwrap().status, 200);
}
