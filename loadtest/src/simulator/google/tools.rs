//! Functions, and the choice among them.

use serde_json::Value;

use super::contents::wrong;
use super::error::Refusal;
use super::model::Model;
use super::schema;
use crate::simulator::answer::{Tool, ToolChoice};

const NAME_BYTES_MAX: usize = 64;

/// What may be called, and what has to be.
#[derive(Debug)]
pub(super) struct Functions<'a> {
    /// Those that are declared.
    pub(super) declared: usize,
    /// Those that may be called.
    pub(super) callable: Vec<Tool<'a>>,
    pub(super) choice: ToolChoice<'a>,
}

/// Checks the tools of a request and the choice among them.
pub(super) fn parse<'a>(tools: &'a [Value], config: &'a Value, model: Model<'_>) -> Result<Functions<'a>, Refusal> {
    let mut declared: Vec<Tool<'a>> = Vec::new();
    for (index, tool) in tools.iter().enumerate() {
        if tool.as_object().is_none_or(serde_json::Map::is_empty) {
            return Err(wrong(
                &format!("tools[{index}].tool_type"),
                "required one_of 'tool_type' must have one initialized field",
            ));
        }
        for (position, function) in tool["function_declarations"].as_array().into_iter().flatten().enumerate() {
            let path = format!("tools[{index}].function_declarations[{position}]");
            let function = parse_function(function, &path, model)?;
            if declared.iter().any(|known| known.name == function.name) {
                let text = format!("Duplicate function declaration found: {}", function.name);
                return Err(Refusal::new(&text));
            }
            declared.push(function);
        }
    }
    choose(declared, &config["function_calling_config"])
}

fn parse_function<'a>(function: &'a Value, path: &str, model: Model<'_>) -> Result<Tool<'a>, Refusal> {
    let name = function["name"].as_str().unwrap_or_default();
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-');
    if !begins || NAME_BYTES_MAX < name.len() || !name.bytes().all(of_name) {
        let text = "Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), \
            underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.";
        return Err(wrong(&format!("{path}.name"), text));
    }
    let (parameters, plain) = (function.get("parameters"), function.get("parameters_json_schema"));
    if plain.is_some() && !model.takes_json_schema() {
        let text = format!(
            "Invalid JSON payload received. Unknown name \"parametersJsonSchema\" at '{path}': Cannot find field."
        );
        return Err(Refusal::new(&text));
    }
    if plain.is_some() && parameters.is_some() {
        return Err(wrong(path, "only one of parameters and parameters_json_schema may be set"));
    }
    for (field, is_input) in [("parameters", true), ("response", false)] {
        let Some(schema) = function.get(field) else { continue };
        let path = format!("{path}.{field}");
        if is_input && schema["type"] != "OBJECT" {
            return Err(wrong(&format!("{path}.type"), "must be OBJECT"));
        }
        if is_input && schema["properties"].is_null() {
            return Err(wrong(&format!("{path}.properties"), "should be non-empty for OBJECT type"));
        }
        schema::check(schema, &path)?;
    }
    Ok(Tool { name, parameters: parameters.or(plain) })
}

fn choose<'a>(declared: Vec<Tool<'a>>, config: &Value) -> Result<Functions<'a>, Refusal> {
    if !config.is_null() && declared.is_empty() {
        return Err(Refusal::new("Function calling config is set without function_declarations."));
    }
    let mode = config["mode"].as_str().unwrap_or("AUTO");
    let allowed: Vec<_> =
        config["allowed_function_names"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let count = declared.len();
    let functions = |callable, choice| Ok(Functions { declared: count, callable, choice });
    if !allowed.is_empty() && !matches!(mode, "ANY" | "VALIDATED") {
        return Err(Refusal::new("Allowed function names should only be set when function calling mode is ANY."));
    }
    if let Some(unknown) = allowed.iter().find(|name| !declared.iter().any(|tool| tool.name == **name)) {
        let text = format!("allowed_function_names contains {unknown}, which is not in function_declarations.");
        return Err(Refusal::new(&text));
    }
    let choice = match mode {
        "ANY" => ToolChoice::Required,
        "NONE" => ToolChoice::None,
        _ => ToolChoice::Auto,
    };
    let callable = declared.into_iter().filter(|tool| allowed.is_empty() || allowed.contains(&tool.name)).collect();
    functions(callable, choice)
}
