//! A customer's request in the words of OpenAI's API: what the customer sent, byte for byte, but for a few parameters.

use std::borrow::Cow;

use crate::protocol::{ChatRequest, Edit, InvalidRequest, rewrite_object};
use crate::providers::{Encoded, Target};

const MAX_TOKENS: &str = "max_tokens";
const MAX_COMPLETION_TOKENS: &str = "max_completion_tokens";

/// Upstream models that refuse `max_tokens`, by how their names begin.
const REASONING_MODELS: [&str; 5] = ["o1", "o3", "o4", "gpt-5", "gpt-6"];

/// The body for the upstream.
///
/// # Errors
/// None today: whatever is valid can be said in this API.
pub fn encode(request: &ChatRequest, target: &Target<'_>) -> Result<Encoded, InvalidRequest> {
    let model = serde_json::Value::from(target.model).to_string();
    let limit = OutputLimit::of(request, target);
    let stream_options = request.is_stream().then(|| with_usage(request)).transpose()?;

    let mut edits = vec![Edit::Set("model", &model), Edit::Remove("models")];
    if let Some(limit) = &limit {
        edits.extend(limit.edits());
    }
    if let Some(options) = &stream_options {
        edits.push(Edit::Set("stream_options", options));
    }
    Ok(Encoded { body: request.rewrite(&edits), dropped: Vec::new() })
}

/// The most output tokens, under the name that goes upstream.
struct OutputLimit {
    name: &'static str,
    tokens: String,
}

impl OutputLimit {
    /// `None` where the request says it as the upstream should read it.
    fn of(request: &ChatRequest, target: &Target<'_>) -> Option<Self> {
        let named = request.named_max_tokens();
        let old_name = request.raw(MAX_TOKENS).is_some_and(|raw| raw != "null");
        let renamed = old_name && REASONING_MODELS.iter().any(|prefix| target.model.starts_with(prefix));
        let name = if old_name && !renamed { MAX_TOKENS } else { MAX_COMPLETION_TOKENS };
        // A grant never raises what the client named.
        let granted = target.max_output_tokens.map(|granted| named.map_or(granted, |named| named.min(granted)));
        let tokens = granted.or_else(|| named.filter(|_| renamed))?;
        Some(Self { name, tokens: tokens.to_string() })
    }

    fn edits(&self) -> [Edit<'_>; 2] {
        let other = if self.name == MAX_TOKENS { MAX_COMPLETION_TOKENS } else { MAX_TOKENS };
        [Edit::Remove(other), Edit::Set(self.name, &self.tokens)]
    }
}

/// The request's stream options, asking for the usage: the gateway meters by it, whether or not the client wants it.
fn with_usage(request: &ChatRequest) -> Result<Cow<'_, str>, InvalidRequest> {
    let options = request.raw("stream_options").filter(|raw| *raw != "null");
    match options {
        Some(options) if request.include_usage() => Ok(Cow::Borrowed(options)),
        Some(options) => rewrite_object(options, &[Edit::Set("include_usage", "true")]).map(Cow::Owned),
        None => Ok(Cow::Borrowed(r#"{"include_usage":true}"#)),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const MESSAGES: &str = r#""messages":[{"role":"user","content":"hi"}]"#;

    fn encoded(params: &str, target: &Target<'_>) -> String {
        let body = format!("{{ {MESSAGES} , {params} }}");
        let request = ChatRequest::parse(Bytes::from(body)).unwrap();
        String::from_utf8(encode(&request, target).unwrap().body.to_vec()).unwrap()
    }

    /// What the client sent beside the messages, and what goes upstream beside them.
    #[track_caller]
    fn assert_encoded(target: Target<'_>, sent: &str, expected: &str) {
        assert_eq!(encoded(sent, &target), format!("{{ {MESSAGES} , {expected} }}"));
    }

    const PLAIN: Target<'_> = Target { model: "gpt-4o", model_max_output_tokens: 4_096, max_output_tokens: None };
    const GRANTED: Target<'_> = Target { model: "gpt-4o", model_max_output_tokens: 4_096, max_output_tokens: Some(9) };
    const REASONING: Target<'_> =
        Target { model: "o1-2024-12-17", model_max_output_tokens: 4_096, max_output_tokens: None };
    const REASONING_GRANTED: Target<'_> =
        Target { model: "gpt-5-mini", model_max_output_tokens: 4_096, max_output_tokens: Some(9) };

    #[test]
    fn names_the_upstream_model_and_keeps_the_rest() {
        assert_encoded(
            PLAIN,
            r#""model":"openai/gpt-4o","temperature":1.10,"top_k":40,"x":{"b":1,"a":[ 12345678901234567890 ]},"stop":null"#,
            r#""model":"gpt-4o","temperature":1.10,"top_k":40,"x":{"b":1,"a":[ 12345678901234567890 ]},"stop":null"#,
        );
        assert_encoded(PLAIN, r#""model":"m", "models":["a"]"#, r#""model":"gpt-4o""#);
        assert_encoded(Target { model: "a\"b\\", ..PLAIN }, r#""model":"m""#, r#""model":"a\"b\\""#);
    }

    #[test]
    fn asks_every_stream_for_its_usage() {
        for (sent, expected) in [
            (r#""stream":true"#, r#""stream":true,"stream_options":{"include_usage":true}"#),
            (r#""stream_options":null,"stream":true"#, r#""stream_options":{"include_usage":true},"stream":true"#),
            (r#""stream":true,"stream_options":{}"#, r#""stream":true,"stream_options":{"include_usage":true}"#),
            (
                r#""stream":true,"stream_options":{ "include_obfuscation":false , "include_usage":false }"#,
                r#""stream":true,"stream_options":{ "include_obfuscation":false , "include_usage":true }"#,
            ),
            (
                r#""stream":true,"stream_options":{"include_usage": true, "y":1.0}"#,
                r#""stream":true,"stream_options":{"include_usage": true, "y":1.0}"#,
            ),
            (
                r#""stream":true,"stream_options":{"include_usage":null}"#,
                r#""stream":true,"stream_options":{"include_usage":true}"#,
            ),
            (r#""stream":false,"stream_options":null"#, r#""stream":false,"stream_options":null"#),
        ] {
            assert_encoded(PLAIN, &format!(r#""model":"m",{sent}"#), &format!(r#""model":"gpt-4o",{expected}"#));
        }
    }

    #[test]
    fn limits_the_output_under_the_name_that_the_upstream_knows() {
        for (target, sent, expected) in [
            (PLAIN, r#","max_tokens":5"#, r#","max_tokens":5"#),
            (PLAIN, r#","max_completion_tokens":5"#, r#","max_completion_tokens":5"#),
            (GRANTED, "", r#","max_completion_tokens":9"#),
            (GRANTED, r#","max_tokens":50"#, r#","max_tokens":9"#),
            (GRANTED, r#","max_tokens":5"#, r#","max_tokens":5"#),
            (GRANTED, r#","max_completion_tokens":50,"n":1"#, r#","max_completion_tokens":9,"n":1"#),
            (GRANTED, r#","max_tokens":null,"n":1"#, r#","n":1,"max_completion_tokens":9"#),
            (GRANTED, r#","max_completion_tokens":null,"max_tokens":50"#, r#","max_tokens":9"#),
            (REASONING, "", ""),
            (REASONING, r#","max_tokens":5"#, r#","max_completion_tokens":5"#),
            (REASONING, r#","max_tokens":5,"max_completion_tokens":null"#, r#","max_completion_tokens":5"#),
            (REASONING, r#","max_completion_tokens":5"#, r#","max_completion_tokens":5"#),
            (REASONING_GRANTED, r#","max_tokens":50"#, r#","max_completion_tokens":9"#),
            (REASONING_GRANTED, "", r#","max_completion_tokens":9"#),
        ] {
            let expected = format!(r#""model":"{}"{expected}"#, target.model);
            assert_encoded(target, &format!(r#""model":"m"{sent}"#), &expected);
        }
    }

    #[test]
    fn keeps_the_body_where_nothing_has_to_change() {
        let body = Bytes::from(format!("{{{MESSAGES},\"model\":\"gpt-4o\"}}"));
        let request = ChatRequest::parse(body.clone()).unwrap();
        assert_eq!(encode(&request, &PLAIN).unwrap().body, body);
    }
}
