//! `output_config`: effort and the format of the answer.

use serde_json::Value;

use super::error::Refusal;
use super::model::Model;
use super::place::{Fields, Place};
use crate::simulator::answer::Format;

const EFFORTS: [&str; 5] = ["low", "medium", "high", "xhigh", "max"];
/// What schemas of a format may not say.
const REFUSED: [&str; 11] = [
    "oneOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "patternProperties",
];

/// The format that a request asks for.
pub(super) fn parse<'a>(fields: &Fields<'a>, model: Model<'_>) -> Result<Format<'a>, Refusal> {
    let Some(config) = fields.get("output_config") else { return Ok(Format::Text) };
    if model.is_third_generation() {
        return Err(config.wrong("Extra inputs are not permitted"));
    }
    let parts = config.fields(&["effort", "format"])?;
    if let Some(effort) = parts.get_nullable("effort") {
        effort.one_of(&EFFORTS)?;
    }
    let Some(format) = parts.get_nullable("format") else { return Ok(Format::Text) };
    format.tag(&["json_schema"])?;
    let schema = format.fields(&["type", "schema"])?.need("schema")?;
    schema.object()?;
    check_schema(&schema, schema.value)?;
    Ok(Format::JsonSchema(schema.value))
}

fn check_schema(place: &Place<'_>, schema: &Value) -> Result<(), Refusal> {
    let Some(node) = schema.as_object() else { return Ok(()) };
    let kind = node.get("type").and_then(Value::as_str).unwrap_or_default();
    if let Some(refused) = REFUSED.iter().find(|refused| node.contains_key(**refused)) {
        return Err(place.wrong(&format!("For '{kind}' type, property '{refused}' is not supported")));
    }
    if kind == "object" && node.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Err(place.wrong("For 'object' type, 'additionalProperties' must be explicitly set to false"));
    }
    let named = ["properties", "$defs", "definitions"].iter().filter_map(|name| node.get(*name)?.as_object());
    let listed = ["anyOf", "allOf"].iter().filter_map(|name| node.get(*name)?.as_array());
    let below = named.flat_map(|named| named.values()).chain(listed.flatten()).chain(node.get("items"));
    below.into_iter().try_for_each(|schema| check_schema(place, schema))
}
