//! Anthropic's protocol.

mod answers;
mod faults;
mod refusals;
mod streams;

use serde_json::{Value, json};
use syntopen_loadtest::simulator::Simulator;

use crate::client::{Answer, Client, request, with};

const HEADERS: &str = "x-api-key: sk-test\r\nanthropic-version: 2023-06-01\r\ncontent-type: application/json\r\n";
const MODEL: &str = "claude-3-5-sonnet-20241022";
/// A model that thinks.
const NEWER: &str = "claude-sonnet-4-5";

/// A text that holds a control.
fn text(control: &Value) -> String {
    format!("Hello, world! <simulator>{control}</simulator>")
}

/// A question with this control.
fn question(control: Value) -> Value {
    json!({"model": MODEL, "max_tokens": 500, "messages": [{"role": "user", "content": text(&control)}]})
}

fn stream_question(control: Value) -> Value {
    with(question(control), json!({"stream": true}))
}

fn begin(client: &mut Client, body: &Value) {
    client.send(request("POST /v1/messages", HEADERS, &body.to_string()).as_bytes());
}

fn ask(simulator: &Simulator, body: &Value) -> Answer {
    let mut client = Client::connect(simulator);
    begin(&mut client, body);
    client.answer().unwrap()
}

/// Two tools, the first with an argument.
fn tools() -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!([{"name": "get_weather", "description": "The weather.", "input_schema": schema},
        {"name": "get_time", "input_schema": {"type": "object"}}])
}

/// A call with its result, in messages.
fn tool_turns(calls: Value, results: Value) -> Value {
    json!([{"role": "user", "content": "?"}, {"role": "assistant", "content": calls},
        {"role": "user", "content": results}])
}

fn call(id: &str) -> Value {
    json!({"type": "tool_use", "id": id, "name": "get_time", "input": {}})
}

fn result(id: &str) -> Value {
    json!({"type": "tool_result", "tool_use_id": id, "content": "noon"})
}
