//! The conversation: parts, roles, and the order of function calls and responses.

use serde_json::Value;

use super::error::Refusal;
use super::model::Model;
use crate::simulator::base64;

const DATA: [&str; 7] = [
    "text",
    "inline_data",
    "file_data",
    "function_call",
    "function_response",
    "executable_code",
    "code_execution_result",
];
const MEDIA_TYPES: [&str; 21] = [
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/heic",
    "image/heif",
    "image/gif",
    "audio/wav",
    "audio/x-wav",
    "audio/mp3",
    "audio/mpeg",
    "audio/aiff",
    "audio/aac",
    "audio/ogg",
    "audio/flac",
    "video/mp4",
    "video/mpeg",
    "video/webm",
    "video/quicktime",
    "application/pdf",
    "application/json",
    "application/rtf",
];
/// Where files may be: at the service itself, or at the one other place that it fetches from.
const FILES: [&str; 4] = [
    "https://generativelanguage.googleapis.com/",
    "https://www.youtube.com/watch?v=",
    "https://youtube.com/watch?v=",
    "https://youtu.be/",
];
/// What clients may send instead of a signature that they never had.
const DUMMY_SIGNATURES: [&str; 2] = ["skip_thought_signature_validator", "context_engineering_is_the_way_to_go"];

/// Checks all contents.
pub(super) fn check(contents: &[Value], model: Model<'_>) -> Result<(), Refusal> {
    if contents.is_empty() {
        return Err(wrong("contents", "contents is not specified"));
    }
    for (index, content) in contents.iter().enumerate() {
        let path = format!("contents[{index}]");
        let role = content["role"].as_str().unwrap_or_default();
        if !matches!(role, "user" | "model") && (!role.is_empty() || 1 < contents.len()) {
            return Err(Refusal::new("Please use a valid role: user, model."));
        }
        check_parts(content, &path, model)?;
        if role == "model" && count(content, "function_response") != 0 {
            return Err(wrong(&path, "function responses are not allowed in a turn of the model"));
        }
        if role != "model" && count(content, "function_call") != 0 {
            return Err(wrong(&path, "function calls are only allowed in a turn of the model"));
        }
    }
    check_functions(contents)?;
    if model.signs_calls() { check_signatures(contents) } else { Ok(()) }
}

/// Checks the parts of a content, of the system instruction too.
pub(super) fn check_parts(content: &Value, path: &str, model: Model<'_>) -> Result<(), Refusal> {
    let parts = parts(content);
    if parts.is_empty() {
        return Err(wrong(&format!("{path}.parts"), "contents.parts must not be empty."));
    }
    for (index, part) in parts.iter().enumerate() {
        check_part(part, &format!("{path}.parts[{index}]"), model)?;
    }
    Ok(())
}

/// Whether the conversation ends with the responses of functions.
pub(super) fn ends_with_responses(contents: &[Value]) -> bool {
    contents.last().is_some_and(|content| count(content, "function_response") != 0)
}

pub(super) fn parts(content: &Value) -> &[Value] {
    content["parts"].as_array().map_or(&[], Vec::as_slice)
}

/// A refusal because of what stands at `path`.
pub(super) fn wrong(path: &str, message: &str) -> Refusal {
    Refusal::new(&format!("* GenerateContentRequest.{path}: {message}\n"))
}

fn count(content: &Value, kind: &str) -> usize {
    parts(content).iter().filter(|part| part.get(kind).is_some()).count()
}

fn check_part(part: &Value, path: &str, model: Model<'_>) -> Result<(), Refusal> {
    let set: Vec<_> = DATA.iter().filter(|name| part.get(**name).is_some()).collect();
    let kind = match set.as_slice() {
        [] => return Err(missing_data(path)),
        [kind] => **kind,
        [_, second, ..] => {
            let text =
                format!("Invalid value at '{path}' (oneof), oneof field 'data' is already set. Cannot set '{second}'");
            return Err(Refusal::new(&text));
        }
    };
    let data = &part[kind];
    match kind {
        "text" if data == "" => Err(missing_data(path)),
        "inline_data" => check_blob(data, path),
        "file_data" => check_file(data),
        "function_call" | "function_response" => check_function(data, &format!("{path}.{kind}"), model),
        _ => Ok(()),
    }
}

fn missing_data(path: &str) -> Refusal {
    wrong(&format!("{path}.data"), "required oneof field 'data' must have one initialized field")
}

fn check_blob(blob: &Value, path: &str) -> Result<(), Refusal> {
    let (kind, data) = (blob["mime_type"].as_str().unwrap_or_default(), blob["data"].as_str().unwrap_or_default());
    if !kind.starts_with("text/") && !MEDIA_TYPES.contains(&kind) {
        return Err(Refusal::new(&format!("Unsupported MIME type: {kind}")));
    }
    if data.is_empty() {
        return Err(wrong(&format!("{path}.inline_data.data"), "must not be empty"));
    }
    Ok(())
}

fn check_file(file: &Value) -> Result<(), Refusal> {
    let uri = file["file_uri"].as_str().unwrap_or_default();
    if FILES.iter().any(|place| uri.starts_with(place)) {
        return Ok(());
    }
    Err(Refusal::new(&format!("Invalid or unsupported file uri: {uri}")))
}

fn check_function(function: &Value, path: &str, model: Model<'_>) -> Result<(), Refusal> {
    if function.get("id").is_some() && !model.signs_calls() {
        let text = format!("Invalid JSON payload received. Unknown name \"id\" at '{path}': Cannot find field.");
        return Err(Refusal::new(&text));
    }
    if function["name"].as_str().is_none_or(str::is_empty) {
        return Err(wrong(&format!("{path}.name"), "[FIELD_INVALID] Name cannot be empty."));
    }
    if path.ends_with("function_response") && function.get("response").is_none() {
        return Err(wrong(&format!("{path}.response"), "[FIELD_INVALID] Response cannot be empty."));
    }
    Ok(())
}

fn check_functions(contents: &[Value]) -> Result<(), Refusal> {
    for (index, content) in contents.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| &contents[before]);
        if count(content, "function_call") != 0 {
            if before.is_none_or(|before| before["role"] == "model") {
                let text = "Please ensure that function call turn comes immediately after a user turn or after a function \
                    response turn.";
                return Err(Refusal::new(text));
            }
            if contents.get(index + 1).is_none_or(|next| count(next, "function_response") == 0) {
                return Err(unequal_counts());
            }
        }
        if count(content, "function_response") != 0 {
            let calls = before.filter(|before| count(before, "function_call") != 0).ok_or_else(|| {
                Refusal::new("Please ensure that function response turn comes immediately after a function call turn.")
            })?;
            check_responses(calls, content, index)?;
        }
    }
    Ok(())
}

/// Each call has its response, in the order of the calls or by id.
fn check_responses(calls: &Value, responses: &Value, index: usize) -> Result<(), Refusal> {
    let of = |content: &'_ Value, kind: &str| -> Vec<Value> {
        parts(content).iter().filter_map(|part| part.get(kind).cloned()).collect()
    };
    let (mut calls, responses) = (of(calls, "function_call"), of(responses, "function_response"));
    if calls.len() != responses.len() {
        return Err(unequal_counts());
    }
    for response in responses {
        let id = response.get("id");
        let found = if id.is_some() { calls.iter().position(|call| call.get("id") == id) } else { Some(0) };
        let call = found.map(|position| calls.remove(position));
        if call.is_none_or(|call| call["name"] != response["name"]) {
            let text = format!("the function response of {} has no function call of its place or id", response["name"]);
            return Err(wrong(&format!("contents[{index}]"), &text));
        }
    }
    Ok(())
}

fn unequal_counts() -> Refusal {
    let text = "Please ensure that the number of function response parts is equal to the number of function call parts of the \
        function call turn.";
    Refusal::new(text)
}

/// In the turns since the user last spoke, the first call of each has the signature that it was given.
fn check_signatures(contents: &[Value]) -> Result<(), Refusal> {
    let speaks = |content: &Value| content["role"] != "model" && count(content, "function_response") == 0;
    let begin = contents.iter().rposition(speaks).unwrap_or(0);
    for (index, content) in contents.iter().enumerate().skip(begin) {
        let Some((position, call)) =
            parts(content).iter().enumerate().find(|(_, part)| part.get("function_call").is_some())
        else {
            continue;
        };
        let name = call["function_call"]["name"].as_str().unwrap_or_default();
        match call["thought_signature"].as_str() {
            Some(signature) if signature == base64::signature(name) || DUMMY_SIGNATURES.contains(&signature) => {}
            Some(_) => return Err(Refusal::new("Thought signature is not valid.")),
            None => {
                let text = format!(
                    "Function call is missing a thought_signature in functionCall parts. This is required for tools to work \
                     correctly, and missing thought_signature may lead to degraded model performance. Additional data, \
                     function call `default_api:{name}`, position {position} of contents[{index}]."
                );
                return Err(Refusal::new(&text));
            }
        }
    }
    Ok(())
}
