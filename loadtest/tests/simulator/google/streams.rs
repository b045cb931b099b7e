//! Streams of events and arrays.

use serde_json::{Value, json};

use super::{MODEL, THINKING, ask, ask_stream, call, question, text_of, tools};
use crate::client::{Answer, start, with};

/// All responses of a stream of events.
fn responses(answer: &Answer) -> Vec<Value> {
    answer.data().iter().map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[test]
fn has_its_responses_in_their_order() {
    let simulator = start();
    let answer = ask_stream(&simulator, &question(json!({"tokens": 3, "reasoning_tokens": 1, "cached_tokens": 2})));
    assert!(answer.head.contains("content-type: text/event-stream"));
    assert!(answer.text().matches("\r\n\r\n").count() == 4 && !answer.text().replace("\r\n", "").contains('\n'));
    let responses = responses(&answer);
    assert_eq!(text_of(&responses, 0), "river stone");
    let (last, early) = responses.split_last().unwrap();
    for response in early {
        assert!(response["candidates"][0].get("finishReason").is_none());
        assert!(response["usageMetadata"]["promptTokenCount"].is_u64());
        assert!(response["usageMetadata"].get("candidatesTokenCount").is_none());
    }
    assert_eq!(last["candidates"][0]["finishReason"], "STOP");
    let usage = &last["usageMetadata"];
    assert_eq!((&usage["candidatesTokenCount"], &usage["thoughtsTokenCount"]), (&json!(2), &json!(1)));
    assert_eq!(usage["cachedContentTokenCount"], 2);
    assert!(responses.iter().all(|response| response["responseId"] == last["responseId"]));
    assert_eq!(answer.frames.len(), responses.len(), "each event is a chunk of its own");
}

#[test]
fn newer_models_count_as_they_go() {
    let simulator = start();
    let target = (THINKING, "streamGenerateContent?alt=sse");
    let responses = responses(&call(&simulator, target, &question(json!({"tokens": 3}))));
    let figures: Vec<_> = responses
        .iter()
        .map(|response| response["usageMetadata"]["candidatesTokenCount"].as_u64().unwrap_or(0))
        .collect();
    assert_eq!(figures, [0, 1, 2, 3, 3]);
}

#[test]
fn says_the_same_as_a_response() {
    let simulator = start();
    let body = with(question(json!({"tokens": 20})), json!({"generationConfig": {"candidateCount": 2}}));
    let whole = ask(&simulator, &body).json();
    let streamed = responses(&ask_stream(&simulator, &body));
    for index in 0..2 {
        assert_eq!(text_of(std::slice::from_ref(&whole), index), text_of(&streamed, index));
    }
    assert_eq!(whole["usageMetadata"], streamed.last().unwrap()["usageMetadata"]);
    let order: Vec<_> =
        streamed.iter().take(5).map(|response| response["candidates"][0]["index"].as_u64().unwrap_or(0)).collect();
    assert_eq!(order, [0, 1, 0, 1, 0], "candidates take turns");
}

#[test]
fn without_events_it_is_one_array() {
    let simulator = start();
    let answer = call(&simulator, (MODEL, "streamGenerateContent"), &question(json!({"tokens": 3})));
    assert!(
        answer.head.contains("content-type: application/json") && answer.head.contains("transfer-encoding: chunked")
    );
    let responses = answer.json().as_array().unwrap().clone();
    assert_eq!((responses.len(), text_of(&responses, 0).as_str()), (5, "river stone light"));
    let refused = call(&simulator, (MODEL, "streamGenerateContent"), &json!({}));
    assert_eq!((refused.status, &refused.json()[0]["error"]["status"]), (400, &json!("INVALID_ARGUMENT")));
}

#[test]
fn calls_come_whole() {
    let simulator = start();
    let body = with(question(json!({"tool_calls": 2, "preamble_tokens": 2})), json!({"tools": tools()}));
    let responses = responses(&ask_stream(&simulator, &body));
    let calls: Vec<_> = responses
        .iter()
        .filter_map(|response| response["candidates"][0]["content"]["parts"][0].get("functionCall"))
        .collect();
    assert_eq!(
        calls,
        [&json!({"name": "get_weather", "args": {"city": "text"}}), &json!({"name": "get_time", "args": {}})]
    );
    assert_eq!(text_of(&responses, 0), "river stone");
    assert_eq!(responses.last().unwrap()["candidates"][0]["finishReason"], "STOP");
    let served = simulator.served().pop().unwrap();
    assert_eq!((served.tokens_written, served.complete), (served.completion_tokens, true));
}

#[test]
fn newer_models_join_text_and_calls() {
    let simulator = start();
    let body = with(question(json!({"tool_calls": 2, "preamble_tokens": 2})), json!({"tools": tools()}));
    let responses = responses(&call(&simulator, (THINKING, "streamGenerateContent?alt=sse"), &body));
    let parts = responses[2]["candidates"][0]["content"]["parts"].as_array().unwrap();
    let kinds: Vec<_> = parts.iter().map(|part| part.as_object().unwrap().keys().next().unwrap().as_str()).collect();
    assert_eq!((kinds, text_of(&responses, 0).as_str()), (vec!["text", "functionCall", "functionCall"], "river stone"));
    let served = simulator.served().pop().unwrap();
    assert_eq!((served.tokens_written, served.complete), (served.completion_tokens, true));
}

#[test]
fn has_parts_to_pass_over_when_asked() {
    let simulator = start();
    let body = question(json!({"tokens": 3, "extras": true}));
    let streamed = responses(&ask_stream(&simulator, &body));
    let whole = ask(&simulator, &body).json();
    for responses in [&streamed[..], std::slice::from_ref(&whole)] {
        assert_eq!(text_of(responses, 0), "river stone light");
        let text = serde_json::to_string(responses).unwrap();
        assert!(["executableCode", "partToCome", "citationMetadata"].iter().all(|name| text.contains(name)), "{text}");
    }
}

#[test]
fn probabilities_go_with_their_tokens() {
    let simulator = start();
    let config = json!({"generationConfig": {"responseLogprobs": true}});
    let responses = responses(&ask_stream(&simulator, &with(question(json!({"tokens": 2})), config)));
    let tokens: Vec<_> = responses
        .iter()
        .filter_map(|response| response["candidates"][0]["logprobsResult"]["chosenCandidates"][0]["token"].as_str())
        .collect();
    assert_eq!(tokens, ["river", " stone"]);
}
