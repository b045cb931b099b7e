//! A customer's request in the words of OpenAI's API: what the customer sent, byte for byte, but for a few parameters.

use std::borrow::Cow;

use bytes::Bytes;

use crate::protocol::{ChatRequest, Edit, InvalidRequest, rewrite_object};

/// What the gateway decided about a request.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The model's name at the upstream.
    pub model: &'a str,
    /// `Some` where fewer output tokens per choice were granted than the request could use: the upstream must stop there.
    pub max_output_tokens: Option<u64>,
}

const MAX_TOKENS: &str = "max_tokens";
const MAX_COMPLETION_TOKENS: &str = "max_completion_tokens";

/// Upstream models that refuse `max_tokens`, by how their names begin.
const REASONING_MODELS: [&str; 5] = ["o1", "o3", "o4", "gpt-5", "gpt-6"];

/// The body for the upstream.
///
/// # Errors
/// None today: whatever is valid can be said in this API.
pub fn encode(request: &ChatRequest, target: &Target<'_>) -> Result<Bytes, InvalidRequest> {
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
    Ok(request.rewrite(&edits))
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
