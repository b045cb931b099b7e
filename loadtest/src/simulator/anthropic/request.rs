//! What Anthropic's service refuses in a request, and what the answer depends on.

use serde_json::{Map, Value};

use super::blocks::BlockReader;
use super::conversation;
use super::error::Refusal;
use super::model::Model;
use super::output;
use super::place::{Fields, Place};
use super::thinking::{self, Context, Thinking};
use super::tools;
use crate::simulator::answer::{Order, ToolChoice};
use crate::simulator::text::Counter;

const KNOWN: [&str; 15] = [
    "model",
    "max_tokens",
    "messages",
    "system",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
    "stream",
    "tools",
    "tool_choice",
    "metadata",
    "thinking",
    "service_tier",
    "output_config",
];
const USER_ID_CHARS_MAX: usize = 256;
const CACHED_BLOCKS_MAX: usize = 4;
/// A user id of so many digits and their punctuation is taken for a telephone number.
const PHONE_CHARS_MIN: usize = 7;
/// What a message costs besides its text, and an image, in the simulator's own count.
const TOKENS_PER_MESSAGE: u64 = 4;
const TOKENS_PER_IMAGE: u64 = 85;

/// A request that Anthropic would accept.
#[derive(Debug)]
pub(super) struct MessageRequest<'a> {
    pub(super) model: &'a str,
    pub(super) streams: bool,
    pub(super) thinking: Thinking,
    pub(super) order: Order<'a>,
    body: &'a Map<String, Value>,
}

impl<'a> MessageRequest<'a> {
    /// Checks a body and takes out what the answer depends on.
    pub(super) fn parse(body: &'a Map<String, Value>) -> Result<Self, Refusal> {
        let fields = Fields::top(body, &KNOWN)?;
        let model = fields.need("model")?;
        if model.text()?.is_empty() {
            return Err(model.wrong("String should have at least 1 character"));
        }
        let model = Model(model.text()?);
        let max_tokens = parse_max_tokens(&fields, model)?;
        check_numbers(&fields)?;
        check_names(&fields)?;
        let mut reader = BlockReader::new(model);
        // In the order in which the service keeps them.
        let messages = fields.need("messages")?;
        let tools = tools::parse(&fields, &mut reader, model)?;
        check_system(&fields, &mut reader)?;
        let conversation = conversation::check(&messages, &mut reader, model)?;
        if conversation.has_tool_blocks && tools.is_empty() {
            let text = "Requests which have `tool_use` or `tool_result` blocks in them must define tools.";
            return Err(Refusal::new(text));
        }
        let choice = tools::parse_choice(&fields, &tools)?;
        let context = Context { model, max_tokens, choice: choice.choice, conversation };
        let thinking = thinking::parse(&fields, &context)?;
        if CACHED_BLOCKS_MAX < reader.cached {
            let text = format!(
                "A maximum of {CACHED_BLOCKS_MAX} blocks with cache_control may be provided. Found {}.",
                reader.cached
            );
            return Err(Refusal::new(&text));
        }
        let order = Order {
            choices: 1,
            max_tokens: Some(max_tokens),
            tool_choice: if tools.is_empty() { ToolChoice::None } else { choice.choice },
            tools,
            parallel_tool_calls: choice.parallel,
            after_results: conversation.ends_with_results,
            format: output::parse(&fields, model)?,
            stops: parse_stops(&fields)?,
        };
        let streams = fields.get("stream").map_or(Ok(false), |stream| stream.boolean())?;
        Ok(Self { model: model.0, streams, thinking, order, body })
    }

    /// The length of the prompt: that of all its texts, and something for each message and image.
    pub(super) fn prompt_tokens(&self, counter: &Counter) -> u64 {
        let messages = self.body.get("messages").and_then(Value::as_array).map_or(0, |messages| messages.len() as u64);
        let counted =
            ["system", "messages"].map(|name| self.body.get(name).map_or(0, |value| tokens_of(value, counter)));
        let tools = self.body.get("tools").and_then(Value::as_array).into_iter().flatten();
        let tools: u64 = tools.map(|tool| counter.count(&tool.to_string())).sum();
        counted.iter().sum::<u64>() + tools + messages * TOKENS_PER_MESSAGE
    }
}

fn tokens_of(value: &Value, counter: &Counter) -> u64 {
    match value {
        Value::String(text) => counter.count(text),
        Value::Array(items) => items.iter().map(|item| tokens_of(item, counter)).sum(),
        Value::Object(block) => match block.get("type").and_then(Value::as_str) {
            Some("image" | "document") => TOKENS_PER_IMAGE,
            Some("tool_use") => counter.count(&value["name"].to_string()) + counter.count(&value["input"].to_string()),
            Some("thinking" | "redacted_thinking") => 0,
            _ => ["text", "content"].iter().map(|name| tokens_of(&value[*name], counter)).sum(),
        },
        _ => 0,
    }
}

fn parse_max_tokens(fields: &Fields<'_>, model: Model<'_>) -> Result<u64, Refusal> {
    let given = fields.need("max_tokens")?;
    if given.integer()? < 1 {
        return Err(given.wrong("must be greater than or equal to 1"));
    }
    let (max_tokens, most) = (given.integer_from(1)?, model.max_tokens());
    if most < max_tokens {
        let text =
            format!("{max_tokens} > {most}, which is the maximum allowed number of output tokens for {}", model.0);
        return Err(given.wrong(&text));
    }
    Ok(max_tokens)
}

fn check_numbers(fields: &Fields<'_>) -> Result<(), Refusal> {
    for name in ["temperature", "top_p"] {
        if let Some(number) = fields.get(name) {
            number.fraction()?;
        }
    }
    fields.get("top_k").map_or(Ok(0), |top_k| top_k.integer_from(0)).map(drop)
}

fn check_names(fields: &Fields<'_>) -> Result<(), Refusal> {
    if let Some(tier) = fields.get("service_tier") {
        tier.one_of(&["auto", "standard_only"])?;
    }
    let Some(metadata) = fields.get("metadata") else { return Ok(()) };
    let Some(user) = metadata.fields(&["user_id"])?.get_nullable("user_id") else { return Ok(()) };
    let id = user.text_up_to(USER_ID_CHARS_MAX)?;
    let is_email = id.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    let of_phone = |char: char| char.is_ascii_digit() || matches!(char, '+' | '-' | '(' | ')' | ' ');
    if is_email {
        return Err(user.wrong("user_id appears to contain an email address"));
    }
    if PHONE_CHARS_MIN <= id.len() && id.chars().all(of_phone) {
        return Err(user.wrong("user_id appears to contain a phone number"));
    }
    Ok(())
}

fn check_system(fields: &Fields<'_>, reader: &mut BlockReader<'_>) -> Result<(), Refusal> {
    match fields.get("system") {
        None | Some(Place { value: Value::String(_), .. }) => Ok(()),
        Some(system) => system.items()?.iter().try_for_each(|block| {
            block.tag(&["text"])?;
            reader.text(block)
        }),
    }
}

fn parse_stops<'a>(fields: &Fields<'a>) -> Result<Vec<&'a str>, Refusal> {
    let Some(stops) = fields.get("stop_sequences") else { return Ok(Vec::new()) };
    let texts = stops.items()?.iter().map(Place::text).collect::<Result<Vec<_>, _>>()?;
    if texts.iter().any(|stop| stop.trim().is_empty()) {
        return Err(stops.wrong("each stop sequence must contain non-whitespace"));
    }
    Ok(texts)
}
