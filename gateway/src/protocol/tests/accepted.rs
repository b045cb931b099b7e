//! Bodies that are accepted.

use super::{parse, with, with_messages};

const BODIES: &[&str] = &[
    // The two of the API reference.
    r#"{
    "model": "openai/gpt-4o-mini",
    "messages": [
      {"role": "system", "content": "You are concise."},
      {"role": "user", "content": "What is the capital of France?"}
    ],
    "stream": false
  }"#,
    r#"{"model":"anthropic/claude-3-5-sonnet","messages":[{"role":"user","content":"Hello"}]}"#,
    "  {\"messages\" :\t[ {\"content\":\"\\u0000\\ud83d\\ude00\",\"role\":\"user\"} ] , \"model\":\"m\" }\r\n",
    r#"{"mod\u0065l":"m","messages":[{"rol\u0065":"user","content":""}]}"#,
];

const PARAMS: &[&str] = &[
    r#""temperature":0,"top_p":0,"presence_penalty":-2,"frequency_penalty":-2.0,"n":1,"seed":-9223372036854775808"#,
    r#""temperature":2,"top_p":1,"presence_penalty":2,"frequency_penalty":2.0,"n":128,"seed":9223372036854775807"#,
    r#""temperature":-0,"seed":-0,"top_p":1e-400"#,
    r#""max_tokens":1,"max_completion_tokens":null"#,
    r#""max_completion_tokens":2147483647,"max_tokens":null"#,
    r#""stop":"x""#,
    r#""stop":[]"#,
    r#""stop":["a","b","c","d"]"#,
    r#""logprobs":true,"top_logprobs":20"#,
    r#""logprobs":false,"top_logprobs":null"#,
    r#""logit_bias":{},"metadata":{},"store":true,"user":"u""#,
    r#""logit_bias":{"0":-100,"100257":100,"5":0.5}"#,
    r#""stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false,"later":1}"#,
    r#""stream":true,"stream_options":null"#,
    r#""stream":null,"stream_options":null"#,
    r#""models":["a","b"]"#,
    r#""modalities":["text"]"#,
    r#""modalities":["text","audio"],"audio":{"voice":"alloy","format":"pcm16"}"#,
    r#""audio":{"voice":{"id":"v1"},"format":"opus"}"#,
    r#""prediction":{"type":"content","content":"a"}"#,
    r#""prediction":{"type":"content","content":[{"type":"text","text":"a"}]}"#,
    r#""prompt_cache_key":"k","prompt_cache_retention":"24h","prompt_cache_options":{"mode":"explicit","ttl":"30m"}"#,
    r#""reasoning_effort":"xhigh","verbosity":"low","service_tier":"priority","safety_identifier":"s""#,
    r#""moderation":{"model":"m","policy":{"input":{"mode":"score"},"output":null}}"#,
    r#""web_search_options":{}"#,
    r#""web_search_options":{"search_context_size":"low","user_location":{"type":"approximate","approximate":{"city":"Oslo","country":"NO"}}}"#,
    r#""response_format":{"type":"text"}"#,
    r#""response_format":{"type":"json_object"}"#,
    r#""response_format":{"type":"json_schema","json_schema":{"name":"a-B_9","description":null,"schema":{"type":"object"},"strict":true}}"#,
    r#""tools":[],"functions":[]"#,
    r#""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required","parallel_tool_calls":false"#,
    r#""tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{},"strict":null}},{"type":"custom","custom":{"name":"c","format":{"type":"grammar","grammar":{"definition":"x","syntax":"lark"}}}}],"tool_choice":{"type":"custom","custom":{"name":"c"}}"#,
    r#""tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"f"}}]}},"tools":[{"type":"function","function":{"name":"f"}}]"#,
    r#""tool_choice":{"type":"function","function":{"name":"f"}},"tools":[{"type":"function","function":{"name":"f"}}]"#,
    r#""functions":[{"name":"f","parameters":{"type":"object"}}],"function_call":{"name":"f"}"#,
    r#""functions":[{"name":"f"}],"function_call":"none""#,
    r#""top_k":40,"provider":{"order":["a"],"x":1,"x":2},"1.10":1.10"#,
    r#""audio":null,"frequency_penalty":null,"function_call":null,"functions":null,"logit_bias":null,"logprobs":null,"max_completion_tokens":null,"max_tokens":null,"metadata":null,"modalities":null,"models":null,"moderation":null,"n":null,"parallel_tool_calls":null,"prediction":null,"presence_penalty":null,"prompt_cache_key":null,"prompt_cache_options":null,"prompt_cache_retention":null,"reasoning_effort":null,"response_format":null,"safety_identifier":null,"seed":null,"service_tier":null,"stop":null,"store":null,"stream":null,"stream_options":null,"temperature":null,"tool_choice":null,"tools":null,"top_logprobs":null,"top_p":null,"user":null,"verbosity":null,"web_search_options":null"#,
];

const MESSAGES: &[&str] = &[
    r#"[{"role":"developer","content":"a","name":"n"},{"role":"system","content":[{"type":"text","text":"a"}]},{"role":"user","content":"a","name":null}]"#,
    r#"[{"role":"user","content":[{"type":"text","text":"a","prompt_cache_breakpoint":{"mode":"explicit"}},{"type":"image_url","image_url":{"url":"https://a.example/b.png","detail":"original"}},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":null}},{"type":"input_audio","input_audio":{"data":"AAA=","format":"mp3"}},{"type":"file","file":{"file_id":"f"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AA==","file_id":null}}]}]"#,
    // A whole answer sent back.
    r#"[{"role":"user","content":"a"},{"role":"assistant","content":"b","refusal":null,"annotations":[],"audio":null,"function_call":null,"tool_calls":null,"reasoning_content":"r"},{"role":"user","content":"c"}]"#,
    r#"[{"role":"assistant","content":null,"refusal":"no"},{"role":"assistant","content":[{"type":"refusal","refusal":"no"},{"type":"text","text":"a"}]}]"#,
    r#"[{"role":"assistant","content":""},{"role":"assistant","content":null,"audio":{"id":"a","data":"x","expires_at":1,"transcript":"t"}}]"#,
    r#"[{"role":"assistant","content":null,"function_call":{"name":"f","arguments":""}},{"role":"function","name":"f","content":null}]"#,
    r#"[{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"not json"}},{"id":"b","type":"custom","custom":{"name":"c","input":"x"}}]},{"role":"tool","tool_call_id":"b","content":[{"type":"text","text":"1"}]},{"role":"tool","tool_call_id":"a","content":""},{"role":"assistant","content":"done"}]"#,
];

#[test]
fn accepts() {
    for body in bodies() {
        if let Err(refusal) = parse(&body) {
            panic!("{refusal}\n{body}");
        }
    }
}

/// All of them, for the tests that damage what is good.
pub(super) fn bodies() -> Vec<String> {
    let bodies = BODIES.iter().map(|body| (*body).to_owned());
    let bodies = bodies.chain(PARAMS.iter().map(|params| with(params)));
    bodies.chain(MESSAGES.iter().map(|messages| with_messages(messages))).collect()
}

#[test]
fn learns_what_is_asked_for() {
    let request = parse(&with(
        r#""models":["a/b","c"],"stream":true,"stream_options":{"include_usage":true},"max_tokens":7,"n":3,"top_k":1"#,
    ))
    .unwrap();
    assert_eq!(request.model(), "m");
    assert_eq!(request.fallbacks(), ["a/b", "c"]);
    assert!(request.is_stream() && request.include_usage());
    assert_eq!((request.named_max_tokens(), request.choices()), (Some(7), 3));
    assert_eq!(request.unknown_params().collect::<Vec<_>>(), ["top_k"]);
    assert_eq!(request.raw("stream_options"), Some(r#"{"include_usage":true}"#));
    assert_eq!(request.raw("seed"), None);

    let least = parse(&with(r#""max_completion_tokens":9"#)).unwrap();
    assert!(!least.is_stream() && !least.include_usage() && least.fallbacks().is_empty());
    assert_eq!((least.named_max_tokens(), least.choices()), (Some(9), 1));
    assert_eq!(parse(BODIES[1]).unwrap().named_max_tokens(), None);
}

#[test]
fn reads_escaped_names_as_what_they_mean() {
    let request = parse(BODIES[3]).unwrap();
    assert_eq!(request.model(), "m");
    assert_eq!(request.raw("model"), Some(r#""m""#));
    assert_eq!(request.unknown_params().count(), 0);
}

#[test]
fn tells_nothing_of_the_conversation_in_debug() {
    let request = parse(&with_messages(r#"[{"role":"user","content":"a secret"}]"#)).unwrap();
    assert!(!format!("{request:?}").contains("secret"));
}
