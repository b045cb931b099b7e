//! What is refused in a `Schema`, beyond names that it does not have.

use serde_json::Value;

use super::contents::wrong;
use super::error::Refusal;

/// What may stand beside `anyOf`.
const BESIDE_ANY_OF: [&str; 5] = ["anyOf", "nullable", "description", "title", "default"];

/// Checks a schema and all below it.
pub(super) fn check(schema: &Value, path: &str) -> Result<(), Refusal> {
    if let Some(choices) = schema["anyOf"].as_array() {
        let is_alone =
            schema.as_object().is_some_and(|node| node.keys().all(|key| BESIDE_ANY_OF.contains(&key.as_str())));
        if !is_alone {
            return Err(wrong(path, "when using any_of, it must be the only field set"));
        }
        let place = |index| format!("{path}.any_of[{index}]");
        return choices.iter().enumerate().try_for_each(|(index, choice)| check(choice, &place(index)));
    }
    let kind = schema["type"].as_str().unwrap_or_default();
    check_scalar(schema, kind, path)?;
    match kind {
        "" | "TYPE_UNSPECIFIED" => Err(wrong(&format!("{path}.type"), "must be specified")),
        "ARRAY" if schema["items"].is_null() => Err(wrong(&format!("{path}.items"), "missing field.")),
        "ARRAY" => check(&schema["items"], &format!("{path}.items")),
        "OBJECT" => check_object(schema, path),
        _ => Ok(()),
    }
}

fn check_scalar(schema: &Value, kind: &str, path: &str) -> Result<(), Refusal> {
    if let Some(values) = schema["enum"].as_array() {
        if kind != "STRING" {
            return Err(wrong(&format!("{path}.enum"), "only allowed for STRING type"));
        }
        if let Some(index) = values.iter().position(|value| value == "") {
            return Err(wrong(&format!("{path}.enum[{index}]"), "cannot be empty"));
        }
    }
    let Some(format) = schema["format"].as_str() else { return Ok(()) };
    let (known, text) = match kind {
        "STRING" => (["enum", "date-time"], "only 'enum' and 'date-time' are supported for STRING type"),
        "INTEGER" => (["int32", "int64"], "only 'int32' and 'int64' are supported for INTEGER type"),
        "NUMBER" => (["float", "double"], "only 'float' and 'double' are supported for NUMBER type"),
        _ => (["", ""], "not supported for this type"),
    };
    if known.contains(&format) { Ok(()) } else { Err(wrong(&format!("{path}.format"), text)) }
}

fn check_object(schema: &Value, path: &str) -> Result<(), Refusal> {
    let Some(properties) = schema["properties"].as_object() else { return Ok(()) };
    if properties.is_empty() {
        return Err(wrong(&format!("{path}.properties"), "should be non-empty for OBJECT type"));
    }
    for list in ["required", "propertyOrdering"] {
        let names = schema[list].as_array().into_iter().flatten().enumerate();
        let unknown = names.into_iter().find(|(_, name)| !properties.contains_key(name.as_str().unwrap_or_default()));
        if let Some((index, _)) = unknown {
            return Err(wrong(&format!("{path}.{list}[{index}]"), "property is not defined"));
        }
    }
    properties.iter().try_for_each(|(name, schema)| check(schema, &format!("{path}.properties[{name}]")))
}
