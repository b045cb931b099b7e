//! The smallest value that a JSON schema accepts, for schemas as SDKs generate them.

use serde_json::{Map, Value, json};

/// Nesting after which a schema counts as recursive: then only what it requires is generated.
const DEPTH_OF_RECURSION: usize = 6;
const DEPTH_MAX: usize = 24;
const LENGTH_MAX: usize = 1_000;
const TEXT: &str = "text";

/// A value that conforms to `schema`; keywords that it does not know (`pattern`, `not`, …) are not looked at.
pub(super) fn example(schema: &Value) -> Value {
    Schemas { root: schema }.example(schema, 0)
}

struct Schemas<'a> {
    root: &'a Value,
}

impl Schemas<'_> {
    fn example(&self, schema: &Value, depth: usize) -> Value {
        if DEPTH_MAX < depth {
            return Value::Null;
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            return target.map_or(Value::Null, |target| self.example(target, depth + 1));
        }
        if let Some(constant) = schema.get("const").or_else(|| schema["enum"].get(0)) {
            return constant.clone();
        }
        if let Some(choices) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
            return self.choose(choices, depth);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return self.merge(parts, depth);
        }
        match type_of(schema).as_str() {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            "string" => string(schema),
            "integer" => number(schema, 1),
            "number" => number(schema, 1),
            "boolean" => Value::Bool(true),
            _ => Value::Null,
        }
    }

    /// The first choice, or in a recursion the one that ends it.
    fn choose(&self, choices: &[Value], depth: usize) -> Value {
        let ends =
            |choice: &&Value| matches!(type_of(choice).as_str(), "null" | "string" | "integer" | "number" | "boolean");
        let end = choices.iter().find(|choice| DEPTH_OF_RECURSION < depth && ends(choice) && choice["$ref"].is_null());
        end.or_else(|| choices.first()).map_or(Value::Null, |choice| self.example(choice, depth + 1))
    }

    fn merge(&self, parts: &[Value], depth: usize) -> Value {
        let mut merged = Map::new();
        for part in parts {
            match self.example(part, depth + 1) {
                Value::Object(fields) => merged.extend(fields),
                value => return value,
            }
        }
        Value::Object(merged)
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let Some(properties) = schema["properties"].as_object() else { return json!({}) };
        let required = schema["required"].as_array();
        let wanted = |name: &str| match required {
            Some(required) => required.iter().any(|required| required == name),
            None => depth <= DEPTH_OF_RECURSION,
        };
        let fields = properties.iter().filter(|(name, _)| wanted(name));
        fields.map(|(name, schema)| (name.clone(), self.example(schema, depth + 1))).collect()
    }

    fn array(&self, schema: &Value, depth: usize) -> Value {
        let least = usize::try_from(length(schema, "minItems").unwrap_or(0)).unwrap_or(0);
        let may_show = length(schema, "maxItems") != Some(0) && schema["items"].is_object();
        let shown = usize::from(depth <= DEPTH_OF_RECURSION && may_show);
        let item = self.example(&schema["items"], depth + 1);
        Value::Array(vec![item; least.max(shown).min(LENGTH_MAX)])
    }
}

/// The type in lower case, since Google writes it in upper case; the first of several. A schema without one but with
/// properties is an object's.
fn type_of(schema: &Value) -> String {
    let named = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    named.unwrap_or(if schema["properties"].is_object() { "object" } else { "null" }).to_ascii_lowercase()
}

fn string(schema: &Value) -> Value {
    let text = match schema["format"].as_str() {
        Some("date-time") => "2024-01-01T00:00:00Z",
        Some("date") => "2024-01-01",
        Some("time") => "00:00:00Z",
        Some("duration") => "P1D",
        Some("email") => "someone@example.com",
        Some("uri") => "https://example.com/",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        Some("ipv4") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        Some("hostname") => "example.com",
        _ => TEXT,
    };
    let least = usize::try_from(length(schema, "minLength").unwrap_or(0)).unwrap_or(0).min(LENGTH_MAX);
    let most = usize::try_from(length(schema, "maxLength").unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    let padding = "x".repeat(least.saturating_sub(text.len()));
    Value::String(format!("{text}{padding}").chars().take(most).collect())
}

/// A length, which Google's services take as a string too.
fn length(schema: &Value, keyword: &str) -> Option<u64> {
    schema[keyword].as_u64().or_else(|| schema[keyword].as_str()?.parse().ok())
}

/// `wanted`, moved into the bounds of the schema.
fn number(schema: &Value, wanted: i64) -> Value {
    let bound = |name: &str| schema[name].as_i64().or_else(|| schema[name].as_str()?.parse().ok());
    let least = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|bound| bound.saturating_add(1)));
    let most = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|bound| bound.saturating_sub(1)));
    let multiple = bound("multipleOf").filter(|multiple| 0 < *multiple).unwrap_or(1);
    let value = wanted.max(least.unwrap_or(wanted)).min(most.unwrap_or(i64::MAX));
    let above = value.saturating_add(multiple - 1).div_euclid(multiple).saturating_mul(multiple);
    Value::from(if above <= most.unwrap_or(i64::MAX) { above } else { value.div_euclid(multiple) * multiple })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_conform() {
        for (schema, expected) in [
            (
                json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["b"]}),
                json!({"b": 1}),
            ),
            (
                json!({"properties": {"a": {"type": ["number", "null"]}, "b": {"type": "boolean"}}}),
                json!({"a": 1, "b": true}),
            ),
            (json!({"type": "array", "items": {"enum": ["x", "y"]}, "minItems": 2}), json!(["x", "x"])),
            (json!({"anyOf": [{"type": "null"}, {"type": "string"}]}), json!(null)),
            (json!({"$ref": "#/$defs/A", "$defs": {"A": {"const": 7}}}), json!(7)),
            (json!({"type": "integer", "minimum": 5, "multipleOf": 4}), json!(8)),
            (json!({"type": "integer", "maximum": -3}), json!(-3)),
            (json!({"type": "string", "minLength": 6}), json!("textxx")),
            (
                json!({"allOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 2}}}]}),
                json!({"a": 1, "b": 2}),
            ),
            (json!(null), json!(null)),
        ] {
            assert_eq!(example(&schema), expected, "{schema}");
        }
    }

    #[test]
    fn recursion_ends() {
        let node = json!({"type": "object", "required": ["next", "children"], "properties": {
            "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
            "children": {"type": "array", "items": {"$ref": "#"}}}});
        let text = example(&node).to_string();
        assert!(text.contains(r#""next":null,"children":[]"#), "{text}");
        assert!(text.len() < 10_000, "{}", text.len());
    }
}
