//! What the simulator refuses, as OpenAI's service does, and what a gateway must not send to it.

use serde_json::{Value, json};
use syntopen_loadtest::simulator::{Simulator, SimulatorSettings};

use crate::client::{Client, ask, question, request, start, with};

#[test]
fn refuses_wrong_fields_by_name() {
    let simulator = start();
    let tool = json!({"type": "function", "function": {"name": "f"}});
    for (more, param) in [
        (json!({"model": null}), "model"),
        (json!({"model": 7}), "model"),
        (json!({"messages": []}), "messages"),
        (json!({"messages": "x"}), "messages"),
        (json!({"messages": ["x"]}), "messages[0]"),
        (json!({"messages": [{"role": "robot", "content": "x"}]}), "messages[0].role"),
        (json!({"messages": [{"role": "user"}]}), "messages[0].content"),
        (json!({"messages": [{"role": "user", "content": [{"type": "smell"}]}]}), "messages[0].content[0]"),
        (json!({"messages": [{"role": "tool", "tool_call_id": "x", "content": "x"}]}), "messages[0].tool_call_id"),
        (json!({"messages": [{"role": "assistant", "tool_calls": [{"id": "x"}]}]}), "messages[0].role"),
        (json!({"stream": "yes"}), "stream"),
        (json!({"stream_options": {"include_usage": true}}), "stream_options"),
        (json!({"stream": true, "stream_options": {"include_usage": 1}}), "stream_options.include_usage"),
        (json!({"max_tokens": 5, "max_completion_tokens": 5}), "max_tokens"),
        (json!({"max_tokens": 0}), "max_tokens"),
        (json!({"max_completion_tokens": 1.5}), "max_completion_tokens"),
        (json!({"temperature": 2.5}), "temperature"),
        (json!({"top_p": "1"}), "top_p"),
        (json!({"n": 129}), "n"),
        (json!({"stop": ["a", "b", "c", "d", "e"]}), "stop"),
        (json!({"tools": []}), "tools"),
        (json!({"tools": [{"type": "function", "function": {"name": "a b"}}]}), "tools[0].function.name"),
        (json!({"tool_choice": "auto"}), "tool_choice"),
        (json!({"tools": [tool], "tool_choice": {"type": "function", "function": {"name": "g"}}}), "tool_choice"),
        (json!({"parallel_tool_calls": true}), "parallel_tool_calls"),
        (json!({"response_format": {"type": "xml"}}), "response_format.type"),
        (json!({"response_format": {"type": "json_object"}}), "messages"),
        (json!({"top_logprobs": 2}), "top_logprobs"),
        (json!({"models": ["a", "b"]}), "models"),
        (json!({"simulator": {"tokenz": 2}}), "simulator"),
        (json!({"simulator": {"tokens": 900_000}, "n": 2}), "simulator"),
    ] {
        let answer = ask(&simulator, &with(question(json!({})), more.clone()));
        let error = &answer.json()["error"];
        assert_eq!((answer.status, &error["param"]), (400, &json!(param)), "{more}");
        assert_eq!(error["type"], "invalid_request_error", "{more}");
    }
}

#[test]
fn null_is_absent_and_unknown_is_accepted() {
    let simulator = start();
    let more = json!({"stream": null, "stream_options": null, "max_tokens": null, "tools": null, "unknown": {"a": 1}});
    assert_eq!(ask(&simulator, &with(question(json!({})), more)).status, 200);
}

#[test]
fn refuses_bodies_that_are_no_object() {
    let simulator = start();
    for body in ["", "[]", "{\"model\":"] {
        let mut client = Client::connect(&simulator);
        client.send(request("POST /v1/chat/completions", "authorization: Bearer x\r\n", body).as_bytes());
        assert_eq!(client.answer().unwrap().status, 400, "{body}");
    }
}

fn status_with(simulator: &Simulator, headers: &str) -> (u16, Value) {
    let mut client = Client::connect(simulator);
    client.send(request("POST /v1/chat/completions", headers, &question(json!({})).to_string()).as_bytes());
    let answer = client.answer().unwrap();
    (answer.status, answer.json()["error"].clone())
}

#[test]
fn wants_a_key() {
    let simulator = start();
    for headers in ["", "authorization: Bearer \r\n", "authorization: Basic abc\r\n"] {
        let (status, error) = status_with(&simulator, headers);
        assert_eq!((status, &error["code"]), (401, &json!("invalid_api_key")), "{headers}");
    }
    assert_eq!(status_with(&simulator, "Authorization: bearer anything\r\n").0, 200);
    let api_key = Some("sk-right".parse().unwrap());
    let strict = Simulator::start(SimulatorSettings { api_key, ..SimulatorSettings::default() }).unwrap();
    assert_eq!(status_with(&strict, "authorization: Bearer sk-wrong\r\n").0, 401);
    assert_eq!(status_with(&strict, "authorization: Bearer sk-right\r\n").0, 200);
}

#[test]
fn refuses_what_belongs_to_a_customer() {
    let simulator = start();
    for (header, param) in [
        ("cookie: a=b", "cookie"),
        ("X-Api-Key: abc", "x-api-key"),
        ("x-other: Bearer sk-syn-abc", "x-other"),
        ("X-Syntopen-Max-Tokens: 4", "x-syntopen-max-tokens"),
        ("authorization: Bearer sk-syn-abc", "authorization"),
    ] {
        let (status, error) = status_with(&simulator, &format!("authorization: Bearer sk-test\r\n{header}\r\n"));
        assert_eq!((status, &error["param"]), (400, &json!(param)), "{header}");
        let served = simulator.served().pop().unwrap();
        let name = header.split(": ").next().unwrap().to_ascii_lowercase();
        assert!(served.headers.iter().any(|(known, _)| *known == name), "the record shows what came");
    }
}

#[test]
fn its_own_cookie_may_come_back() {
    let simulator = start();
    let answer = ask(&simulator, &question(json!({})));
    let cookie = answer.head.split("set-cookie: ").nth(1).unwrap().split("\r\n").next().unwrap();
    assert_eq!(status_with(&simulator, &format!("authorization: Bearer sk-test\r\ncookie: {cookie}\r\n")).0, 200);
}

#[test]
fn other_paths_and_methods_are_errors_in_openais_form() {
    let simulator = start();
    let mut client = Client::connect(&simulator);
    for (start, status) in
        [("GET /v1/chat/completions", 405), ("POST /v1/models", 405), ("GET /v2", 404), ("GET /simulator/x", 404)]
    {
        client.send(request(start, "", "").as_bytes());
        let answer = client.answer().unwrap();
        assert_eq!(answer.status, status, "{start}");
        assert!(answer.json()["error"]["message"].is_string());
    }
    client.send(b"NONSENSE\r\n\r\n");
    let answer = client.answer().unwrap();
    assert_eq!(answer.status, 400);
    assert!(client.answer().is_none(), "the connection is closed after what is no HTTP");
}

#[test]
fn reads_bodies_in_chunks() {
    let simulator = start();
    let body = question(json!({"tokens": 1})).to_string();
    let (first, second) = body.split_at(20);
    let mut client = Client::connect(&simulator);
    let head = "POST /v1/chat/completions HTTP/1.1\r\nauthorization: Bearer x\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunks = format!("{:x}\r\n{first}\r\n{:X};a=b\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    client.send(head.as_bytes());
    client.send(chunks.as_bytes());
    assert_eq!(client.answer().unwrap().status, 200);
    assert_eq!(simulator.served().pop().unwrap().body, body);
}
