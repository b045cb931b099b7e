//! Which tool the model must or may call, and whether it is one that the request defines.

use super::cursor::{At, Checked};
use super::invalid::quote;
use super::json::Json;
use super::tools::MAX_TOOLS;

/// The form of `tool_choice`.
pub(super) fn check(choice: &At<'_, '_>) -> Checked {
    if choice.json().as_str().is_some() {
        return choice.one_of(&["none", "auto", "required"]).map(drop);
    }
    if choice.object().is_err() {
        return Err(choice.expected("one of none, auto, required, or an object that names a tool"));
    }
    match choice.required("type")?.one_of(&["function", "custom", "allowed_tools"])? {
        "allowed_tools" => {
            let allowed = choice.required("allowed_tools")?;
            allowed.required("mode")?.one_of(&["auto", "required"])?;
            allowed.required("tools")?.some_items(MAX_TOOLS)?.try_for_each(|tool| check_reference(&tool))
        }
        _ => check_reference(choice),
    }
}

/// The form of the deprecated `function_call`.
pub(super) fn check_function_call(choice: &At<'_, '_>) -> Checked {
    if choice.json().as_str().is_some() {
        return choice.one_of(&["none", "auto"]).map(drop);
    }
    if choice.object().is_err() {
        return Err(choice.expected("one of none, auto, or an object that names a function"));
    }
    choice.required("name")?.non_empty_string().map(drop)
}

/// Whether what `tool_choice` names is in `tools`.
pub(super) fn check_target(choice: &At<'_, '_>, tools: &Json<'_>) -> Checked {
    let check = |named: &At<'_, '_>| {
        let wanted = reference(named.json());
        match tools.items().iter().any(|tool| reference(tool) == wanted) {
            true => Ok(()),
            false => Err(unknown(named, wanted.map(|(_, name)| name), "tools")),
        }
    };
    match choice.json().get("type").and_then(Json::as_str) {
        Some("allowed_tools") => {
            choice.required("allowed_tools")?.required("tools")?.items()?.try_for_each(|tool| check(&tool))
        }
        Some(_) => check(choice),
        None => Ok(()),
    }
}

/// Whether what `function_call` names is in `functions`.
pub(super) fn check_function_target(choice: &At<'_, '_>, functions: &Json<'_>) -> Checked {
    let Some(wanted) = choice.json().get("name").and_then(Json::as_str) else { return Ok(()) };
    let name = |function: &Json<'_>| function.get("name").and_then(Json::as_str) == Some(wanted);
    match functions.items().iter().any(name) {
        true => Ok(()),
        false => Err(unknown(choice, Some(wanted), "functions")),
    }
}

/// `{"type": "function", "function": {"name": ..}}`, or the same of a custom tool.
fn check_reference(tool: &At<'_, '_>) -> Checked {
    let definition = tool.required("type")?.one_of(&["function", "custom"])?;
    tool.required(definition)?.required("name")?.non_empty_string().map(drop)
}

/// The kind and the name of a tool, in its definition as well as in a reference to it.
fn reference<'v>(tool: &'v Json<'v>) -> Option<(&'v str, &'v str)> {
    let kind = tool.get("type")?.as_str()?;
    Some((kind, tool.get(kind)?.get("name")?.as_str()?))
}

fn unknown(choice: &At<'_, '_>, name: Option<&str>, list: &str) -> super::InvalidRequest {
    let name = quote(name.unwrap_or_default());
    choice.refuse(format!("must name one of the {list}, and {name} is none of them"))
}
