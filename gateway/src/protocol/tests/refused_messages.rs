//! Conversations that are refused.

use super::{Refusal, assert_refused, parse, with_messages};

const MESSAGES: &[Refusal<'_>] = &[
    (r#""hi""#, "messages", "must be an array, not a string"),
    (r#"{}"#, "messages", "must be an array, not an object"),
    (r#"[]"#, "messages", "must not be empty"),
    (r#"["hi"]"#, "messages[0]", "must be an object, not a string"),
    (r#"[{"content":"a"}]"#, "messages[0].role", "is required"),
    (
        r#"[{"role":"bot","content":"a"}]"#,
        "messages[0].role",
        r#"one of developer, system, user, assistant, tool, function, not "bot""#,
    ),
    (r#"[{"role":1,"content":"a"}]"#, "messages[0].role", "not 1"),
    (r#"[{"role":"user","role":"user","content":"a"}]"#, "messages[0].role", "must not appear twice"),
    (r#"[{"role":"user"}]"#, "messages[0].content", "is required"),
    (r#"[{"role":"user","content":null}]"#, "messages[0].content", "is required"),
    (r#"[{"role":"user","content":5}]"#, "messages[0].content", "a string or an array of content parts, not 5"),
    (r#"[{"role":"user","content":{}}]"#, "messages[0].content", "a string or an array"),
    (r#"[{"role":"user","content":[]}]"#, "messages[0].content", "must not be empty"),
    (r#"[{"role":"user","content":"\ud83d"}]"#, "messages[0].content", "one half of a surrogate pair"),
    (r#"[{"role":"user","content":"a","\ud83d":1}]"#, "messages[0]", "one half of a surrogate pair"),
    (r#"[{"role":"user","content":"a","name":1}]"#, "messages[0].name", "must be a string"),
    (r#"[{"role":"user","content":["a"]}]"#, "messages[0].content[0]", "must be an object"),
    (r#"[{"role":"user","content":[{"text":"a"}]}]"#, "messages[0].content[0].type", "is required"),
    (
        r#"[{"role":"user","content":[{"type":"video_url"}]}]"#,
        "messages[0].content[0].type",
        "one of text, image_url, input_audio, file",
    ),
    (r#"[{"role":"user","content":[{"type":"refusal","refusal":"a"}]}]"#, "messages[0].content[0].type", "one of text"),
    (r#"[{"role":"user","content":[{"type":"text"}]}]"#, "messages[0].content[0].text", "is required"),
    (
        r#"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":[]}]}]"#,
        "messages[0].content[1].text",
        "must be a string",
    ),
    (
        r#"[{"role":"user","content":[{"type":"text","text":"a","prompt_cache_breakpoint":{}}]}]"#,
        "messages[0].content[0].prompt_cache_breakpoint.mode",
        "is required",
    ),
    (
        r#"[{"role":"user","content":[{"type":"text","text":"a","prompt_cache_breakpoint":{"mode":"explicit","ttl":"1y"}}]}]"#,
        "messages[0].content[0].prompt_cache_breakpoint.ttl",
        "30m",
    ),
    (r#"[{"role":"user","content":[{"type":"image_url"}]}]"#, "messages[0].content[0].image_url", "is required"),
    (
        r#"[{"role":"user","content":[{"type":"image_url","image_url":"http://a"}]}]"#,
        "messages[0].content[0].image_url",
        "must be an object",
    ),
    (
        r#"[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]"#,
        "messages[0].content[0].image_url.url",
        "is required",
    ),
    (
        r#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"file:///a"}}]}]"#,
        "messages[0].content[0].image_url",
        "http(s)",
    ),
    (
        r#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:text/html;base64,AAAA"}}]}]"#,
        "messages[0].content[0].image_url",
        "data URL of an image",
    ),
    (
        r#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,%%%%"}}]}]"#,
        "messages[0].content[0].image_url",
        "valid base64",
    ),
    (
        r#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png,AAAA"}}]}]"#,
        "messages[0].content[0].image_url",
        "http(s)",
    ),
    (
        r#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://a","detail":"4k"}}]}]"#,
        "messages[0].content[0].image_url.detail",
        "one of auto, low, high, original",
    ),
    (
        r#"[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAAA"}}]}]"#,
        "messages[0].content[0].input_audio.format",
        "is required",
    ),
    (
        r#"[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAAA","format":"flac"}}]}]"#,
        "messages[0].content[0].input_audio.format",
        "one of wav, mp3",
    ),
    (
        r#"[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAA","format":"wav"}}]}]"#,
        "messages[0].content[0].input_audio.data",
        "base64",
    ),
    (
        r#"[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"","format":"wav"}}]}]"#,
        "messages[0].content[0].input_audio.data",
        "base64",
    ),
    (
        r#"[{"role":"user","content":[{"type":"file","file":{}}]}]"#,
        "messages[0].content[0].file",
        "file_data or file_id",
    ),
    (
        r#"[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf"}}]}]"#,
        "messages[0].content[0].file",
        "file_data or file_id",
    ),
    (
        r#"[{"role":"user","content":[{"type":"file","file":{"file_id":""}}]}]"#,
        "messages[0].content[0].file.file_id",
        "must not be empty",
    ),
    (
        r#"[{"role":"user","content":[{"type":"file","file":{"file_data":"AAAA"}}]}]"#,
        "messages[0].content[0].file.file_data",
        "data URL",
    ),
    (
        r#"[{"role":"user","content":[{"type":"file","file":{"file_data":"data:application/pdf;base64,A"}}]}]"#,
        "messages[0].content[0].file.file_data",
        "valid base64",
    ),
    (r#"[{"role":"system"}]"#, "messages[0].content", "is required"),
    (
        r#"[{"role":"system","content":[{"type":"image_url","image_url":{"url":"http://a"}}]}]"#,
        "messages[0].content[0].type",
        "must be text",
    ),
    (r#"[{"role":"developer","content":[{"type":"file"}]}]"#, "messages[0].content[0].type", "must be text"),
    (r#"[{"role":"assistant"}]"#, "messages[0]", "must have content, a refusal or tool_calls"),
    (r#"[{"role":"assistant","content":null,"tool_calls":[]}]"#, "messages[0]", "must have content"),
    (
        r#"[{"role":"assistant","content":[{"type":"image_url"}]}]"#,
        "messages[0].content[0].type",
        "one of text, refusal",
    ),
    (r#"[{"role":"assistant","content":[{"type":"refusal"}]}]"#, "messages[0].content[0].refusal", "is required"),
    (r#"[{"role":"assistant","refusal":true}]"#, "messages[0].refusal", "must be a string"),
    (r#"[{"role":"assistant","audio":{}}]"#, "messages[0].audio.id", "is required"),
    (r#"[{"role":"assistant","function_call":{"name":"f"}}]"#, "messages[0].function_call.arguments", "is required"),
    (r#"[{"role":"assistant","tool_calls":{}}]"#, "messages[0].tool_calls", "must be an array"),
    (r#"[{"role":"assistant","tool_calls":[{}]}]"#, "messages[0].tool_calls[0].id", "is required"),
    (r#"[{"role":"assistant","tool_calls":[{"id":"a"}]}]"#, "messages[0].tool_calls[0].type", "is required"),
    (
        r#"[{"role":"assistant","tool_calls":[{"id":"a","type":"function"}]}]"#,
        "messages[0].tool_calls[0].function",
        "is required",
    ),
    (
        r#"[{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":{}}}]}]"#,
        "messages[0].tool_calls[0].function.arguments",
        "must be a string, not an object",
    ),
    (
        r#"[{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"arguments":""}}]}]"#,
        "messages[0].tool_calls[0].function.name",
        "is required",
    ),
    (
        r#"[{"role":"assistant","tool_calls":[{"id":"a","type":"custom","custom":{"name":"f"}}]}]"#,
        "messages[0].tool_calls[0].custom.input",
        "is required",
    ),
    (r#"[{"role":"tool","content":"a"}]"#, "messages[0].tool_call_id", "is required"),
    (
        r#"[{"role":"tool","content":"a","tool_call_id":"x"}]"#,
        "messages[0]",
        "must follow an assistant message with tool_calls",
    ),
    (r#"[{"role":"function","content":"a"}]"#, "messages[0].name", "is required"),
    (r#"[{"role":"function","name":"f","content":[]}]"#, "messages[0].content", "must be a string"),
];

const CALL: &str = r#"{"role":"user","content":"q"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"custom","custom":{"name":"c","input":""}}]}"#;

/// What follows two calls, `a` and `b`.
const PAIRINGS: &[Refusal<'_>] = &[
    ("", "messages[1].tool_calls", r#"answered by a tool message right after, and "a" is not"#),
    (r#",{"role":"user","content":"a"}"#, "messages[1].tool_calls", r#""a" is not"#),
    (r#",{"role":"tool","tool_call_id":"a","content":"1"}"#, "messages[1].tool_calls", r#""b" is not"#),
    (
        r#",{"role":"tool","tool_call_id":"a","content":"1"},{"role":"assistant","content":"x"}"#,
        "messages[1].tool_calls",
        r#""b" is not"#,
    ),
    (r#",{"role":"tool","tool_call_id":"z","content":"1"}"#, "messages[2].tool_call_id", "must be the id of one of"),
    (r#",{"role":"tool","tool_call_id":1,"content":"1"}"#, "messages[2].tool_call_id", "must be a string"),
    (r#",{"role":"tool","tool_call_id":"a"}"#, "messages[2].content", "is required"),
    (
        r#",{"role":"tool","tool_call_id":"a","content":[{"type":"image_url"}]}"#,
        "messages[2].content[0].type",
        "must be text",
    ),
    (
        r#",{"role":"tool","tool_call_id":"b","content":"1"},{"role":"tool","tool_call_id":"a","content":"1"},{"role":"user","content":"x"},{"role":"tool","tool_call_id":"a","content":"1"}"#,
        "messages[5]",
        "must follow an assistant message",
    ),
];

#[test]
fn refuses_messages() {
    for case in MESSAGES {
        assert_refused(&with_messages(case.0), *case);
    }
}

#[test]
fn refuses_calls_without_answers_and_answers_without_calls() {
    for case in PAIRINGS {
        assert_refused(&with_messages(&format!("[{CALL}{}]", case.0)), *case);
    }
}

#[test]
fn bounds_the_conversation() {
    let messages =
        |count: usize| with_messages(&format!("[{}]", vec![r#"{"role":"user","content":""}"#; count].join(",")));
    assert!(parse(&messages(4096)).is_ok());
    assert_refused(&messages(4097), ("4097 messages", "messages", "at most 4096 elements, not 4097"));
    let call = r#"{"id":"a","type":"custom","custom":{"name":"c","input":""}}"#;
    let calls = with_messages(&format!(r#"[{{"role":"assistant","tool_calls":[{}]}}]"#, vec![call; 1025].join(",")));
    assert_refused(&calls, ("1025 calls", "messages[0].tool_calls", "at most 1024 elements"));
}
