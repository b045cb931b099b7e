//! What is refused, in the words in which it is.

use serde_json::{Value, json};
use syntopen_loadtest::simulator::{Simulator, SimulatorSettings};

use super::{HEADERS, NEWER, ask, call, question, result, tool_turns, tools};
use crate::client::{Client, request, start, with};

/// Asks the question with these fields, and expects a refusal that begins so.
fn refuses(simulator: &Simulator, more: Value, message: &str) {
    let answer = ask(simulator, &with(question(json!({})), more.clone()));
    let error = &answer.json()["error"];
    let given = error["message"].as_str().unwrap_or_default();
    assert!(answer.status == 400 && given.starts_with(message), "{more}: {given}");
    assert_eq!(error["type"], "invalid_request_error");
}

fn of_user(content: Value) -> Value {
    json!({"messages": [{"role": "user", "content": content}]})
}

#[test]
fn top_level() {
    let simulator = start();
    for (more, message) in [
        (json!({"n": 1}), "n: Extra inputs are not permitted"),
        (json!({"simulator": {}}), "simulator: Extra inputs are not permitted"),
        (json!({"model": ""}), "model: String should have at least 1 character"),
        (json!({"model": 7}), "model: Input should be a valid string"),
        (json!({"max_tokens": 0}), "max_tokens: must be greater than or equal to 1"),
        (json!({"max_tokens": 1.5}), "max_tokens: Input should be a valid integer"),
        (json!({"max_tokens": 8193}), "max_tokens: 8193 > 8192, which is the maximum allowed"),
        (json!({"max_tokens": 4097, "model": "claude-3-opus-20240229"}), "max_tokens: 4097 > 4096"),
        (json!({"max_tokens": 64001, "model": NEWER}), "max_tokens: 64001 > 64000"),
        (json!({"temperature": 1.1}), "temperature: Input should be less than or equal to 1"),
        (json!({"temperature": null}), "temperature: Input should be a valid number"),
        (json!({"top_p": -0.1}), "top_p: Input should be greater than or equal to 0"),
        (json!({"top_k": -1}), "top_k: Input should be greater than or equal to 0"),
        (json!({"stream": "true"}), "stream: Input should be a valid boolean"),
        (json!({"stop_sequences": "x"}), "stop_sequences: Input should be a valid list"),
        (json!({"stop_sequences": [" \n"]}), "stop_sequences: each stop sequence must contain non-whitespace"),
        (json!({"service_tier": "flex"}), "service_tier: Input should be 'auto' or 'standard_only'"),
        (json!({"metadata": {"user": "x"}}), "metadata.user: Extra inputs are not permitted"),
        (
            json!({"metadata": {"user_id": "x".repeat(257)}}),
            "metadata.user_id: String should have at most 256 characters",
        ),
        (json!({"metadata": {"user_id": "a@b.example"}}), "metadata.user_id: user_id appears to contain an email"),
        (json!({"metadata": {"user_id": "+1 555 010 9999"}}), "metadata.user_id: user_id appears to contain a phone"),
        (json!({"system": 1}), "system: Input should be a valid list"),
        (json!({"system": [{"type": "text", "text": ""}]}), "messages: text content blocks must be non-empty"),
        (json!({"system": [{"type": "image"}]}), "system.0: Input tag 'image' found using 'type' does not match"),
        (json!({"output_config": {}}), "output_config: Extra inputs are not permitted"),
        (json!({"output_config": {"effort": "huge"}, "model": NEWER}), "output_config.effort: Input should be 'low'"),
        (
            json!({
                "system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}],
                "messages": [{"role": "user", "content":
                    [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}],
            }),
            "messages.0.content.0.text.cache_control: a ttl='1h' cache_control block must not come after",
        ),
        (
            json!({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}, "model": NEWER}),
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be",
        ),
        (of_user(json!("<simulator>{\"tokenz\":1}</simulator>")), "simulator: unknown field `tokenz`"),
        (of_user(json!("<simulator>{\"blocked\":\"SAFETY\"}</simulator>")), "simulator: tokens must be at most"),
    ] {
        refuses(&simulator, more, message);
    }
    for missing in ["model", "max_tokens", "messages"] {
        let mut body = question(json!({}));
        body.as_object_mut().unwrap().remove(missing);
        assert_eq!(ask(&simulator, &body).json()["error"]["message"], format!("{missing}: Field required"));
    }
}

#[test]
fn messages() {
    let simulator = start();
    let user = json!({"role": "user", "content": "x"});
    for (messages, message) in [
        (json!([]), "messages: at least one message is required"),
        (json!({}), "messages: Input should be a valid list"),
        (json!([{"role": "assistant", "content": "x"}]), "messages: first message must use the \"user\" role"),
        (json!([{"role": "system", "content": "x"}]), "messages: Unexpected role \"system\""),
        (json!([{"role": "tool", "content": "x"}]), "messages.0.role: Input should be 'user' or 'assistant'"),
        (json!([{"role": "user"}]), "messages.0.content: Field required"),
        (json!([{"role": "user", "content": "x", "name": "n"}]), "messages.0.name: Extra inputs are not permitted"),
        (json!([{"role": "user", "content": null}]), "messages.0.content: Input should be a valid list"),
        (json!([{"role": "user", "content": ""}]), "messages.0: all messages must have non-empty content"),
        (json!([{"role": "user", "content": []}]), "messages.0: all messages must have non-empty content"),
        (json!([user, {"role": "assistant", "content": ""}, user]), "messages.1: all messages must have non-empty"),
        (json!([{"role": "user", "content": " \n"}]), "messages: text content blocks must contain non-whitespace"),
        (
            json!([user, {"role": "assistant", "content": "It is "}]),
            "messages: final assistant content cannot end with",
        ),
    ] {
        refuses(&simulator, json!({"messages": messages}), message);
    }
    let prefill = json!([user, {"role": "assistant", "content": "It is"}]);
    assert_eq!(ask(&simulator, &with(question(json!({})), json!({"messages": prefill}))).status, 200);
    refuses(
        &simulator,
        json!({"messages": prefill, "model": "claude-opus-4-7"}),
        "This model does not support assistant",
    );
}

#[test]
fn blocks() {
    let simulator = start();
    let image = |source: Value| json!([{"type": "image", "source": source}]);
    let encoded = |kind: &str, data: &str| image(json!({"type": "base64", "media_type": kind, "data": data}));
    let document = |source: Value| json!([{"type": "document", "source": source}]);
    for (content, message) in [
        (json!([{"type": "text", "text": ""}]), "messages: text content blocks must be non-empty"),
        (json!([{"type": "text", "text": "\t"}]), "messages: text content blocks must contain non-whitespace"),
        (
            json!([{"type": "text", "text": "x", "id": 1}]),
            "messages.0.content.0.text.id: Extra inputs are not permitted",
        ),
        (json!([{"type": "text"}]), "messages.0.content.0.text.text: Field required"),
        (json!([{"text": "x"}]), "messages.0.content.0.type: Field required"),
        (json!(["x"]), "messages.0.content.0: Input should be a valid dictionary"),
        (json!([{"type": "image_url"}]), "messages.0.content.0: Input tag 'image_url' found using 'type'"),
        (json!([{"type": "thinking"}]), "messages.0.content.0: `thinking` blocks can only be in `assistant` messages"),
        (json!([call("a")]), "messages.0.content.0: `tool_use` blocks can only be in `assistant` messages"),
        (
            encoded("image/jpg", "aGk="),
            "messages.0.content.0.image.source.base64.media_type: Input should be 'image/jpeg'",
        ),
        (encoded("image/png", "a b"), "messages.0.content.0.image.source.base64: invalid base64 data"),
        (encoded("image/png", ""), "messages.0.content.0.image.source.base64.data: String should have at least"),
        (
            image(json!({"type": "url", "url": "http://example.com/a"})),
            "messages.0.content.0.image.source.url.url: Only HTTPS",
        ),
        (image(json!({"type": "file", "file_id": "f"})), "messages.0.content.0.image.source: Input tag 'file' found"),
        (
            document(json!({"type": "base64", "media_type": "text/plain", "data": "aGk="})),
            "messages.0.content.0.document.source.base64.media_type: Input should be 'application/pdf'",
        ),
        (
            document(json!({"type": "text", "media_type": "text/html", "data": "x"})),
            "messages.0.content.0.document.source.text.media_type: Input should be 'text/plain'",
        ),
        (
            document(json!({"type": "text", "media_type": "text/plain", "data": ""})),
            "messages: text content blocks must be",
        ),
        (
            json!([{"type": "text", "text": "x", "cache_control": {"type": "forever"}}]),
            "messages.0.content.0.text.cache_control: Input tag 'forever' found",
        ),
        (
            json!([{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "2h"}}]),
            "messages.0.content.0.text.cache_control.ephemeral.ttl: Input should be '5m' or '1h'",
        ),
    ] {
        refuses(&simulator, of_user(content), message);
    }
    let cached = json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}});
    refuses(
        &simulator,
        of_user(json!([cached, cached, cached, cached, cached])),
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    );
    let pdf = document(json!({"type": "base64", "media_type": "application/pdf", "data": "aGk="}));
    refuses(
        &simulator,
        with(of_user(pdf), json!({"model": "claude-3-opus-20240229"})),
        "'claude-3-opus-20240229' does not support PDF input.",
    );
}

#[test]
fn pairs_of_calls_and_results() {
    let simulator = start();
    let text = json!({"type": "text", "text": "x"});
    let user = json!({"role": "user", "content": "?"});
    for (messages, message) in [
        (
            tool_turns(json!([call("a"), call("b")]), json!([result("a")])),
            "messages.1: `tool_use` ids were found without",
        ),
        (tool_turns(json!([call("a")]), json!([text, result("a")])), "messages.1: `tool_use` ids were found without"),
        (json!([user, {"role": "assistant", "content": [call("a")]}]), "messages.1: `tool_use` ids were found without"),
        (
            json!([user, {"role": "assistant", "content": [call("a"), call("b")]},
                {"role": "user", "content": [result("a")]}, {"role": "user", "content": [result("b")]}]),
            "messages.1: `tool_use` ids were found without",
        ),
        (json!([{"role": "user", "content": [result("a")]}]), "messages.0.content.0: unexpected `tool_use_id` found"),
        (tool_turns(json!([call("a")]), json!([result("a"), result("b")])), "messages.2.content.1: unexpected"),
        (tool_turns(json!([call("a")]), json!([result("a"), result("a")])), "messages.2.content.1: each tool_use must"),
        (tool_turns(json!([call("a"), call("a")]), json!([result("a")])), "messages: `tool_use` ids must be unique"),
        (
            tool_turns(json!([call("a.b")]), json!([result("a.b")])),
            "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
        ),
        (
            tool_turns(json!([{"type": "tool_use", "id": "a", "name": "f", "input": "{}"}]), json!([result("a")])),
            "messages.1.content.0.tool_use.input: Input should be a valid dictionary",
        ),
        (
            tool_turns(json!([{"type": "tool_result", "tool_use_id": "a"}]), json!("x")),
            "messages.1.content.0: `tool_result` blocks can only be in `user` messages",
        ),
    ] {
        refuses(&simulator, json!({"messages": messages, "tools": tools()}), message);
    }
    let turns = tool_turns(json!([call("a")]), json!([result("a")]));
    refuses(&simulator, json!({"messages": turns}), "Requests which have `tool_use` or `tool_result` blocks");
}

#[test]
fn tools_and_choices() {
    let simulator = start();
    let tool = |schema: Value| json!({"tools": [{"name": "f", "input_schema": schema}]});
    let choice = |choice: Value| json!({"tools": tools(), "tool_choice": choice});
    let object = json!({"type": "object"});
    for (more, message) in [
        (tool(json!({})), "tools.0.custom.input_schema.type: Field required"),
        (tool(json!({"type": "array"})), "tools.0.custom.input_schema.type: Input should be 'object'"),
        (
            tool(json!({"type": "object", "anyOf": []})),
            "tools.0.custom.input_schema: input_schema does not support oneOf",
        ),
        (tool(json!({"type": "object", "required": "a"})), "tools.0.custom.input_schema: JSON schema is invalid"),
        (
            tool(json!({"type": "object", "properties": {"a b": {}}})),
            "tools.0.custom.input_schema.properties: Property keys",
        ),
        (json!({"tools": [{"name": "f"}]}), "tools.0.custom.input_schema: Field required"),
        (
            json!({"tools": [{"name": "f g", "input_schema": object}]}),
            "tools.0.custom.name: String should match pattern",
        ),
        (
            json!({"tools": [{"name": "f", "input_schema": object, "strict": true}]}),
            "tools.0.custom.strict: Extra inputs",
        ),
        (json!({"tools": [{"type": "function", "function": {}}]}), "tools.0: Input tag 'function' found"),
        (json!({"tools": [tools()[0], tools()[0]]}), "tools: Tool names must be unique."),
        (
            json!({"tool_choice": {"type": "auto"}}),
            "tool_choice: tool_choice may only be specified while providing tools",
        ),
        (choice(json!("auto")), "tool_choice: Input should be a valid dictionary"),
        (choice(json!({"type": "required"})), "tool_choice: Input tag 'required' found"),
        (
            choice(json!({"type": "none", "disable_parallel_tool_use": true})),
            "tool_choice.none.disable_parallel_tool_use: Extra inputs",
        ),
        (choice(json!({"type": "tool"})), "tool_choice.tool.name: Field required"),
        (choice(json!({"type": "tool", "name": "g"})), "tool_choice: Tool 'g' not found in provided tools"),
    ] {
        refuses(&simulator, more, message);
    }
    let strict = json!({"model": NEWER, "tools": [{"name": "f", "input_schema": object, "strict": true}]});
    assert_eq!(ask(&simulator, &with(question(json!({})), strict)).status, 200);
}

#[test]
fn thinking() {
    let simulator = start();
    let on = json!({"model": NEWER, "max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 1024}});
    let turns = tool_turns(json!([call("a")]), json!([result("a")]));
    for (more, message) in [
        (json!({"model": super::MODEL}), "'claude-3-5-sonnet-20241022' does not support thinking."),
        (json!({"thinking": {"type": "enabled"}}), "thinking.enabled.budget_tokens: Field required"),
        (json!({"thinking": {"type": "on"}}), "thinking: Input tag 'on' found"),
        (
            json!({"thinking": {"type": "disabled", "budget_tokens": 1024}}),
            "thinking.disabled.budget_tokens: Extra inputs",
        ),
        (
            json!({"thinking": {"type": "enabled", "budget_tokens": 1023}}),
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
        ),
        (json!({"max_tokens": 1024}), "`max_tokens` must be greater than `thinking.budget_tokens`."),
        (json!({"temperature": 0.5}), "`temperature` may only be set to 1 when thinking is enabled."),
        (json!({"top_k": 5}), "`top_k` must be unset when thinking is enabled."),
        (json!({"top_p": 0.5}), "`top_p` must be greater than or equal to 0.95"),
        (
            json!({"tools": tools(), "tool_choice": {"type": "any"}}),
            "Thinking may not be enabled when tool_choice forces",
        ),
        (json!({"tools": tools(), "messages": turns}), "messages.1.content.0.type: Expected `thinking`"),
    ] {
        refuses(&simulator, with(on.clone(), more), message);
    }
    let forged = json!([{"role": "user", "content": "?"}, {"role": "assistant", "content":
        [{"type": "thinking", "thinking": "x", "signature": "eA=="}, {"type": "text", "text": "x"}]}, {"role": "user", "content": "?"}]);
    refuses(&simulator, with(on, json!({"messages": forged})), "messages.1.content.0.thinking: Invalid `signature`");
}

fn answer_with(simulator: &Simulator, headers: &str) -> (u16, Value) {
    let mut client = Client::connect(simulator);
    client.send(request("POST /v1/messages", headers, &question(json!({})).to_string()).as_bytes());
    let answer = client.answer().unwrap();
    (answer.status, answer.json()["error"].clone())
}

#[test]
fn keys_and_headers() {
    let api_key = Some("sk-right".parse().unwrap());
    let simulator = Simulator::start(SimulatorSettings { api_key, ..SimulatorSettings::default() }).unwrap();
    let right = HEADERS.replace("sk-test", "sk-right");
    assert_eq!(answer_with(&simulator, &right).0, 200);
    let bearer = right.replace("x-api-key: ", "authorization: Bearer ");
    assert_eq!(answer_with(&simulator, &bearer).0, 200, "newer clients send the key as a bearer");
    for (headers, status, message) in [
        (HEADERS.to_owned(), 401, "invalid x-api-key"),
        (HEADERS.replace("x-api-key: sk-test\r\n", ""), 401, "x-api-key header is required"),
        (right.replace("2023-06-01", "2024-01-01"), 400, "anthropic-version: \"2024-01-01\" is not a valid version"),
        (right.replace("anthropic-version: 2023-06-01\r\n", ""), 400, "anthropic-version: header is required"),
        (right.replace("application/json", "text/plain"), 400, "content-type: must be application/json"),
        (format!("{right}authorization: Bearer x\r\n"), 400, "The header authorization must not reach a provider."),
        (format!("{right}x-goog-api-key: x\r\n"), 400, "The header x-goog-api-key must not reach a provider."),
        (format!("{right}x-other: sk-syn-1\r\n"), 400, "The header x-other must not reach a provider."),
    ] {
        let (given, error) = answer_with(&simulator, &headers);
        assert_eq!((given, error["message"].as_str().unwrap()), (status, message), "{headers}");
        let kind = if status == 401 { "authentication_error" } else { "invalid_request_error" };
        assert_eq!(error["type"], kind);
    }
}

#[test]
fn other_methods_and_no_json() {
    let simulator = start();
    let mut client = Client::connect(&simulator);
    client.send(request("GET /v1/messages", HEADERS, "").as_bytes());
    let answer = client.answer().unwrap();
    assert_eq!((answer.status, &answer.json()["type"]), (405, &json!("error")));
    for body in ["", "[]", "{\"model\":"] {
        client.send(request("POST /v1/messages", HEADERS, body).as_bytes());
        let answer = client.answer().unwrap();
        assert_eq!((answer.status, &answer.json()["error"]["type"]), (400, &json!("invalid_request_error")), "{body}");
    }
}
