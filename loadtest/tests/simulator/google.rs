//! Google's protocol.

mod answers;
mod faults;
mod functions;
mod refusals;
mod streams;

use serde_json::{Value, json};
use syntopen_loadtest::simulator::Simulator;

use crate::client::{Answer, Client, request};

const HEADERS: &str = "x-goog-api-key: sk-test\r\ncontent-type: application/json\r\n";
const MODEL: &str = "gemini-2.0-flash";
/// A model that thinks.
const THINKING: &str = "gemini-2.5-flash";
/// A model whose function calls have ids and signatures.
const NEWEST: &str = "gemini-3-pro";

/// The contents of a question with this control.
fn contents(control: &Value) -> Value {
    json!([{"role": "user", "parts": [{"text": format!("Hello, world! <simulator>{control}</simulator>")}]}])
}

/// A question with this control.
fn question(control: Value) -> Value {
    json!({"contents": contents(&control)})
}

fn begin(client: &mut Client, (model, method): (&str, &str), body: &Value) {
    let start = format!("POST /v1beta/models/{model}:{method}");
    client.send(request(&start, HEADERS, &body.to_string()).as_bytes());
}

fn call(simulator: &Simulator, target: (&str, &str), body: &Value) -> Answer {
    let mut client = Client::connect(simulator);
    begin(&mut client, target, body);
    client.answer().unwrap()
}

fn ask(simulator: &Simulator, body: &Value) -> Answer {
    call(simulator, (MODEL, "generateContent"), body)
}

fn ask_stream(simulator: &Simulator, body: &Value) -> Answer {
    call(simulator, (MODEL, "streamGenerateContent?alt=sse"), body)
}

/// The text of candidate `index`, put together from all responses.
fn text_of(responses: &[Value], index: u64) -> String {
    let candidates =
        responses.iter().flat_map(|response| response["candidates"].as_array().cloned().unwrap_or_default());
    let of_index = candidates.filter(|candidate| candidate["index"].as_u64().unwrap_or(0) == index);
    let parts = of_index.flat_map(|candidate| candidate["content"]["parts"].as_array().cloned().unwrap_or_default());
    parts.filter(|part| part["thought"].is_null()).filter_map(|part| part["text"].as_str().map(str::to_owned)).collect()
}

/// Two functions, the first with an argument.
fn tools() -> Value {
    let parameters = json!({"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]});
    json!([{"functionDeclarations": [{"name": "get_weather", "description": "The weather.", "parameters": parameters},
        {"name": "get_time"}]}])
}
