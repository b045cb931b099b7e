//! Whole messages: length, usage, tools, formats, stops.

use serde_json::{Value, json};

use super::{NEWER, ask, call, question, result, text, tool_turns, tools};
use crate::client::{start, with};

#[test]
fn has_the_shape_of_a_message() {
    let simulator = start();
    let answer = ask(&simulator, &question(json!({"tokens": 3})));
    let message = answer.json();
    assert!(
        answer.head.contains("\r\nrequest-id: req_sim1\r\n")
            && answer.head.contains("anthropic-ratelimit-tokens-reset")
    );
    assert!(!answer.head.contains("openai") && !answer.head.contains("set-cookie"));
    assert_eq!((&message["type"], &message["role"]), (&json!("message"), &json!("assistant")));
    assert_eq!(message["content"], json!([{"type": "text", "text": "river stone light"}]));
    assert_eq!((&message["stop_reason"], &message["stop_sequence"]), (&json!("end_turn"), &Value::Null));
    assert_eq!(message["usage"]["output_tokens"], 3);
}

#[test]
fn max_tokens_and_stops_end_it() {
    let simulator = start();
    let message = ask(&simulator, &with(question(json!({"tokens": 9})), json!({"max_tokens": 2}))).json();
    assert_eq!(
        (&message["content"][0]["text"], &message["stop_reason"]),
        (&json!("river stone"), &json!("max_tokens"))
    );
    let stops = json!({"stop_sequences": ["zzz", "ne li"]});
    let message = ask(&simulator, &with(question(json!({"tokens": 9})), stops)).json();
    assert_eq!(message["content"][0]["text"], "river sto");
    assert_eq!((&message["stop_reason"], &message["stop_sequence"]), (&json!("stop_sequence"), &json!("ne li")));
    assert_eq!(message["usage"]["output_tokens"], 2);
    let message = ask(&simulator, &question(json!({"tokens": 0}))).json();
    assert_eq!((&message["content"], &message["usage"]["output_tokens"]), (&json!([]), &json!(0)));
}

#[test]
fn figures_of_the_prompt_have_none_in_common() {
    let simulator = start();
    let control = json!({"tokens": 2, "cached_tokens": 5, "cache_write_tokens": 4, "tag": "t"});
    let usage = ask(&simulator, &question(control)).json()["usage"].clone();
    let served = simulator.served().pop().unwrap();
    let figure = |name: &str| usage[name].as_u64().unwrap();
    assert_eq!((figure("cache_read_input_tokens"), figure("cache_creation_input_tokens")), (5, 4));
    assert_eq!(usage["cache_creation"], json!({"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 0}));
    assert_eq!(figure("input_tokens") + 9, served.prompt_tokens);
    assert_eq!((served.cached_tokens, served.cache_write_tokens, served.completion_tokens), (5, 4, 2));
    assert_eq!((served.tag.as_deref(), served.model.as_str(), served.tokens_written), (Some("t"), super::MODEL, 2));
    ask(&simulator, &question(json!({"cached_tokens": 100_000, "cache_write_tokens": 7})));
    let served = simulator.served().pop().unwrap();
    assert_eq!((served.cached_tokens, served.cache_write_tokens), (served.prompt_tokens, 0));
}

#[test]
fn calls_tools_when_it_is_to() {
    let simulator = start();
    let asked = |control: Value, more: Value| {
        let message = ask(&simulator, &with(with(question(control), json!({"tools": tools()})), more)).json();
        let blocks = message["content"].as_array().unwrap();
        let names: Vec<_> = blocks.iter().filter_map(|block| block["name"].as_str().map(str::to_owned)).collect();
        (names.join(","), message)
    };
    assert_eq!(asked(json!({}), json!({})).0, "");
    assert_eq!(asked(json!({}), json!({"tool_choice": {"type": "any"}})).0, "get_weather");
    let (names, message) = asked(json!({}), json!({"tool_choice": {"type": "tool", "name": "get_time"}}));
    assert_eq!((names.as_str(), &message["content"][0]["input"]), ("get_time", &json!({})));
    assert_eq!(asked(json!({"tool_calls": 2}), json!({"tool_choice": {"type": "none"}})).0, "");
    let serial = json!({"tool_choice": {"type": "auto", "disable_parallel_tool_use": true}});
    assert_eq!(asked(json!({"tool_calls": 2}), serial).0, "get_weather");
    let (names, message) = asked(json!({"tool_calls": 2, "preamble_tokens": 2}), json!({}));
    assert_eq!((names.as_str(), &message["stop_reason"]), ("get_weather,get_time", &json!("tool_use")));
    assert_eq!(message["content"][0], json!({"type": "text", "text": "river stone"}));
    assert_eq!(message["content"][1]["input"], json!({"city": "text"}));
    assert_ne!(message["content"][1]["id"], message["content"][2]["id"]);
}

#[test]
fn answers_in_text_after_the_results_of_tools() {
    let simulator = start();
    let messages =
        tool_turns(json!([call("a"), call("b")]), json!([result("b"), result("a"), {"type": "text", "text": "so?"}]));
    let body =
        with(question(json!({})), json!({"tools": tools(), "messages": messages, "tool_choice": {"type": "any"}}));
    let message = ask(&simulator, &body).json();
    assert_eq!((&message["stop_reason"], &message["content"][0]["type"]), (&json!("end_turn"), &json!("text")));
}

#[test]
fn thinks_where_thinking_is_on() {
    let simulator = start();
    let thinking = json!({"model": NEWER, "max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 1024}});
    let control = json!({"tokens": 5, "reasoning_tokens": 3});
    let message = ask(&simulator, &with(question(control.clone()), thinking.clone())).json();
    let block = message["content"][0].clone();
    assert_eq!((&block["type"], &block["thinking"]), (&json!("thinking"), &json!("apple house road")));
    assert_eq!(message["content"][1]["text"], "river stone");
    assert_eq!(message["usage"]["output_tokens_details"]["thinking_tokens"], 3);
    assert_eq!(message["usage"]["output_tokens"], 5);
    let replayed = json!([{"role": "user", "content": "?"}, {"role": "assistant", "content": [block, {"type": "text", "text": "x"}]},
        {"role": "user", "content": "?"}]);
    assert_eq!(
        ask(&simulator, &with(question(json!({})), with(thinking.clone(), json!({"messages": replayed})))).status,
        200
    );
    let older = with(question(json!({})), with(thinking, json!({"model": "claude-3-7-sonnet-latest"})));
    assert_eq!(ask(&simulator, &older).status, 200);
    let silent = ask(&simulator, &question(control)).json();
    assert_eq!(silent["content"].as_array().unwrap().len(), 1);
    assert_eq!(silent["usage"]["output_tokens_details"]["thinking_tokens"], 3);
}

#[test]
fn newer_models_have_formats() {
    let simulator = start();
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": false});
    let more = json!({"model": NEWER, "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": schema}}});
    let message = ask(&simulator, &with(question(json!({})), more)).json();
    assert_eq!(message["content"][0]["text"], r#"{"n":1}"#);
}

#[test]
fn ends_as_it_is_told() {
    let simulator = start();
    for reason in ["refusal", "pause_turn", "model_context_window_exceeded", "something_new"] {
        let message = ask(&simulator, &question(json!({"finish": reason, "tokens": 2}))).json();
        assert_eq!(message["stop_reason"], reason);
        assert_eq!(message["stop_details"].is_object(), reason == "refusal");
    }
}

#[test]
fn accepts_all_that_the_service_accepts() {
    let simulator = start();
    let png = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}});
    let url = json!({"type": "image", "source": {"type": "url", "url": "HTTPS://example.com/a.png"}});
    let pdf = json!({"type": "document", "title": "t", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}});
    let plain = json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}, "citations": {"enabled": true}});
    let cached = json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}});
    let full = json!({
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        "messages": [{"role": "user", "content": [png, url, pdf, plain, cached]}, {"role": "user", "content": "x"},
            {"role": "assistant", "content": "It is"}],
        "temperature": 1, "top_p": 0.5, "top_k": 3, "stop_sequences": ["x"], "metadata": {"user_id": "u-1"},
        "service_tier": "auto", "tools": tools(), "tool_choice": {"type": "none"}, "stream": false,
    });
    let answer = ask(&simulator, &with(question(json!({})), full));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let bare =
        json!({"system": "", "tools": [], "messages": [{"role": "user", "content": text(&json!({"tokens": 1}))}]});
    assert_eq!(ask(&simulator, &with(question(json!({})), bare)).json()["usage"]["output_tokens"], 1);
}
