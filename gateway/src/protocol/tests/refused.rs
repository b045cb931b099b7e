//! Bodies and parameters that are refused.

use super::super::json::{MAX_DEPTH, MAX_VALUES};
use super::super::scan::MAX_FIELDS;
use super::{ChatRequest, Refusal, assert_refused, parse, with};

const BODIES: &[Refusal<'_>] = &[
    ("", "", "is empty"),
    (" \r\n\t", "", "is empty"),
    ("null", "", "must be a JSON object"),
    ("[]", "", "must be a JSON object"),
    ("\"secret\"", "", "must be a JSON object"),
    ("12", "", "must be a JSON object"),
    ("true", "", "must be a JSON object"),
    ("model=m", "", "not valid JSON: expected value at line 1 column 1"),
    ("{", "", "EOF while parsing an object at line 1 column 1"),
    ("{\"model\":\"m", "", "EOF while parsing a string"),
    ("{\n \"model\": m}", "", "at line 2 column 11"),
    ("{'model':'m'}", "", "not valid JSON"),
    ("{\"model\":\"m\",}", "", "trailing comma"),
    ("{\"model\":\"m\"} {}", "", "trailing characters"),
    ("{\"model\":\"m\"}x", "", "trailing characters"),
    ("{\"model\":\"m\" // no\n}", "", "not valid JSON"),
    ("{\"model\":\"a\nb\"}", "", "control character"),
    ("{\"model\":\"a\0b\"}", "", "control character"),
    ("{\"model\":\"m\"}\0", "", "trailing characters"),
    ("{\"model\":NaN}", "", "not valid JSON"),
    ("{\"model\":01}", "", "not valid JSON"),
    ("{\"model\":\"\\x\"}", "", "invalid escape"),
    ("{\"model\":\"\\u12\"}", "", "invalid escape"),
    ("{\"mod\\ud800el\":1}", "", "hex escape"),
    ("\u{feff}{}", "", "byte order mark"),
    ("{}", "model", "is required"),
    ("{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", "model", "is required"),
    ("{\"model\":\"m\"}", "messages", "is required"),
    ("{\"model\":\"m\",\"messages\":null}", "messages", "is required"),
    ("{\"model\":null,\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", "model", "is required"),
    ("{\"model\":\"\"}", "model", "must not be empty"),
    ("{\"model\":7}", "model", "must be a string, not 7"),
    ("{\"model\":\"a\",\"model\":\"b\"}", "model", "must not appear twice"),
    ("{\"model\":\"a\",\"mod\\u0065l\":\"b\"}", "model", "must not appear twice"),
    ("{\"x\":1,\"x\":1}", "x", "must not appear twice"),
    ("{\"model\":\"\\ud800\"}", "model", "one half of a surrogate pair"),
    ("{\"model\":\"\\udc00\"}", "model", "one half of a surrogate pair"),
];

const PARAMS: &[Refusal<'_>] = &[
    (r#""models":"a""#, "models", "must be an array, not a string"),
    (r#""models":[]"#, "models", "must not be empty"),
    (r#""models":["a",""]"#, "models[1]", "must not be empty"),
    (r#""models":["a",1]"#, "models[1]", "must be a string, not 1"),
    (r#""models":["1","2","3","4","5","6","7","8","9","a","b","c","d","e","f","g","h"]"#, "models", "at most 16"),
    (r#""temperature":2.1"#, "temperature", "must be a number between 0 and 2, not 2.1"),
    (r#""temperature":-0.1"#, "temperature", "between 0 and 2"),
    (r#""temperature":"1""#, "temperature", "must be a number between 0 and 2, not a string"),
    (r#""temperature":true"#, "temperature", "not true"),
    (r#""temperature":1e400"#, "temperature", "a number that a double can hold"),
    (r#""unknown":[1,{"a":1e400}]"#, "unknown[1].a", "a number that a double can hold"),
    (r#""unknown":{"a":"\udfff"}"#, "unknown.a", "one half of a surrogate pair"),
    (r#""top_p":1.01"#, "top_p", "between 0 and 1"),
    (r#""top_p":-1"#, "top_p", "not -1"),
    (r#""frequency_penalty":2.5"#, "frequency_penalty", "between -2 and 2"),
    (r#""presence_penalty":-3"#, "presence_penalty", "between -2 and 2, not -3"),
    (r#""presence_penalty":[]"#, "presence_penalty", "not an array"),
    (r#""n":0"#, "n", "must be an integer between 1 and 128, not 0"),
    (r#""n":129"#, "n", "between 1 and 128"),
    (r#""n":1.0"#, "n", "must be an integer between 1 and 128, not 1.0"),
    (r#""n":-0"#, "n", "between 1 and 128"),
    (r#""n":true"#, "n", "must be an integer"),
    (r#""max_tokens":0"#, "max_tokens", "must be an integer between 1"),
    (r#""max_tokens":-5"#, "max_tokens", "not -5"),
    (r#""max_tokens":1e3"#, "max_tokens", "must be an integer"),
    (r#""max_tokens":18446744073709551616"#, "max_tokens", "must be an integer"),
    (r#""max_tokens":2147483648"#, "max_tokens", "and 2147483647"),
    (r#""max_completion_tokens":"9""#, "max_completion_tokens", "must be an integer"),
    (r#""max_completion_tokens":9,"max_tokens":9"#, "max_tokens", "together with max_completion_tokens"),
    (r#""seed":1.5"#, "seed", "must be an integer"),
    (r#""seed":9223372036854775808"#, "seed", "must be an integer between -9223372036854775808"),
    (r#""seed":-9223372036854775809"#, "seed", "must be an integer"),
    (r#""stream":"true""#, "stream", "must be a boolean, not a string"),
    (r#""stream":1"#, "stream", "must be a boolean, not 1"),
    (r#""stream_options":{"include_usage":true}"#, "stream_options", "when stream is true"),
    (r#""stream_options":{},"stream":false"#, "stream_options", "when stream is true"),
    (r#""stream":true,"stream_options":[]"#, "stream_options", "must be an object, not an array"),
    (r#""stream":true,"stream_options":{"include_usage":1}"#, "stream_options.include_usage", "must be a boolean"),
    (r#""stream":true,"stream_options":{"include_obfuscation":""}"#, "stream_options.include_obfuscation", "boolean"),
    (r#""stream":true,"stream_options":{"a":1,"a":2}"#, "stream_options.a", "must not appear twice"),
    (r#""stop":["a","b","c","d","e"]"#, "stop", "at most 4 elements, not 5"),
    (r#""stop":[1]"#, "stop[0]", "must be a string"),
    (r#""stop":{}"#, "stop", "a string or an array of at most 4 strings, not an object"),
    (r#""logprobs":"yes""#, "logprobs", "must be a boolean"),
    (r#""top_logprobs":5"#, "top_logprobs", "when logprobs is true"),
    (r#""top_logprobs":21,"logprobs":true"#, "top_logprobs", "between 0 and 20"),
    (r#""logit_bias":[]"#, "logit_bias", "must be an object"),
    (r#""logit_bias":{"50256":101}"#, "logit_bias.50256", "between -100 and 100"),
    (r#""logit_bias":{"50256":"1"}"#, "logit_bias.50256", "must be a number"),
    (r#""logit_bias":{"hello":1}"#, "logit_bias.hello", "number of a token"),
    (r#""logit_bias":{"":1}"#, "logit_bias.", "number of a token"),
    (r#""logit_bias":{"1":1,"2":1,"1":2}"#, "logit_bias.1", "must not appear twice"),
    (r#""metadata":"a""#, "metadata", "must be an object"),
    (r#""metadata":{"a":1}"#, "metadata.a", "must be a string, not 1"),
    (r#""user":5"#, "user", "must be a string"),
    (r#""prompt_cache_key":{}"#, "prompt_cache_key", "must be a string"),
    (r#""prompt_cache_retention":"1h""#, "prompt_cache_retention", "in_memory"),
    (r#""prompt_cache_options":{"mode":"off"}"#, "prompt_cache_options.mode", "one of implicit, explicit"),
    (r#""prompt_cache_options":{"ttl":30}"#, "prompt_cache_options.ttl", "30m"),
    (r#""reasoning_effort":"hgih""#, "reasoning_effort", r#"xhigh, max, not "hgih""#),
    (r#""reasoning_effort":3"#, "reasoning_effort", "one of none, minimal"),
    (r#""service_tier":"gold""#, "service_tier", "one of auto, default"),
    (r#""verbosity":"mid""#, "verbosity", "one of low, medium, high"),
    (r#""store":0"#, "store", "must be a boolean"),
    (r#""parallel_tool_calls":"no""#, "parallel_tool_calls", "must be a boolean"),
    (r#""modalities":[]"#, "modalities", "must not be empty"),
    (r#""modalities":["video"]"#, "modalities[0]", "one of text, audio"),
    (r#""modalities":"text""#, "modalities", "must be an array"),
    (r#""modalities":["text","audio"]"#, "audio", "is required when modalities has audio"),
    (r#""audio":{"format":"wav"}"#, "audio.voice", "is required"),
    (r#""audio":{"voice":"alloy"}"#, "audio.format", "is required"),
    (r#""audio":{"voice":"","format":"wav"}"#, "audio.voice", "must not be empty"),
    (r#""audio":{"voice":1,"format":"wav"}"#, "audio.voice", "the name of a voice"),
    (r#""audio":{"voice":{},"format":"wav"}"#, "audio.voice.id", "is required"),
    (r#""audio":{"voice":"alloy","format":"ogg"}"#, "audio.format", "one of wav, aac"),
    (r#""prediction":{"content":"a"}"#, "prediction.type", "is required"),
    (r#""prediction":{"type":"text","content":"a"}"#, "prediction.type", r#"must be content, not "text""#),
    (r#""prediction":{"type":"content"}"#, "prediction.content", "is required"),
    (r#""prediction":{"type":"content","content":[{"type":"file"}]}"#, "prediction.content[0].type", "must be text"),
    (r#""moderation":{}"#, "moderation.model", "is required"),
    (r#""moderation":{"model":"x","policy":{"input":{"mode":"a"}}}"#, "moderation.policy.input.mode", "score, block"),
    (r#""web_search_options":{"search_context_size":"xl"}"#, "web_search_options.search_context_size", "low, medium"),
    (r#""web_search_options":{"user_location":{}}"#, "web_search_options.user_location.type", "is required"),
    (
        r#""web_search_options":{"user_location":{"type":"approximate","approximate":{"city":1}}}"#,
        "web_search_options.user_location.approximate.city",
        "must be a string",
    ),
    (r#""response_format":"json""#, "response_format", "must be an object, not a string"),
    (r#""response_format":{"type":"xml"}"#, "response_format.type", "one of text, json_object"),
    (r#""response_format":{"type":"json_schema"}"#, "response_format.json_schema", "is required"),
    (
        r#""response_format":{"type":"json_schema","json_schema":{"name":"a b"}}"#,
        "response_format.json_schema.name",
        "1 to 64",
    ),
    (
        r#""response_format":{"type":"json_schema","json_schema":{"name":"a","schema":[]}}"#,
        "response_format.json_schema.schema",
        "must be an object",
    ),
    (
        r#""response_format":{"type":"json_schema","json_schema":{"name":"a","strict":1}}"#,
        "response_format.json_schema.strict",
        "must be a boolean",
    ),
];

#[test]
fn refuses_bodies() {
    for case in BODIES {
        assert_refused(case.0, *case);
    }
    let refusal = ChatRequest::parse(b"{\"model\":\"\xff\"}".as_slice().into()).unwrap_err();
    assert!(refusal.message.contains("must be UTF-8, which it is not at byte 10"), "{refusal}");
}

#[test]
fn refuses_parameters() {
    for case in PARAMS {
        assert_refused(&with(case.0), *case);
    }
}

#[test]
fn refuses_what_has_no_bound() {
    let metadata = |pairs: usize, key: &str, value: &str| {
        let pairs: Vec<_> = (0..pairs).map(|index| format!(r#""{key}{index}":"{value}""#)).collect();
        with(&format!(r#""metadata":{{{}}}"#, pairs.join(",")))
    };
    assert_refused(&metadata(17, "k", "v"), ("17 pairs", "metadata", "at most 16 pairs"));
    assert_refused(&metadata(1, &"k".repeat(64), "v"), ("long key", "metadata", "keys of at most 64 characters"));
    assert_refused(&metadata(1, "k", &"v".repeat(513)), ("long value", "metadata.k0", "at most 512 characters"));

    let long = format!(r#""safety_identifier":"{}""#, "é".repeat(129));
    assert_refused(&with(&long), ("long identifier", "safety_identifier", "at most 128 characters"));
    let deep = |levels: usize| with(&format!(r#""unknown":{}{}"#, "[".repeat(levels), "]".repeat(levels)));
    assert!(parse(&deep(MAX_DEPTH)).is_ok());
    let refusal = parse(&deep(MAX_DEPTH + 1)).unwrap_err();
    assert!(refusal.message.contains("nested deeper than 100 levels"), "{refusal}");
    assert!(parse(&deep(1_000_000)).is_err());

    let wide = with(&format!(r#""unknown":[{}1]"#, "1,".repeat(MAX_VALUES)));
    let refusal = parse(&wide).unwrap_err();
    assert!(refusal.message.contains("JSON values"), "{refusal}");
    let names: Vec<_> = (0..MAX_FIELDS).map(|index| format!(r#""x{index}":1"#)).collect();
    assert_refused(&with(&names.join(",")), ("many parameters", "", "more than 256 parameters"));
}

#[test]
fn repeats_little_of_what_was_sent() {
    let long = "y".repeat(100_000);
    for body in [
        with(&format!(r#""verbosity":"{long}""#)),
        with(&format!(r#""metadata":{{"{long}":1}}"#)),
        with(&format!(r#""{long}":1e999"#)),
        with(&format!(r#""tools":[{{"type":"function","function":{{"name":"{long}"}}}}]"#)),
    ] {
        let refusal = parse(&body).unwrap_err().to_string();
        assert!(refusal.chars().count() < 400, "{refusal}");
    }
}
