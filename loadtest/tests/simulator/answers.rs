//! JSON answers: length, usage, tools, formats.

use serde_json::{Value, json};

use crate::client::{Client, ask, question, start, with};

fn tokens(text: &str) -> u64 {
    tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len() as u64
}

fn text_of(answer: &Value) -> String {
    answer["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
}

#[test]
fn has_exactly_the_tokens_asked_for() {
    let simulator = start();
    for length in [1, 2, 50, 333] {
        let answer = ask(&simulator, &question(json!({"tokens": length}))).json();
        assert_eq!(tokens(&text_of(&answer)), length);
        assert_eq!(answer["usage"]["completion_tokens"], length);
        assert_eq!(answer["choices"][0]["finish_reason"], "stop");
        assert_eq!(answer["object"], "chat.completion");
    }
}

#[test]
fn the_requests_maximum_cuts_it() {
    let simulator = start();
    for field in ["max_tokens", "max_completion_tokens"] {
        let answer = ask(&simulator, &with(question(json!({"tokens": 9})), json!({field: 4}))).json();
        assert_eq!(tokens(&text_of(&answer)), 4);
        assert_eq!(
            (&answer["choices"][0]["finish_reason"], &answer["usage"]["completion_tokens"]),
            (&json!("length"), &json!(4))
        );
        let answer = ask(&simulator, &with(question(json!({"tokens": 4})), json!({field: 4}))).json();
        assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    }
}

#[test]
fn counts_the_prompt_by_the_published_rule() {
    let simulator = start();
    let body = json!({"model": "gpt-4o", "messages": [
        {"role": "system", "content": "You are helpful."},
        {"role": "user", "name": "Anna", "content": [{"type": "text", "text": "What is the answer?"}]}]});
    let expected = 3
        + tokens("system")
        + tokens("You are helpful.")
        + 3
        + tokens("user")
        + tokens("What is the answer?")
        + 1
        + tokens("Anna")
        + 3;
    let usage = &ask(&simulator, &body).json()["usage"];
    assert_eq!(usage["prompt_tokens"], expected);
    assert_eq!(usage["total_tokens"], expected + usage["completion_tokens"].as_u64().unwrap());
}

#[test]
fn reports_cached_and_reasoning_tokens() {
    let simulator = start();
    let control = json!({"tokens": 10, "cached_tokens": 4, "reasoning_tokens": 6});
    let answer = ask(&simulator, &question(control)).json();
    assert_eq!(answer["usage"]["prompt_tokens_details"]["cached_tokens"], 4);
    assert_eq!(answer["usage"]["completion_tokens_details"]["reasoning_tokens"], 6);
    assert_eq!(answer["usage"]["completion_tokens"], 10);
    assert_eq!(tokens(&text_of(&answer)), 4, "reasoning is not sent");
    let answer =
        ask(&simulator, &question(json!({"tokens": 2, "cached_tokens": 10_000, "reasoning_tokens": 9}))).json();
    assert_eq!(answer["usage"]["prompt_tokens_details"]["cached_tokens"], answer["usage"]["prompt_tokens"]);
    assert_eq!(answer["usage"]["completion_tokens_details"]["reasoning_tokens"], 2);
    assert_eq!(text_of(&answer), "");
}

#[test]
fn a_text_may_hold_the_control() {
    let simulator = start();
    let control = "<simulator>{\"tokens\": 3, \"tag\": \"t\", \"finish\": \"content_filter\"}</simulator>";
    let messages = json!([{"role": "system", "content": control}, {"role": "user", "content": "Hello"}]);
    let body = json!({"model": "gpt-4o", "messages": messages});
    let answer = ask(&simulator, &body).json();
    assert_eq!((tokens(&text_of(&answer)), &answer["choices"][0]["finish_reason"]), (3, &json!("content_filter")));
    assert_eq!(simulator.served()[0].tag.as_deref(), Some("t"));
    let answer = ask(&simulator, &with(body, json!({"simulator": {"tokens": 1}}))).json();
    assert_eq!(tokens(&text_of(&answer)), 1, "the parameter wins");
    let wrong = json!([{"role": "user", "content": "<simulator>{}"}]);
    assert_eq!(ask(&simulator, &json!({"model": "gpt-4o", "messages": wrong})).json()["error"]["param"], "simulator");
}

#[test]
fn text_may_come_before_tool_calls() {
    let simulator = start();
    let body = with(question(json!({"tool_calls": 1, "preamble_tokens": 2})), json!({"tools": tools()}));
    let choice = ask(&simulator, &body).json()["choices"][0].clone();
    assert_eq!(
        (&choice["message"]["content"], &choice["finish_reason"]),
        (&json!("river stone"), &json!("tool_calls"))
    );
    assert_eq!(choice["message"]["tool_calls"].as_array().unwrap().len(), 1);
}

#[test]
fn several_choices_differ_and_are_all_counted() {
    let simulator = start();
    let answer = ask(&simulator, &with(question(json!({"tokens": 5})), json!({"n": 3}))).json();
    let texts: Vec<_> =
        answer["choices"].as_array().unwrap().iter().map(|choice| &choice["message"]["content"]).collect();
    assert_eq!(texts.len(), 3);
    assert!(texts[0] != texts[1] && texts[1] != texts[2]);
    assert_eq!(answer["usage"]["completion_tokens"], 15);
}

fn tools() -> Value {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!([{"type": "function", "function": {"name": "get_weather", "parameters": parameters}},
        {"type": "function", "function": {"name": "get_time"}}])
}

#[test]
fn calls_tools_when_it_is_to() {
    let simulator = start();
    let asked = |control: Value, more: Value| {
        let body = with(with(question(control), json!({"tools": tools()})), more);
        let answer = ask(&simulator, &body).json();
        let calls = answer["choices"][0]["message"]["tool_calls"].as_array().cloned().unwrap_or_default();
        let names: Vec<_> = calls.iter().map(|call| call["function"]["name"].as_str().unwrap().to_owned()).collect();
        (names.join(","), answer)
    };
    assert_eq!(asked(json!({}), json!({})).0, "");
    assert_eq!(asked(json!({}), json!({"tool_choice": "required"})).0, "get_weather");
    let named = json!({"type": "function", "function": {"name": "get_time"}});
    assert_eq!(asked(json!({}), json!({"tool_choice": named})).0, "get_time");
    assert_eq!(asked(json!({"tool_calls": 2}), json!({"tool_choice": "none"})).0, "");
    assert_eq!(asked(json!({"tool_calls": 2}), json!({"parallel_tool_calls": false})).0, "get_weather");
    let (names, answer) = asked(json!({"tool_calls": 3}), json!({}));
    assert_eq!(names, "get_weather,get_time,get_weather");
    let choice = &answer["choices"][0];
    assert_eq!((&choice["finish_reason"], &choice["message"]["content"]), (&json!("tool_calls"), &Value::Null));
    assert_eq!(choice["message"]["tool_calls"][0]["function"]["arguments"], r#"{"city":"text"}"#);
    assert_ne!(choice["message"]["tool_calls"][0]["id"], choice["message"]["tool_calls"][2]["id"]);
}

#[test]
fn answers_in_text_after_the_result_of_a_tool() {
    let simulator = start();
    let call = json!({"id": "c", "type": "function", "function": {"name": "get_time", "arguments": "{}"}});
    let messages = json!([{"role": "user", "content": "?"}, {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "noon"}]);
    let body = with(question(json!({"tool_calls": 1})), json!({"tools": tools(), "messages": messages}));
    let answer = ask(&simulator, &body).json();
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert!(answer["choices"][0]["message"].get("tool_calls").is_none());
}

#[test]
fn conforms_to_the_format() {
    let simulator = start();
    let schema = json!({"type": "object", "properties": {"steps": {"type": "array", "items": {"$ref": "#/$defs/Step"}}},
        "required": ["steps"], "$defs": {"Step": {"enum": ["walk", "run"]}}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "plan", "strict": true, "schema": schema}});
    let answer = ask(&simulator, &with(question(json!({})), json!({"response_format": format}))).json();
    assert_eq!(text_of(&answer), r#"{"steps":["walk"]}"#);
    assert_eq!(answer["usage"]["completion_tokens"], tokens(r#"{"steps":["walk"]}"#));
    let messages = json!([{"role": "user", "content": "Answer in JSON."}]);
    let more = json!({"response_format": {"type": "json_object"}, "messages": messages});
    let answer = ask(&simulator, &with(question(json!({})), more)).json();
    assert!(serde_json::from_str::<Value>(&text_of(&answer)).unwrap().is_object());
}

#[test]
fn a_maximum_cuts_json_too() {
    let simulator = start();
    let schema = json!({"type": "array", "items": {"type": "string"}, "minItems": 40});
    let format = json!({"type": "json_schema", "json_schema": {"name": "list", "schema": schema}});
    let body = with(question(json!({})), json!({"response_format": format, "max_tokens": 30}));
    let answer = ask(&simulator, &body).json();
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    assert!(tokens(&text_of(&answer)) <= 30 && answer["usage"]["completion_tokens"].as_u64().unwrap() <= 30);
}

#[test]
fn gives_probabilities_when_asked() {
    let simulator = start();
    let answer =
        ask(&simulator, &with(question(json!({"tokens": 2})), json!({"logprobs": true, "top_logprobs": 3}))).json();
    let content = answer["choices"][0]["logprobs"]["content"].as_array().unwrap();
    assert_eq!(content.len(), 2);
    assert_eq!(content[0]["top_logprobs"].as_array().unwrap().len(), 3);
    assert!(ask(&simulator, &question(json!({}))).json()["choices"][0]["logprobs"].is_null());
}

#[test]
fn lists_models() {
    let simulator = start();
    let list = Client::connect(&simulator).get("/v1/models").json();
    assert_eq!((&list["object"], &list["data"][0]["object"]), (&json!("list"), &json!("model")));
}

#[actix_rt::test]
async fn a_client_library_understands_it() {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let simulator = start();
    let url = format!("{}/chat/completions", simulator.base_url());
    let client = awc::Client::default();
    for _ in 0..2 {
        let request = client.post(&url).bearer_auth("sk-test");
        let mut response = request.send_json(&question(json!({"tokens": 3}))).await.unwrap();
        let answer: Value = serde_json::from_slice(&response.body().await.unwrap()).unwrap();
        assert_eq!(answer["usage"]["completion_tokens"], 3);
    }
}
