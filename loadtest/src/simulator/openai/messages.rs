//! The conversation of a request: what is refused in it, and how many tokens it is.

use serde_json::Value;

use super::error::Refusal;
use super::request::{ChatRequest, Fields};
use crate::simulator::text::Counter;

/// OpenAI's published rule: what a message costs besides its text, what a name does, what the answer's beginning does.
const TOKENS_PER_MESSAGE: u64 = 3;
const TOKENS_PER_NAME: u64 = 1;
const TOKENS_PER_ANSWER: u64 = 3;
/// The base price of an image in low detail; images of higher detail are counted the same here.
const TOKENS_PER_IMAGE: u64 = 85;

/// Checks the messages of a request.
pub(super) fn check<'a>(fields: Fields<'a>) -> Result<&'a [Value], Refusal> {
    let messages = fields.typed("messages", "an array", Value::as_array)?;
    let messages = messages.ok_or_else(|| Refusal::of_param("messages", "Missing required parameter: 'messages'."))?;
    if messages.is_empty() {
        return Err(Refusal::of_param("messages", "Invalid 'messages': empty array."));
    }
    let mut unanswered: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        check_message(message, index)?;
        check_pairing(message, index, &mut unanswered)?;
    }
    if unanswered.is_empty() { Ok(messages) } else { Err(unanswered_calls(messages.len() - 1)) }
}

/// Whether a message says that JSON is wanted, without which OpenAI refuses `json_object`.
pub(super) fn mention_json(fields: Fields<'_>) -> bool {
    let messages = fields.get("messages").map(Value::to_string).unwrap_or_default();
    messages.to_ascii_lowercase().contains("json")
}

/// The length of the prompt by OpenAI's rule; tool calls and tools count as the text that they are in JSON.
pub(super) fn prompt_tokens(chat: &ChatRequest<'_>, counter: &Counter) -> u64 {
    let text = |value: &Value| value.as_str().map_or(0, |text| counter.count(text));
    let tokens_of = |message: &Value| {
        let name = if message["name"].is_string() { TOKENS_PER_NAME + text(&message["name"]) } else { 0 };
        let calls = message["tool_calls"].as_array().map_or(0, |_| counter.count(&message["tool_calls"].to_string()));
        let content = match &message["content"] {
            Value::Array(parts) => parts.iter().map(|part| tokens_of_part(part, counter)).sum(),
            content => text(content),
        };
        TOKENS_PER_MESSAGE + text(&message["role"]) + content + name + calls
    };
    let tools: u64 = chat.tools.iter().map(|tool| counter.count(&tool.to_string())).sum();
    chat.messages.iter().map(tokens_of).sum::<u64>() + tools + TOKENS_PER_ANSWER
}

fn tokens_of_part(part: &Value, counter: &Counter) -> u64 {
    match part["type"].as_str() {
        Some("image_url") => TOKENS_PER_IMAGE,
        Some(kind @ ("text" | "refusal")) => part[kind].as_str().map_or(0, |text| counter.count(text)),
        _ => 0,
    }
}

fn check_message(message: &Value, index: usize) -> Result<(), Refusal> {
    let wrong = |field: &str, message: &str| Err(Refusal::of_param(&format!("messages[{index}]{field}"), message));
    if !message.is_object() {
        return wrong("", "Expected an object.");
    }
    let role = message["role"].as_str().unwrap_or_default();
    if !matches!(role, "developer" | "system" | "user" | "assistant" | "tool" | "function") {
        return wrong(".role", "Expected one of developer, system, user, assistant, tool and function.");
    }
    if !(message["name"].is_null() || message["name"].is_string()) {
        return wrong(".name", "Expected a string.");
    }
    match &message["content"] {
        Value::String(_) => Ok(()),
        Value::Null if role == "assistant" => Ok(()),
        Value::Array(parts) => parts.iter().enumerate().try_for_each(|(part, value)| {
            if is_part(value, role) {
                return Ok(());
            }
            wrong(&format!(".content[{part}]"), "Expected a content part that this role may have.")
        }),
        _ => wrong(".content", "Expected a string or an array of objects."),
    }
}

fn is_part(part: &Value, role: &str) -> bool {
    match (part["type"].as_str(), role) {
        (Some("text"), _) => part["text"].is_string(),
        (Some("refusal"), "assistant") => part["refusal"].is_string(),
        (Some("image_url"), "user") => part["image_url"]["url"].is_string(),
        (Some("input_audio"), "user") => part["input_audio"]["data"].is_string(),
        (Some("file"), "user") => part["file"].is_object(),
        _ => false,
    }
}

/// Each tool message answers a call of the assistant before it, and all calls are answered.
fn check_pairing<'a>(message: &'a Value, index: usize, unanswered: &mut Vec<&'a str>) -> Result<(), Refusal> {
    if message["role"] == "tool" {
        let id = message["tool_call_id"].as_str();
        let Some(position) = unanswered.iter().position(|call| Some(*call) == id) else {
            let text = "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'.";
            return Err(Refusal::of_param(&format!("messages[{index}].tool_call_id"), text));
        };
        unanswered.swap_remove(position);
        return Ok(());
    }
    if !unanswered.is_empty() {
        return Err(unanswered_calls(index));
    }
    let calls = message["tool_calls"].as_array().map_or(&[][..], Vec::as_slice);
    for (position, call) in calls.iter().enumerate() {
        let Some(id) = call["id"].as_str().filter(|_| message["role"] == "assistant") else {
            let param = format!("messages[{index}].tool_calls[{position}].id");
            return Err(Refusal::of_param(&param, "Expected a string."));
        };
        unanswered.push(id);
    }
    Ok(())
}

fn unanswered_calls(index: usize) -> Refusal {
    let text = "An assistant message with 'tool_calls' must be followed by tool messages responding to each of them.";
    Refusal::of_param(&format!("messages[{index}].role"), text)
}
