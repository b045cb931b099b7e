//! Reading JSON as protocol buffers are read: every name is known or refused, in camel case or with underscores, and a
//! null is absent. What is read has the names of the definitions.

use serde_json::{Map, Number, Value, json};

use super::error::Refusal;
use crate::simulator::base64;

const TYPES: &str = "type.googleapis.com/google.ai.generativelanguage.v1beta";

/// The definition of a message.
pub(super) struct Message {
    pub(super) name: &'static str,
    pub(super) naming: Naming,
    pub(super) fields: &'static [(&'static str, Kind)],
}

/// Which names the fields have when they were read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// Those of the definition.
    Underscores,
    /// Those of JSON schemas.
    Camel,
}

/// What a field may hold.
pub(super) enum Kind {
    Text,
    Bytes,
    Bool,
    Int32,
    Int64,
    Number,
    Enum(&'static str, &'static [&'static str]),
    Message(&'static Message),
    List(&'static Self),
    Map(&'static Self),
    Struct,
    Any,
}

/// Reads a whole message.
pub(super) fn read(value: &Value, message: &'static Message) -> Result<Map<String, Value>, Refusal> {
    let mut reader = Reader { violations: Vec::new() };
    let read = reader.message(value, message, "");
    match read {
        Some(read) if reader.violations.is_empty() => Ok(read),
        _ => Err(reader.refusal()),
    }
}

/// Collects what is wrong, all of which the service names at once.
struct Reader {
    violations: Vec<(String, String)>,
}

impl Reader {
    fn refusal(self) -> Refusal {
        let texts: Vec<_> = self.violations.iter().map(|(_, text)| text.as_str()).collect();
        let of = |(field, text): &(String, String)| json!({"field": field, "description": text});
        let violations: Vec<_> = self.violations.iter().map(of).collect();
        let kind = "type.googleapis.com/google.rpc.BadRequest";
        Refusal::new(&texts.join("\n")).with_details(json!([{"@type": kind, "fieldViolations": violations}]))
    }

    fn message(&mut self, value: &Value, message: &'static Message, path: &str) -> Option<Map<String, Value>> {
        let Value::Object(fields) = value else {
            self.invalid(path, &format!("{TYPES}.{}", message.name), value);
            return None;
        };
        let mut read = Map::new();
        for (given, value) in fields {
            let name = underscored(given);
            let Some((name, kind)) = message.fields.iter().find(|(known, _)| *known == name) else {
                self.unknown(given, path, "Cannot find field.");
                continue;
            };
            if value.is_null() {
                continue;
            }
            if value.is_array() && !matches!(kind, Kind::List(_) | Kind::Any) {
                self.unknown(given, path, "Proto field is not repeating, cannot start list.");
                continue;
            }
            let below = if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
            if let Some(value) = self.value(value, kind, &below) {
                let camel = message.naming == Naming::Camel;
                read.insert(if camel { camelled(name) } else { (*name).to_owned() }, value);
            }
        }
        Some(read)
    }

    fn value(&mut self, value: &Value, kind: &'static Kind, path: &str) -> Option<Value> {
        match kind {
            Kind::Message(message) => self.message(value, message, path).map(Value::Object),
            Kind::List(kind) => Some(self.list(value, kind, path)),
            Kind::Map(kind) => self.map(value, kind, path),
            Kind::Any => Some(value.clone()),
            Kind::Struct if value.is_object() => Some(value.clone()),
            Kind::Enum(name, known) => {
                let found = value.as_str().map(str::to_ascii_uppercase).filter(|value| known.contains(&value.as_str()));
                self.or_invalid(found.map(Value::from), (path, &format!("{TYPES}.{name}")), value)
            }
            scalar => self.or_invalid(scalar_of(value, scalar), (path, name_of(scalar)), value),
        }
    }

    /// The service takes one value for a list of one.
    fn list(&mut self, value: &Value, kind: &'static Kind, path: &str) -> Value {
        let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        let items = items.iter().enumerate();
        items.filter_map(|(index, item)| self.value(item, kind, &format!("{path}[{index}]"))).collect()
    }

    fn map(&mut self, value: &Value, kind: &'static Kind, path: &str) -> Option<Value> {
        let Some(entries) = value.as_object() else {
            self.invalid(path, "type.googleapis.com/google.protobuf.Struct", value);
            return None;
        };
        let entry = |(index, (key, value)): (usize, (&String, &Value))| {
            Some((key.clone(), self.value(value, kind, &format!("{path}[{index}].value"))?))
        };
        Some(Value::Object(entries.iter().enumerate().filter_map(entry).collect()))
    }

    fn or_invalid(&mut self, read: Option<Value>, (path, kind): (&str, &str), value: &Value) -> Option<Value> {
        if read.is_none() {
            self.invalid(path, kind, value);
        }
        read
    }

    fn invalid(&mut self, path: &str, kind: &str, value: &Value) {
        self.violations.push((path.to_owned(), format!("Invalid value at '{path}' ({kind}), {value}")));
    }

    fn unknown(&mut self, name: &str, path: &str, why: &str) {
        let place = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
        let text = format!("Invalid JSON payload received. Unknown name \"{name}\"{place}: {why}");
        self.violations.push((path.to_owned(), text));
    }
}

fn scalar_of(value: &Value, kind: &Kind) -> Option<Value> {
    match kind {
        Kind::Text => value.is_string().then(|| value.clone()),
        Kind::Bytes => value.as_str().is_some_and(base64::is_lenient).then(|| value.clone()),
        Kind::Bool => value.is_boolean().then(|| value.clone()),
        Kind::Int32 => integer(value).filter(|value| i32::try_from(*value).is_ok()).map(Value::from),
        Kind::Int64 => integer(value).map(Value::from),
        Kind::Number if value.is_number() => Some(value.clone()),
        Kind::Number => value.as_str()?.parse().ok().and_then(Number::from_f64).map(Value::Number),
        _ => None,
    }
}

/// Integers may be written as texts.
fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

const fn name_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => "TYPE_STRING",
        Kind::Bytes => "TYPE_BYTES",
        Kind::Bool => "TYPE_BOOL",
        Kind::Int32 => "TYPE_INT32",
        Kind::Int64 => "TYPE_INT64",
        Kind::Number => "TYPE_FLOAT",
        _ => "type.googleapis.com/google.protobuf.Struct",
    }
}

fn underscored(name: &str) -> String {
    let mut read = String::with_capacity(name.len() + 4);
    for char in name.chars() {
        if char.is_ascii_uppercase() {
            read.push('_');
        }
        read.push(char.to_ascii_lowercase());
    }
    read
}

fn camelled(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |read, part| {
        let (head, tail) = part.split_at(part.len().min(1));
        read + &head.to_ascii_uppercase() + tail
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_either_form() {
        for (camel, underscores) in [("maxOutputTokens", "max_output_tokens"), ("topP", "top_p"), ("text", "text")] {
            assert_eq!(underscored(camel), underscores);
            assert_eq!(underscored(underscores), underscores);
            assert_eq!(camelled(underscores), camel);
        }
    }

    #[test]
    fn integers_may_be_texts() {
        assert_eq!(scalar_of(&json!("-5"), &Kind::Int32), Some(json!(-5)));
        assert_eq!(scalar_of(&json!(i64::MAX), &Kind::Int64), Some(json!(i64::MAX)));
        for wrong in [json!(3_000_000_000_u64), json!(1.5), json!("x"), json!(true)] {
            assert_eq!(scalar_of(&wrong, &Kind::Int32), None, "{wrong}");
        }
    }
}
