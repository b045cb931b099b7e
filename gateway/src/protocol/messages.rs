//! The conversation.

use super::content::{self, Parts};
use super::cursor::{At, Checked};
use super::pairing::Pairing;

/// The most messages of one conversation.
const MAX_MESSAGES: usize = 4096;
/// The most tool calls of one message.
const MAX_TOOL_CALLS: usize = 1024;

const ROLES: &[&str] = &["developer", "system", "user", "assistant", "tool", "function"];

/// The `messages` parameter.
pub(super) fn check(messages: &At<'_, '_>) -> Checked {
    let mut pairing = Pairing::new(messages);
    for (index, message) in messages.some_items(MAX_MESSAGES)?.enumerate() {
        let role = message.required("role")?.one_of(ROLES)?;
        if let Some(name) = message.optional("name")? {
            name.string()?;
        }
        match role {
            "assistant" => check_assistant(&message)?,
            "tool" => check_said(&message, content::TEXT_ONLY)?,
            "function" => check_function_result(&message)?,
            "user" => check_said(&message, content::OF_USER)?,
            _ => check_said(&message, content::TEXT_ONLY)?,
        }
        match role {
            "tool" => pairing.answer(&message)?,
            _ => pairing.turn(index, message.json())?,
        }
    }
    pairing.end()
}

fn check_said(message: &At<'_, '_>, allowed: Parts) -> Checked {
    content::check(&message.required("content")?, allowed)
}

/// The answer to a deprecated function call; a function may have nothing to say.
fn check_function_result(message: &At<'_, '_>) -> Checked {
    message.required("name")?.non_empty_string()?;
    match message.optional("content")? {
        Some(content) => content.string().map(drop),
        None => Ok(()),
    }
}

/// What the model said before. Clients send whole answers back, so every field of one is taken, null or not.
fn check_assistant(message: &At<'_, '_>) -> Checked {
    let content = message.optional("content")?;
    if let Some(content) = &content {
        content::check(content, content::OF_ASSISTANT)?;
    }
    let refusal = message.optional("refusal")?;
    if let Some(refusal) = &refusal {
        refusal.string()?;
    }
    let audio = message.optional("audio")?;
    if let Some(audio) = &audio {
        audio.required("id")?.non_empty_string()?;
    }
    let function_call = message.optional("function_call")?;
    if let Some(call) = &function_call {
        check_call(call, "arguments")?;
    }
    let calls = check_tool_calls(message)?;
    if content.or(refusal).or(audio).or(function_call).is_none() && calls == 0 {
        return Err(message.refuse("must have content, a refusal or tool_calls, being of the role assistant"));
    }
    Ok(())
}

/// Gives how many there are.
fn check_tool_calls(message: &At<'_, '_>) -> Result<usize, super::InvalidRequest> {
    let Some(calls) = message.optional("tool_calls")? else { return Ok(0) };
    let items = calls.items()?;
    let count = items.len();
    if count > MAX_TOOL_CALLS {
        return Err(calls.refuse(format!("must have at most {MAX_TOOL_CALLS} elements, not {count}")));
    }
    for call in items {
        call.required("id")?.non_empty_string()?;
        match call.required("type")?.one_of(&["function", "custom"])? {
            "function" => check_call(&call.required("function")?, "arguments")?,
            _ => check_call(&call.required("custom")?, "input")?,
        }
    }
    Ok(count)
}

fn check_call(call: &At<'_, '_>, input: &'static str) -> Checked {
    call.required("name")?.non_empty_string()?;
    call.required(input)?.string().map(drop)
}
