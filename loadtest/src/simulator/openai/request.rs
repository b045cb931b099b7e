//! What OpenAI's service refuses in a request, as far as it is cheap to know, and what the answer depends on.

use serde_json::{Map, Value};

use super::error::Refusal;
use super::messages;
use crate::simulator::answer::{Format, Order, Tool, ToolChoice};

const CHOICES_MAX: u64 = 128;
const STOPS_MAX: usize = 4;
const TOOL_NAME_BYTES_MAX: usize = 64;

/// A request that OpenAI would accept.
#[derive(Debug)]
pub(super) struct ChatRequest<'a> {
    pub(super) model: &'a str,
    pub(super) messages: &'a [Value],
    /// Choices asked for.
    pub(super) n: u64,
    /// The most tokens of a choice.
    pub(super) max_tokens: Option<u64>,
    pub(super) delivery: Delivery,
    pub(super) tools: Vec<&'a Value>,
    pub(super) tool_choice: ToolChoice<'a>,
    pub(super) parallel_tool_calls: bool,
    pub(super) format: Format<'a>,
    /// How many alternatives to report with each token's probability; `None`: no probabilities.
    pub(super) top_logprobs: Option<u64>,
}

/// In which form the answer goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Json,
    Stream { include_usage: bool, include_obfuscation: bool },
}

impl<'a> ChatRequest<'a> {
    /// Checks a body and takes out what the answer depends on.
    pub(super) fn parse(body: &'a Map<String, Value>) -> Result<Self, Refusal> {
        let fields = Fields(body);
        if body.contains_key("models") {
            return Err(Refusal::of_param("models", "Unrecognized request argument supplied: models."));
        }
        let model = fields.typed("model", "a string", Value::as_str)?.filter(|model| !model.is_empty());
        let model = model.ok_or_else(|| Refusal::of_param("model", "You must provide a model parameter."))?;
        check_numbers(fields)?;
        let tools = parse_tools(fields)?;
        let request = Self {
            model,
            messages: messages::check(fields)?,
            n: fields.integer("n", 1..=CHOICES_MAX)?.unwrap_or(1),
            max_tokens: parse_max_tokens(fields)?,
            delivery: parse_delivery(fields)?,
            tool_choice: parse_tool_choice(fields, &tools)?,
            tools,
            parallel_tool_calls: fields.typed("parallel_tool_calls", "a boolean", Value::as_bool)?.unwrap_or(true),
            format: parse_format(fields)?,
            top_logprobs: parse_logprobs(fields)?,
        };
        if request.tools.is_empty() && fields.get("parallel_tool_calls").is_some() {
            return Err(Refusal::of_param("parallel_tool_calls", "It is only allowed when 'tools' are specified."));
        }
        Ok(request)
    }

    /// What the answer is to be. `stop` does not cut it.
    pub(super) fn order(&self) -> Order<'a> {
        let functions = self.tools.iter().filter_map(|tool| tool.get("function"));
        let tools = functions
            .map(|function| Tool {
                name: function["name"].as_str().unwrap_or_default(),
                parameters: function.get("parameters").filter(|parameters| !parameters.is_null()),
            })
            .collect();
        Order {
            choices: self.n,
            max_tokens: self.max_tokens,
            tools,
            tool_choice: self.tool_choice,
            parallel_tool_calls: self.parallel_tool_calls,
            after_results: self.messages.last().is_some_and(|message| message["role"] == "tool"),
            format: self.format,
            stops: Vec::new(),
        }
    }
}

/// The top level of a body; a field that is null counts as absent.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(super) fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn typed<T>(
        self,
        name: &str,
        wanted: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let wrong = || Refusal::of_param(name, &format!("Invalid type for '{name}': expected {wanted}."));
        self.get(name).map(|value| read(value).ok_or_else(wrong)).transpose()
    }

    fn integer(self, name: &str, range: std::ops::RangeInclusive<u64>) -> Result<Option<u64>, Refusal> {
        let value = self.typed(name, "an integer", Value::as_i64)?;
        let within = |value: i64| u64::try_from(value).ok().filter(|value| range.contains(value));
        let wrong = || {
            let message = format!("Invalid value for '{name}': expected {} to {}.", range.start(), range.end());
            Refusal::of_param(name, &message)
        };
        value.map(|value| within(value).ok_or_else(wrong)).transpose()
    }
}

fn check_numbers(fields: Fields<'_>) -> Result<(), Refusal> {
    for (name, least, most) in [
        ("temperature", 0.0, 2.0),
        ("top_p", 0.0, 1.0),
        ("presence_penalty", -2.0, 2.0),
        ("frequency_penalty", -2.0, 2.0),
    ] {
        let value = fields.typed(name, "a number", Value::as_f64)?;
        if value.is_some_and(|value| value < least || most < value) {
            return Err(Refusal::of_param(name, &format!("Invalid value for '{name}': expected {least} to {most}.")));
        }
    }
    fields.typed("seed", "an integer", Value::as_i64)?;
    fields.typed("user", "a string", Value::as_str)?;
    fields.typed("store", "a boolean", Value::as_bool)?;
    fields.typed("logit_bias", "an object", Value::as_object)?;
    fields.typed("metadata", "an object", Value::as_object)?;
    let stop_is_right = match fields.get("stop") {
        None | Some(Value::String(_)) => true,
        Some(Value::Array(stops)) => stops.len() <= STOPS_MAX && stops.iter().all(Value::is_string),
        Some(_) => false,
    };
    if stop_is_right { Ok(()) } else { Err(Refusal::of_param("stop", "Expected a string or up to 4 of them.")) }
}

fn parse_max_tokens(fields: Fields<'_>) -> Result<Option<u64>, Refusal> {
    let old = fields.integer("max_tokens", 1..=u64::MAX)?;
    let new = fields.integer("max_completion_tokens", 1..=u64::MAX)?;
    if old.is_some() && new.is_some() {
        let message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
        return Err(Refusal::of_param("max_tokens", message));
    }
    Ok(old.or(new))
}

fn parse_delivery(fields: Fields<'_>) -> Result<Delivery, Refusal> {
    let streams = fields.typed("stream", "a boolean", Value::as_bool)?.unwrap_or(false);
    let options = fields.typed("stream_options", "an object", Value::as_object)?;
    match options {
        None if !streams => Ok(Delivery::Json),
        Some(_) if !streams => {
            let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
            Err(Refusal::of_param("stream_options", message))
        }
        options => {
            let option = |name: &str| match options.and_then(|options| options.get(name)) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::Bool(value)) => Ok(Some(*value)),
                Some(_) => Err(Refusal::of_param(&format!("stream_options.{name}"), "Expected a boolean.")),
            };
            let include_usage = option("include_usage")?.unwrap_or(false);
            let include_obfuscation = option("include_obfuscation")?.unwrap_or(true);
            Ok(Delivery::Stream { include_usage, include_obfuscation })
        }
    }
}

fn parse_tools(fields: Fields<'_>) -> Result<Vec<&Value>, Refusal> {
    let Some(tools) = fields.typed("tools", "an array", Value::as_array)? else { return Ok(Vec::new()) };
    if tools.is_empty() {
        return Err(Refusal::of_param("tools", "Invalid 'tools': empty array."));
    }
    for (index, tool) in tools.iter().enumerate() {
        let kind = tool["type"].as_str().unwrap_or_default();
        let name = tool[kind]["name"].as_str().unwrap_or_default();
        let of_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !matches!(kind, "function" | "custom") {
            return Err(Refusal::of_param(&format!("tools[{index}].type"), "Expected 'function' or 'custom'."));
        }
        if !(1..=TOOL_NAME_BYTES_MAX).contains(&name.len()) || !name.bytes().all(of_name) {
            return Err(Refusal::of_param(&format!("tools[{index}].{kind}.name"), "Expected ^[a-zA-Z0-9_-]{1,64}$."));
        }
        if !matches!(tool[kind].get("parameters"), None | Some(Value::Object(_) | Value::Null)) {
            return Err(Refusal::of_param(&format!("tools[{index}].function.parameters"), "Expected an object."));
        }
    }
    Ok(tools.iter().collect())
}

fn parse_tool_choice<'a>(fields: Fields<'a>, tools: &[&Value]) -> Result<ToolChoice<'a>, Refusal> {
    let wrong = |message: &str| Err(Refusal::of_param("tool_choice", message));
    let Some(choice) = fields.get("tool_choice") else { return Ok(ToolChoice::Auto) };
    if tools.is_empty() {
        return wrong("It is only allowed when 'tools' are specified.");
    }
    match (choice.as_str(), choice["type"].as_str()) {
        (Some("none"), _) => Ok(ToolChoice::None),
        (Some("auto"), _) | (None, Some("allowed_tools")) => Ok(ToolChoice::Auto),
        (Some("required"), _) => Ok(ToolChoice::Required),
        (None, Some(kind @ ("function" | "custom"))) => match choice[kind]["name"].as_str() {
            Some(name) if tools.iter().any(|tool| tool[kind]["name"] == name) => Ok(ToolChoice::Named(name)),
            _ => wrong("It names no tool of 'tools'."),
        },
        _ => wrong("Expected none, auto, required, or a tool."),
    }
}

fn parse_format(fields: Fields<'_>) -> Result<Format<'_>, Refusal> {
    let Some(format) = fields.get("response_format") else { return Ok(Format::Text) };
    match format["type"].as_str() {
        Some("text") => Ok(Format::Text),
        Some("json_object") if messages::mention_json(fields) => Ok(Format::JsonObject),
        Some("json_object") => Err(Refusal::of_param("messages", "'messages' must contain the word 'json'.")),
        Some("json_schema") if format["json_schema"]["name"].is_string() => {
            Ok(Format::JsonSchema(&format["json_schema"]["schema"]))
        }
        Some("json_schema") => Err(Refusal::of_param("response_format.json_schema.name", "Expected a string.")),
        _ => Err(Refusal::of_param("response_format.type", "Expected text, json_object or json_schema.")),
    }
}

fn parse_logprobs(fields: Fields<'_>) -> Result<Option<u64>, Refusal> {
    let wanted = fields.typed("logprobs", "a boolean", Value::as_bool)?.unwrap_or(false);
    let top = fields.integer("top_logprobs", 0..=20)?;
    if top.is_some() && !wanted {
        return Err(Refusal::of_param("top_logprobs", "It is only allowed when 'logprobs' is enabled."));
    }
    Ok(wanted.then(|| top.unwrap_or(0)))
}
