//! Tools, and the choice among them.

use serde_json::Value;

use super::blocks::BlockReader;
use super::error::Refusal;
use super::model::Model;
use super::place::{Fields, Place};
use crate::simulator::answer::{Tool, ToolChoice};

pub(super) const NAME_BYTES_MAX: usize = 128;
const PROPERTY_BYTES_MAX: usize = 64;
const UNIONS: [&str; 3] = ["oneOf", "allOf", "anyOf"];

/// What may be called, and what has to be.
#[derive(Debug)]
pub(super) struct Choice<'a> {
    pub(super) choice: ToolChoice<'a>,
    pub(super) parallel: bool,
}

/// Checks the tools of a request.
pub(super) fn parse<'a>(
    fields: &Fields<'a>,
    reader: &mut BlockReader<'_>,
    model: Model<'_>,
) -> Result<Vec<Tool<'a>>, Refusal> {
    let Some(tools) = fields.get("tools") else { return Ok(Vec::new()) };
    let mut parsed: Vec<Tool<'a>> = Vec::new();
    for tool in tools.items()? {
        let tool = parse_tool(&tool, reader, model)?;
        if parsed.iter().any(|known| known.name == tool.name) {
            return Err(tools.wrong("Tool names must be unique."));
        }
        parsed.push(tool);
    }
    Ok(parsed)
}

fn parse_tool<'a>(tool: &Place<'a>, reader: &mut BlockReader<'_>, model: Model<'_>) -> Result<Tool<'a>, Refusal> {
    if !matches!(tool.object()?.get("type"), None | Some(Value::Null)) {
        tool.tag(&["custom"])?;
    }
    let tool = tool.tagged("custom");
    let mut known = vec!["type", "name", "description", "input_schema", "cache_control"];
    if !model.is_third_generation() {
        known.push("strict");
    }
    let fields = tool.fields(&known)?;
    let name = fields.need("name")?.name(NAME_BYTES_MAX)?;
    if let Some(description) = fields.get("description") {
        description.text()?;
    }
    if let Some(strict) = fields.get("strict") {
        strict.boolean()?;
    }
    reader.cache_control(&fields)?;
    let schema = fields.need("input_schema")?;
    check_schema(&schema)?;
    Ok(Tool { name, parameters: Some(schema.value) })
}

/// The root of a schema; what it holds further down is free.
fn check_schema(schema: &Place<'_>) -> Result<(), Refusal> {
    let root = schema.object()?;
    let kind = root.get("type").ok_or_else(|| schema.tagged("type").wrong("Field required"))?;
    if kind != "object" {
        return Err(schema.tagged("type").wrong("Input should be 'object'"));
    }
    if UNIONS.iter().any(|union| root.contains_key(*union)) {
        return Err(schema.wrong("input_schema does not support oneOf, allOf, or anyOf at the top level"));
    }
    let is_invalid = match (root.get("properties"), root.get("required")) {
        (Some(properties), _) if !properties.is_object() => true,
        (_, Some(Value::Array(required))) => !required.iter().all(Value::is_string),
        (_, Some(_)) => true,
        _ => false,
    };
    if is_invalid {
        return Err(schema.wrong("JSON schema is invalid. It must match JSON Schema draft 2020-12"));
    }
    let of_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let is_key = |key: &String| (1..=PROPERTY_BYTES_MAX).contains(&key.len()) && key.bytes().all(of_key);
    let keys = root.get("properties").and_then(Value::as_object);
    if keys.is_some_and(|properties| !properties.keys().all(is_key)) {
        return Err(schema.tagged("properties").wrong("Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'"));
    }
    Ok(())
}

/// Checks the choice among `tools`.
pub(super) fn parse_choice<'a>(fields: &Fields<'a>, tools: &[Tool<'_>]) -> Result<Choice<'a>, Refusal> {
    let Some(choice) = fields.get("tool_choice") else {
        return Ok(Choice { choice: ToolChoice::Auto, parallel: true });
    };
    let kind = choice.tag(&["auto", "any", "tool", "none"])?;
    let known: &[&str] = match kind {
        "none" => &["type"],
        "tool" => &["type", "name", "disable_parallel_tool_use"],
        _ => &["type", "disable_parallel_tool_use"],
    };
    let parts = choice.tagged(kind).fields(known)?;
    let serial = parts.get("disable_parallel_tool_use").map_or(Ok(false), |serial| serial.boolean())?;
    let name = if kind == "tool" { Some(parts.need("name")?.text()?) } else { None };
    if tools.is_empty() {
        return Err(choice.wrong("tool_choice may only be specified while providing tools"));
    }
    let choice = match (kind, name) {
        ("tool", Some(name)) if !tools.iter().any(|tool| tool.name == name) => {
            return Err(choice.wrong(&format!("Tool '{name}' not found in provided tools")));
        }
        (_, Some(name)) => ToolChoice::Named(name),
        ("none", _) => ToolChoice::None,
        ("any", _) => ToolChoice::Required,
        _ => ToolChoice::Auto,
    };
    Ok(Choice { choice, parallel: !serial })
}
