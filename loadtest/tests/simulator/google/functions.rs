//! Functions: their calls, and the turns in which calls and responses stand.

use serde_json::{Value, json};
use syntopen_loadtest::simulator::Simulator;

use super::{MODEL, NEWEST, ask, call, question, tools};
use crate::client::{start, with};

fn turn(role: &str, parts: Value) -> Value {
    json!({"role": role, "parts": parts})
}

fn user() -> Value {
    turn("user", json!([{"text": "?"}]))
}

fn calls(names: &[&str]) -> Value {
    turn("model", names.iter().map(|name| json!({"functionCall": {"name": name, "args": {}}})).collect())
}

fn responses(names: &[&str]) -> Value {
    turn(
        "user",
        names.iter().map(|name| json!({"functionResponse": {"name": name, "response": {"output": "x"}}})).collect(),
    )
}

fn message(simulator: &Simulator, model: &str, contents: Value) -> String {
    let body = json!({"contents": contents, "tools": tools()});
    let answer = call(simulator, (model, "generateContent"), &body);
    if answer.status == 200 { String::new() } else { answer.json()["error"]["message"].as_str().unwrap().to_owned() }
}

#[test]
fn are_called_when_they_are_to() {
    let simulator = start();
    let names = |control: Value, config: Value| {
        let body = with(question(control), json!({"tools": tools(), "toolConfig": {"functionCallingConfig": config}}));
        let response = ask(&simulator, &body).json();
        let parts = response["candidates"][0]["content"]["parts"].as_array().unwrap().clone();
        let names = parts.iter().filter_map(|part| part["functionCall"]["name"].as_str());
        names.collect::<Vec<_>>().join(",")
    };
    assert_eq!(names(json!({}), json!({"mode": "AUTO"})), "");
    assert_eq!(names(json!({}), json!({"mode": "ANY"})), "get_weather");
    assert_eq!(names(json!({}), json!({"mode": "ANY", "allowedFunctionNames": ["get_time"]})), "get_time");
    assert_eq!(names(json!({"tool_calls": 2}), json!({"mode": "NONE"})), "");
    assert_eq!(names(json!({"tool_calls": 3}), json!({})), "get_weather,get_time,get_weather");
}

#[test]
fn turns_have_their_order() {
    let simulator = start();
    let after_call = "Please ensure that function call turn comes immediately after a user turn";
    let after_response = "Please ensure that function response turn comes immediately after a function call turn.";
    let equal = "Please ensure that the number of function response parts is equal";
    for (contents, expected) in [
        (json!([user(), calls(&["f", "g"]), responses(&["f", "g"])]), ""),
        (json!([user(), calls(&["f"]), responses(&["f"]), calls(&["g"]), responses(&["g"]), user()]), ""),
        (json!([calls(&["f"]), responses(&["f"])]), after_call),
        (json!([user(), turn("model", json!([{"text": "x"}])), calls(&["f"]), responses(&["f"])]), after_call),
        (json!([user(), responses(&["f"])]), after_response),
        (json!([user(), calls(&["f"]), user(), responses(&["f"])]), equal),
        (json!([user(), calls(&["f"])]), equal),
        (json!([user(), calls(&["f", "g"]), responses(&["f"])]), equal),
        (json!([user(), calls(&["f"]), responses(&["f", "f"])]), equal),
        (
            json!([user(), calls(&["f", "g"]), responses(&["g", "f"])]),
            "* GenerateContentRequest.contents[2]: the function response",
        ),
        (
            json!([turn("user", calls(&["f"])["parts"].clone())]),
            "* GenerateContentRequest.contents[0]: function calls are only",
        ),
        (
            json!([user(), turn("model", responses(&["f"])["parts"].clone())]),
            "* GenerateContentRequest.contents[1]: function responses",
        ),
        (
            json!([user(), calls(&[""]), responses(&[""])]),
            "* GenerateContentRequest.contents[1].parts[0].function_call.name",
        ),
        (
            json!([user(), calls(&["f"]), turn("user", json!([{"functionResponse": {"name": "f"}}]))]),
            "* GenerateContentRequest.contents[2].parts[0].function_response.response",
        ),
        (
            json!([user(), calls(&["f"]), turn("user", json!([{"functionResponse": {"name": "f", "response": "x"}}]))]),
            "Invalid value at 'contents[2].parts[0].function_response.response' (type.googleapis.com/google.protobuf.Struct)",
        ),
        (
            json!([user(), turn("model", json!([{"functionCall": {"name": "f", "id": "a"}}])), responses(&["f"])]),
            "Invalid JSON payload received. Unknown name \"id\" at 'contents[1].parts[0].function_call'",
        ),
    ] {
        let given = message(&simulator, MODEL, contents.clone());
        assert!(given.starts_with(expected) && given.is_empty() == expected.is_empty(), "{contents}: {given}");
    }
}

#[test]
fn the_newest_models_want_their_signatures_back() {
    let simulator = start();
    let body = with(question(json!({"tool_calls": 2})), json!({"tools": tools()}));
    let response = call(&simulator, (NEWEST, "generateContent"), &body).json();
    let turn_of_model = response["candidates"][0]["content"].clone();
    let parts = turn_of_model["parts"].as_array().unwrap();
    assert!(parts[0]["thoughtSignature"].is_string() && parts[1].get("thoughtSignature").is_none());
    let answers: Vec<_> = parts
        .iter()
        .rev()
        .map(|part| {
            let call = &part["functionCall"];
            json!({"functionResponse": {"id": call["id"], "name": call["name"], "response": {}}})
        })
        .collect();
    let turn_of_user = turn("user", Value::Array(answers));
    assert_eq!(message(&simulator, NEWEST, json!([user(), turn_of_model, turn_of_user])), "");
    let mut unsigned = turn_of_model.clone();
    unsigned["parts"][0].as_object_mut().unwrap().remove("thoughtSignature");
    let given = message(&simulator, NEWEST, json!([user(), unsigned, turn_of_user]));
    assert!(given.starts_with("Function call is missing a thought_signature"), "{given}");
    assert_eq!(
        message(&simulator, NEWEST, json!([user(), unsigned, turn_of_user, user()])),
        "",
        "earlier turns need none"
    );
    let mut forged = turn_of_model.clone();
    forged["parts"][0]["thoughtSignature"] = json!("AAAA");
    assert_eq!(message(&simulator, NEWEST, json!([user(), forged, turn_of_user])), "Thought signature is not valid.");
    let mut foreign = turn_of_user;
    foreign["parts"][0]["functionResponse"]["id"] = json!("other");
    let given = message(&simulator, NEWEST, json!([user(), turn_of_model, foreign]));
    assert!(given.contains("no function call of its place or id"), "{given}");
}
