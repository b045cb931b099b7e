//! What is refused, in the words in which it is.

use serde_json::{Value, json};
use syntopen_loadtest::simulator::{Simulator, SimulatorSettings};

use super::{HEADERS, MODEL, NEWEST, THINKING, ask, call, question, tools};
use crate::client::{Client, request, start, with};

const ENUM: &str = "type.googleapis.com/google.ai.generativelanguage.v1beta";

/// Asks the question with these fields, and expects a refusal that begins so.
fn refuses(simulator: &Simulator, model: &str, (more, message): (Value, &str)) {
    let answer = call(simulator, (model, "generateContent"), &with(question(json!({})), more.clone()));
    let error = &answer.json()["error"];
    let given = error["message"].as_str().unwrap_or_default();
    assert!(answer.status == 400 && given.starts_with(message), "{more}: {given}");
    assert_eq!((&error["status"], &error["code"]), (&json!("INVALID_ARGUMENT"), &json!(400)));
}

/// The refusal because of a field of the configuration.
fn of_config(name: &str, why: &str) -> String {
    format!("* GenerateContentRequest.generation_config.{name}: {why}")
}

#[test]
fn unknown_names_and_wrong_types() {
    let simulator = start();
    let unknown = |name: &str, place: &str| {
        format!("Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field.")
    };
    for (more, message) in [
        (json!({"stream": true}), unknown("stream", "")),
        (json!({"simulator": {}}), unknown("simulator", "")),
        (json!({"generationConfig": {"n": 1}}), unknown("n", " at 'generation_config'")),
        (json!({"contents": [{"role": "user", "name": "x", "parts": []}]}), unknown("name", " at 'contents[0]'")),
        (json!({"contents": [{"parts": [{"type": "text"}]}]}), unknown("type", " at 'contents[0].parts[0]'")),
        (json!({"tools": [{"function": {}}]}), unknown("function", " at 'tools[0]'")),
        (
            json!({"tools": [{"functionDeclarations": [{"name": "f", "strict": true}]}]}),
            unknown("strict", " at 'tools[0].function_declarations[0]'"),
        ),
        (json!({"contents": "x"}), format!("Invalid value at 'contents[0]' ({ENUM}.Content), \"x\"")),
        (
            json!({"contents": [{"parts": [{"text": 1}]}]}),
            "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 1".to_owned(),
        ),
        (
            json!({"generationConfig": {"temperature": "hot"}}),
            "Invalid value at 'generation_config.temperature' (TYPE_FLOAT)".to_owned(),
        ),
        (
            json!({"generationConfig": {"seed": 3_000_000_000_u64}}),
            "Invalid value at 'generation_config.seed' (TYPE_INT32), 3000000000".to_owned(),
        ),
        (
            json!({"generationConfig": {"maxOutputTokens": 1.5}}),
            "Invalid value at 'generation_config.max_output_tokens'".to_owned(),
        ),
        (
            json!({"generationConfig": {"stopSequences": [1]}}),
            "Invalid value at 'generation_config.stop_sequences[0]'".to_owned(),
        ),
        (
            json!({"generationConfig": {"responseLogprobs": 1}}),
            "Invalid value at 'generation_config.response_logprobs' (TYPE_BOOL)".to_owned(),
        ),
        (
            json!({"toolConfig": {"functionCallingConfig": {"mode": "required"}}}),
            format!(
                "Invalid value at 'tool_config.function_calling_config.mode' ({ENUM}.FunctionCallingConfig.Mode), \"required\""
            ),
        ),
        (
            json!({"safetySettings": [{"category": "RUDE"}]}),
            format!("Invalid value at 'safety_settings[0].category' ({ENUM}.HarmCategory)"),
        ),
    ] {
        refuses(&simulator, MODEL, (more, &message));
    }
    let several = json!({"a": 1, "generationConfig": {"b": 1}});
    let error = ask(&simulator, &with(question(json!({})), several)).json()["error"].clone();
    assert_eq!(error["details"][0]["fieldViolations"].as_array().unwrap().len(), 2, "all are named at once");
}

#[test]
fn contents() {
    let simulator = start();
    let of = |parts: Value| json!({"contents": [{"role": "user", "parts": parts}]});
    let data = "* GenerateContentRequest.contents[0].parts[0].data: required oneof field 'data' must have one";
    let blob = |kind: &str, data: &str| of(json!([{"inlineData": {"mimeType": kind, "data": data}}]));
    for (more, message) in [
        (json!({"contents": []}), "* GenerateContentRequest.contents: contents is not specified"),
        (json!({"contents": null}), "* GenerateContentRequest.contents: contents is not specified"),
        (of(json!([])), "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty."),
        (of(json!([{"text": ""}])), data),
        (of(json!([{}])), data),
        (
            of(json!([{"text": "x", "inlineData": {}}])),
            "Invalid value at 'contents[0].parts[0]' (oneof), oneof field 'data' is already set.",
        ),
        (
            json!({"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}),
            "Please use a valid role: user, model.",
        ),
        (json!({"contents": [{"role": "system", "parts": [{"text": "x"}]}]}), "Please use a valid role: user, model."),
        (
            json!({"contents": [{"parts": [{"text": "x"}]}, {"role": "user", "parts": [{"text": "x"}]}]}),
            "Please use a valid role",
        ),
        (
            json!({"systemInstruction": {"parts": []}}),
            "* GenerateContentRequest.system_instruction.parts: contents.parts must",
        ),
        (
            json!({"systemInstruction": {"parts": [{"text": ""}]}}),
            "* GenerateContentRequest.system_instruction.parts[0].data",
        ),
        (blob("image/jpg", "aGk="), "Unsupported MIME type: image/jpg"),
        (blob("image/png", "a b"), "Invalid value at 'contents[0].parts[0].inline_data.data' (TYPE_BYTES), \"a b\""),
        (blob("image/png", ""), "* GenerateContentRequest.contents[0].parts[0].inline_data.data: must not be empty"),
        (
            of(json!([{"fileData": {"fileUri": "https://example.com/a.png"}}])),
            "Invalid or unsupported file uri: https://example.com",
        ),
        (of(json!([{"text": "<simulator>{\"token\":1}</simulator>"}])), "simulator: unknown field `token`"),
    ] {
        refuses(&simulator, MODEL, (more, message));
    }
}

#[test]
fn configuration() {
    let simulator = start();
    for (config, name, why) in [
        (json!({"temperature": 2.1}), "temperature", "temperature must be in the range [0.0, 2.0]."),
        (json!({"topP": 1.1}), "top_p", "top_p must be in the range"),
        (json!({"topK": 0}), "top_k", "top_k must be positive."),
        (json!({"candidateCount": 9}), "candidate_count", "candidate_count must be in the range [1, 8]."),
        (json!({"candidateCount": 0}), "candidate_count", "candidate_count must be in the range [1, 8]."),
        (json!({"maxOutputTokens": 0}), "max_output_tokens", "max_output_tokens must be positive."),
        (json!({"stopSequences": ["a", "b", "c", "d", "e", "f"]}), "stop_sequences", "at most 5"),
        (json!({"stopSequences": [""]}), "stop_sequences", "stop sequences must not be empty"),
        (json!({"presencePenalty": 2.5}), "presence_penalty", "presence_penalty must be in the range"),
        (json!({"logprobs": 2}), "logprobs", "response_logprobs must be set to true"),
        (json!({"responseLogprobs": true, "logprobs": 21}), "logprobs", "logprobs must be in the range [0, 20]."),
        (json!({"responseModalities": ["AUDIO"]}), "response_modalities", "\"AUDIO\" is not supported"),
        (json!({"responseMimeType": "text/html"}), "response_mime_type", "allowed mimetypes are"),
        (
            json!({"responseSchema": {"type": "STRING"}}),
            "response_schema",
            "only allowed when the response mime type is",
        ),
        (
            json!({"responseSchema": {"type": "STRING"}, "responseJsonSchema": {}, "responseMimeType": "application/json"}),
            "response_schema",
            "only one of",
        ),
    ] {
        refuses(&simulator, MODEL, (json!({"generationConfig": config}), &of_config(name, why)));
    }
    let format = json!({"generationConfig": {"responseMimeType": "application/json"}, "tools": tools()});
    refuses(
        &simulator,
        MODEL,
        (format, "Function calling with a response mime type: 'application/json' is unsupported"),
    );
    let plain = json!({"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": {}}});
    refuses(
        &simulator,
        "gemini-1.5-pro",
        (plain, "Invalid JSON payload received. Unknown name \"responseJsonSchema\""),
    );
}

#[test]
fn thinking() {
    let simulator = start();
    let thinking = |config: Value| json!({"generationConfig": {"thinkingConfig": config}});
    for (model, config, message) in [
        (MODEL, json!({"thinkingBudget": 0}), "Thinking is not enabled for models/gemini-2.0-flash."),
        ("gemini-1.5-pro", json!({}), "Thinking is not enabled for models/gemini-1.5-pro."),
        (THINKING, json!({"thinkingLevel": "LOW"}), "Thinking level is not supported for this model."),
        (THINKING, json!({"thinkingBudget": 24_577}), "The thinking budget 24577 is invalid"),
        ("gemini-2.5-pro", json!({"thinkingBudget": 0}), "The thinking budget 0 is invalid"),
        (NEWEST, json!({"thinkingBudget": 1024, "thinkingLevel": "LOW"}), "You can only set only one of"),
    ] {
        refuses(&simulator, model, (thinking(config), message));
    }
}

#[test]
fn functions() {
    let simulator = start();
    let declared = |function: Value| json!({"tools": [{"functionDeclarations": [function]}]});
    let named = |name: &str| declared(json!({"name": name}));
    let place = "* GenerateContentRequest.tools[0].function_declarations[0]";
    let choice = |config: Value| json!({"tools": tools(), "toolConfig": {"functionCallingConfig": config}});
    for (more, message) in [
        (named("1f"), format!("{place}.name: Invalid function name.")),
        (named("-f"), format!("{place}.name: Invalid function name.")),
        (named("f g"), format!("{place}.name: Invalid function name.")),
        (named(&"f".repeat(65)), format!("{place}.name: Invalid function name.")),
        (
            json!({"tools": [{"functionDeclarations": [{"name": "f"}, {"name": "f"}]}]}),
            "Duplicate function declaration found: f".to_owned(),
        ),
        (json!({"tools": [{}]}), "* GenerateContentRequest.tools[0].tool_type: required one_of".to_owned()),
        (
            declared(json!({"name": "f", "parameters": {"type": "OBJECT"}})),
            format!("{place}.parameters.properties: should be non-empty"),
        ),
        (
            declared(json!({"name": "f", "parameters": {"type": "OBJECT", "properties": {}}})),
            format!("{place}.parameters.properties: should be non-empty"),
        ),
        (
            declared(json!({"name": "f", "parameters": {"type": "STRING"}})),
            format!("{place}.parameters.type: must be OBJECT"),
        ),
        (
            json!({"toolConfig": {"functionCallingConfig": {"mode": "AUTO"}}}),
            "Function calling config is set without".to_owned(),
        ),
        (choice(json!({"allowedFunctionNames": ["get_time"]})), "Allowed function names should only be set".to_owned()),
        (
            choice(json!({"mode": "NONE", "allowedFunctionNames": ["get_time"]})),
            "Allowed function names should only be set".to_owned(),
        ),
        (choice(json!({"mode": "ANY", "allowedFunctionNames": ["f"]})), "allowed_function_names contains f".to_owned()),
    ] {
        refuses(&simulator, MODEL, (more, &message));
    }
    let plain = declared(json!({"name": "f", "parametersJsonSchema": {"type": "object"}}));
    refuses(
        &simulator,
        "gemini-1.5-pro",
        (plain.clone(), "Invalid JSON payload received. Unknown name \"parametersJsonSchema\""),
    );
    assert_eq!(ask(&simulator, &with(question(json!({})), plain)).status, 200);
}

#[test]
fn schemas() {
    let simulator = start();
    let config = |schema: &Value| json!({"generationConfig": {"responseMimeType": "application/json", "responseSchema": schema}});
    for keyword in [
        "additionalProperties",
        "$ref",
        "$defs",
        "const",
        "oneOf",
        "allOf",
        "not",
        "exclusiveMinimum",
        "multipleOf",
        "uniqueItems",
        "patternProperties",
        "$schema",
        "examples",
    ] {
        let mut schema = json!({"type": "STRING"});
        schema[keyword] = json!(true);
        let message =
            format!("Invalid JSON payload received. Unknown name \"{keyword}\" at 'generation_config.response_schema'");
        refuses(&simulator, MODEL, (config(&schema), &message));
    }
    let property = |schema: Value| json!({"type": "OBJECT", "properties": {"a": schema}});
    for (schema, message) in [
        (
            json!({"type": ["STRING", "NULL"]}),
            "Invalid JSON payload received. Unknown name \"type\" at 'generation_config.response_schema': Proto field is not repeating",
        ),
        (
            json!({"type": "text"}),
            &*format!("Invalid value at 'generation_config.response_schema.type' ({ENUM}.Type), \"text\""),
        ),
        (json!({}), &of_config("response_schema.type", "must be specified")),
        (
            json!({"type": "OBJECT", "properties": {}}),
            &of_config("response_schema.properties", "should be non-empty for OBJECT type"),
        ),
        (property(json!({"type": "ARRAY"})), &of_config("response_schema.properties[a].items", "missing field.")),
        (
            property(json!({"type": "INTEGER", "enum": ["1"]})),
            &of_config("response_schema.properties[a].enum", "only allowed for STRING type"),
        ),
        (
            json!({"type": "INTEGER", "enum": [1]}),
            "Invalid value at 'generation_config.response_schema.enum[0]' (TYPE_STRING), 1",
        ),
        (json!({"type": "STRING", "enum": ["a", ""]}), &of_config("response_schema.enum[1]", "cannot be empty")),
        (
            json!({"type": "STRING", "format": "uri"}),
            &of_config("response_schema.format", "only 'enum' and 'date-time'"),
        ),
        (
            json!({"type": "INTEGER", "format": "uint8"}),
            &of_config("response_schema.format", "only 'int32' and 'int64'"),
        ),
        (
            json!({"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["b"]}),
            &of_config("response_schema.required[0]", "property is not defined"),
        ),
        (json!({"type": "STRING", "anyOf": [{"type": "STRING"}]}), &of_config("response_schema", "when using any_of")),
        (
            json!({"anyOf": [{"type": "STRING"}, {"type": "ARRAY"}]}),
            &of_config("response_schema.any_of[1].items", "missing field."),
        ),
    ] {
        refuses(&simulator, MODEL, (config(&schema), message));
    }
}

#[test]
fn keys_and_paths() {
    let api_key = Some("sk-right".parse().unwrap());
    let simulator = Simulator::start(SimulatorSettings { api_key, ..SimulatorSettings::default() }).unwrap();
    let right = HEADERS.replace("sk-test", "sk-right");
    let path = format!("POST /v1beta/models/{MODEL}:generateContent");
    let mut client = Client::connect(&simulator);
    let mut asked = |start: &str, headers: &str, body: &str| {
        client.send(request(start, headers, body).as_bytes());
        let answer = client.answer().unwrap();
        (answer.status, answer.json()["error"].clone())
    };
    let body = question(json!({})).to_string();
    assert_eq!(asked(&path, &right, &body).0, 200);
    let (status, error) = asked(&path, HEADERS, &body);
    assert_eq!((status, &error["status"]), (400, &json!("INVALID_ARGUMENT")));
    assert_eq!(
        (&error["details"][0]["reason"], &error["message"]),
        (&json!("API_KEY_INVALID"), &json!("API key not valid. Please pass a valid API key."))
    );
    let (status, error) = asked(&format!("{path}?key=sk-right"), "", &body);
    assert_eq!((status, &error["status"]), (403, &json!("PERMISSION_DENIED")));
    for header in ["authorization: Bearer x", "x-api-key: x", "x-other: sk-syn-1", "x-syntopen-a: 1"] {
        let (status, error) = asked(&path, &format!("{right}{header}\r\n"), &body);
        assert!(
            status == 400 && error["message"].as_str().unwrap().ends_with("must not reach a provider."),
            "{header}"
        );
    }
    for wrong in ["", "[]", "{\"contents\":"] {
        assert_eq!(asked(&path, &right, wrong).0, 400, "{wrong}");
    }
    for start in [
        "POST /v1beta/models/x:countTokens",
        "GET /v1beta/models/x:generateContent",
        "POST /v1beta/models/x",
        "POST /v1beta/models/:generateContent",
    ] {
        let (status, error) = asked(start, &right, &body);
        assert_eq!((status, &error["status"]), (404, &json!("NOT_FOUND")), "{start}");
    }
}
