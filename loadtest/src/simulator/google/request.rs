//! What Google's service refuses in a request, and what the answer depends on.

use serde_json::{Map, Value};

use super::config;
use super::contents;
use super::error::Refusal;
use super::model::Model;
use super::thinking;
use super::tools;
use crate::simulator::answer::Order;
use crate::simulator::text::Counter;

/// What a content costs besides its texts, and an image, in the simulator's own count.
const TOKENS_PER_CONTENT: u64 = 1;
const TOKENS_PER_BLOB: u64 = 258;

/// A request that Google would accept.
#[derive(Debug)]
pub(super) struct GenerateRequest<'a> {
    pub(super) model: Model<'a>,
    pub(super) order: Order<'a>,
    pub(super) shows_thoughts: bool,
    /// How many alternatives to report with each token's probability; `None`: no probabilities.
    pub(super) top_logprobs: Option<u64>,
    body: &'a Map<String, Value>,
}

impl<'a> GenerateRequest<'a> {
    /// Checks a body and takes out what the answer depends on.
    pub(super) fn parse(body: &'a Map<String, Value>, model: &'a str) -> Result<Self, Refusal> {
        let model = Model(model);
        let contents = list(body, "contents");
        contents::check(contents, model)?;
        if let Some(system) = body.get("system_instruction") {
            contents::check_parts(system, "system_instruction", model)?;
        }
        if body.contains_key("cached_content") {
            return Err(Refusal::of_status(403, "CachedContent not found (or permission denied)"));
        }
        let config = body.get("generation_config").unwrap_or(&Value::Null);
        config::check(config)?;
        let functions = tools::parse(list(body, "tools"), body.get("tool_config").unwrap_or(&Value::Null), model)?;
        let stops = config["stop_sequences"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let order = Order {
            choices: config["candidate_count"].as_u64().unwrap_or(1),
            max_tokens: config["max_output_tokens"].as_u64(),
            tools: functions.callable,
            tool_choice: functions.choice,
            parallel_tool_calls: true,
            after_results: contents::ends_with_responses(contents),
            format: config::parse_format(config, model, functions.declared)?,
            stops,
        };
        let wants_logprobs = config["response_logprobs"] == true;
        Ok(Self {
            model,
            order,
            shows_thoughts: thinking::parse(config, model)?,
            top_logprobs: wants_logprobs.then(|| config["logprobs"].as_u64().unwrap_or(0)),
            body,
        })
    }

    /// The length of the prompt: that of all its texts, and something for each content and blob.
    pub(super) fn prompt_tokens(&self, counter: &Counter) -> u64 {
        let system = self.body.get("system_instruction").into_iter();
        let contents = list(self.body, "contents").iter().chain(system);
        let contents: u64 = contents.map(|content| TOKENS_PER_CONTENT + tokens_of(content, counter)).sum();
        let tools: u64 = list(self.body, "tools").iter().map(|tool| counter.count(&tool.to_string())).sum();
        contents + tools
    }
}

fn tokens_of(content: &Value, counter: &Counter) -> u64 {
    let of_part = |part: &Value| {
        if part.get("inline_data").or_else(|| part.get("file_data")).is_some() {
            return TOKENS_PER_BLOB;
        }
        let function = part.get("function_call").or_else(|| part.get("function_response"));
        function.map_or_else(
            || part["text"].as_str().map_or(0, |text| counter.count(text)),
            |function| counter.count(&function.to_string()),
        )
    };
    contents::parts(content).iter().map(of_part).sum()
}

fn list<'a>(body: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    body.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
