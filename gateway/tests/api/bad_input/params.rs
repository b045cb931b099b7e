//! Parameters that are not what they must be.

use serde_json::Value;

use super::row::{INVALID, JSON, NO_MODEL, Row, post};
use crate::helpers::Customer;

/// More members of the body, and the parameter that is named.
const PARAMS: &[(&str, &str)] = &[
    (r#""temperature":"1""#, "temperature"),
    (r#""temperature":-0.1"#, "temperature"),
    (r#""temperature":2.1"#, "temperature"),
    (r#""temperature":true"#, "temperature"),
    (r#""temperature":[1]"#, "temperature"),
    (r#""temperature":1e400"#, "temperature"),
    (r#""top_p":1.5"#, "top_p"),
    (r#""top_p":{}"#, "top_p"),
    (r#""presence_penalty":3"#, "presence_penalty"),
    (r#""frequency_penalty":"x""#, "frequency_penalty"),
    (r#""max_tokens":0"#, "max_tokens"),
    (r#""max_tokens":-1"#, "max_tokens"),
    (r#""max_tokens":1.5"#, "max_tokens"),
    (r#""max_tokens":"10""#, "max_tokens"),
    (r#""max_tokens":1e3"#, "max_tokens"),
    (r#""max_tokens":18446744073709551615"#, "max_tokens"),
    (r#""max_tokens":99999999999999999999999"#, "max_tokens"),
    (r#""max_completion_tokens":0"#, "max_completion_tokens"),
    (r#""max_tokens":1,"max_completion_tokens":1"#, "max_tokens"),
    (r#""n":0"#, "n"),
    (r#""n":129"#, "n"),
    (r#""n":"1""#, "n"),
    (r#""stop":["a","b","c","d","e"]"#, "stop"),
    (r#""stop":[1]"#, "stop[0]"),
    (r#""stop":{}"#, "stop"),
    (r#""seed":1.5"#, "seed"),
    (r#""seed":9223372036854775808"#, "seed"),
    (r#""logprobs":1"#, "logprobs"),
    (r#""logprobs":true,"top_logprobs":21"#, "top_logprobs"),
    (r#""top_logprobs":5"#, "top_logprobs"),
    (r#""stream":"true""#, "stream"),
    (r#""stream":1"#, "stream"),
    (r#""stream_options":{}"#, "stream_options"),
    (r#""stream":true,"stream_options":[]"#, "stream_options"),
    (r#""stream":true,"stream_options":{"include_usage":1}"#, "stream_options.include_usage"),
    (r#""tools":{}"#, "tools"),
    (r#""tools":[1]"#, "tools[0]"),
    (r#""tools":[{}]"#, "tools[0].type"),
    (r#""tools":[{"type":"function","function":{"name":"a b"}}]"#, "tools[0].function.name"),
    (r#""tools":[{"type":"function","function":{"name":"\u0000"}}]"#, "tools[0].function.name"),
    (r#""tool_choice":"auto""#, "tool_choice"),
    (r#""tool_choice":7"#, "tool_choice"),
    (r#""parallel_tool_calls":"no""#, "parallel_tool_calls"),
    (r#""function_call":"auto""#, "function_call"),
    (r#""functions":{}"#, "functions"),
    (r#""response_format":"json""#, "response_format"),
    (r#""response_format":{"type":"xml"}"#, "response_format.type"),
    (r#""response_format":{"type":"json_schema","json_schema":{}}"#, "response_format.json_schema.name"),
    (r#""reasoning_effort":"extreme""#, "reasoning_effort"),
    (r#""service_tier":"gold""#, "service_tier"),
    (r#""metadata":[]"#, "metadata"),
    (r#""metadata":{"a":1}"#, "metadata.a"),
    (r#""modalities":["video"]"#, "modalities[0]"),
    (r#""modalities":["audio"]"#, "audio"),
    (r#""modalities":[]"#, "modalities"),
    (r#""audio":{}"#, "audio.voice"),
    (r#""logit_bias":{"a":1}"#, "logit_bias.a"),
    (r#""logit_bias":{"1":101}"#, "logit_bias.1"),
    (r#""logit_bias":[]"#, "logit_bias"),
    (r#""models":[]"#, "models"),
    (r#""models":"test/free""#, "models"),
    (r#""models":[1]"#, "models[0]"),
    (r#""prediction":{}"#, "prediction.type"),
    (r#""store":"yes""#, "store"),
    (r#""user":1"#, "user"),
    (r#""user":{}"#, "user"),
    (r#""verbosity":"loud""#, "verbosity"),
    (r#""web_search_options":1"#, "web_search_options"),
    (r#""prompt_cache_key":[]"#, "prompt_cache_key"),
];

const MESSAGES: &[(&str, &str)] = &[
    ("null", "messages"),
    ("{}", "messages"),
    ("[]", "messages"),
    ("\"Hello\"", "messages"),
    ("[1]", "messages[0]"),
    ("[null]", "messages[0]"),
    ("[{}]", "messages[0].role"),
    (r#"[{"role":"robot","content":"a"}]"#, "messages[0].role"),
    (r#"[{"role":1,"content":"a"}]"#, "messages[0].role"),
    (r#"[{"role":"user"}]"#, "messages[0].content"),
    (r#"[{"role":"user","content":null}]"#, "messages[0].content"),
    (r#"[{"role":"user","content":1}]"#, "messages[0].content"),
    (r#"[{"role":"user","content":{}}]"#, "messages[0].content"),
    (r#"[{"role":"user","content":[]}]"#, "messages[0].content"),
    (r#"[{"role":"user","content":[1]}]"#, "messages[0].content[0]"),
    (r#"[{"role":"user","content":[{}]}]"#, "messages[0].content[0].type"),
    (r#"[{"role":"user","content":[{"type":"video"}]}]"#, "messages[0].content[0].type"),
    (r#"[{"role":"user","content":[{"type":"text"}]}]"#, "messages[0].content[0].text"),
    (r#"[{"role":"user","content":[{"type":"text","text":1}]}]"#, "messages[0].content[0].text"),
    (
        r#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"file:///etc/passwd"}}]}]"#,
        "messages[0].content[0].image_url",
    ),
    (
        r#"[{"role":"user","content":[{"type":"image_url","image_url":"https://a/b"}]}]"#,
        "messages[0].content[0].image_url",
    ),
    (
        r#"[{"role":"user","content":[{"type":"input_audio","input_audio":{"format":"wav","data":"?"}}]}]"#,
        "messages[0].content[0].input_audio.data",
    ),
    (r#"[{"role":"user","content":[{"type":"file","file":{}}]}]"#, "messages[0].content[0].file"),
    (r#"[{"role":"user","content":"a","name":1}]"#, "messages[0].name"),
    (r#"[{"role":"assistant"}]"#, "messages[0]"),
    (r#"[{"role":"tool","content":"a","tool_call_id":"1"}]"#, "messages[0]"),
    (r#"[{"role":"assistant","tool_calls":{}}]"#, "messages[0].tool_calls"),
    (
        r#"[{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"a","arguments":{}}}]}]"#,
        "messages[0].tool_calls[0].function.arguments",
    ),
];

const MODELS: &[&str] = &["null", "1", "\"\"", "{}", "[\"test/free\"]", "true"];

/// Ids that are texts but no model's.
const UNKNOWN: &[&str] = &[
    "gpt",
    "openai/gpt-4o-mini ",
    "OPENAI/GPT-4O-MINI",
    "openai/gpt-4o-mini\\u0000",
    "../../etc/passwd",
    "openai%2Fgpt-4o-mini",
    "\\ud83d\\ude00",
    "'; DROP TABLE models; --",
    "\\r\\nX-Injected: 1",
];

pub(super) fn rows(customer: &Customer) -> Vec<Row> {
    let body = |model: &str, messages: &str, more: &str| {
        let body = format!("{{{more}\"model\":{model},\"messages\":{messages}}}");
        (body.clone(), post(customer, JSON, body))
    };
    let good = (r#""openai/gpt-4o-mini""#, r#"[{"role":"user","content":"Hello"}]"#);
    let row = |(what, request): (String, Vec<u8>), told| Row::new(what, request, told);
    let mut rows = Vec::new();
    rows.extend(PARAMS.iter().map(|(more, param)| row(body(good.0, good.1, &format!("{more},")), INVALID).at(*param)));
    rows.extend(MESSAGES.iter().map(|(messages, param)| row(body(good.0, messages, ""), INVALID).at(*param)));
    rows.extend(MODELS.iter().map(|model| row(body(model, good.1, ""), INVALID).at("model")));
    rows.extend(UNKNOWN.iter().map(|id| row(body(&format!("\"{id}\""), good.1, ""), NO_MODEL).at("model")));
    rows.push(row(body(&Value::from("m".repeat(60_000)).to_string(), good.1, ""), NO_MODEL).at("model"));
    rows.push(row(body(good.0, good.1, r#""models":["test/free","none"],"#), NO_MODEL).at("models[1]"));
    rows.push(
        row(body(good.0, good.1, &format!("\"safety_identifier\":\"{}\",", "s".repeat(129))), INVALID)
            .at("safety_identifier"),
    );
    rows
}
