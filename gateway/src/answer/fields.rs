//! The top level of a JSON object as raw text.
//!
//! What the gateway does not change is passed on byte for byte: a parsed and printed number would not be (1.10 becomes
//! 1.1, and large integers lose digits).

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// More than any chunk has, so that the list is allocated once.
const USUAL_FIELDS: usize = 12;

/// The fields of one object in their order, duplicates included.
#[derive(Debug)]
pub(crate) struct Fields<'a>(Vec<Field<'a>>);

/// One field of an object.
#[derive(Debug)]
pub(crate) struct Field<'a> {
    /// The key with its quotes, as it was written.
    pub(crate) key: &'a str,
    /// The key's meaning.
    pub(crate) name: Cow<'a, str>,
    /// The value, as it was written.
    pub(crate) value: &'a str,
}

impl<'a> Fields<'a> {
    /// Reads `text`, which must be one JSON object and nothing else.
    pub(crate) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The value of a field; where it occurs more than once the last, as JSON parsers have it.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|field| field.name == name).map(|field| field.value)
    }

    /// All fields.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Field<'a>> {
        self.0.iter()
    }
}

/// Whether a raw value stands for nothing where an id, an error or a reason is expected.
pub(crate) fn is_blank(value: &str) -> bool {
    matches!(value, "null" | "\"\"" | "false")
}

/// A text as a JSON string, quotes included.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Writes a JSON object field by field.
#[derive(Debug)]
pub(crate) struct ObjectWriter(String);

impl ObjectWriter {
    /// Begins an object that will have about so many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self::continuing("{", bytes)
    }

    /// Goes on with an object that has been begun: `{"id":1`.
    pub(crate) fn continuing(head: &str, bytes: usize) -> Self {
        let mut json = String::with_capacity(bytes);
        json.push_str(head);
        Self(json)
    }

    /// Appends a field as it is written in JSON: `key` with its quotes.
    pub(crate) fn raw(&mut self, key: &str, value: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(key);
        self.0.push(':');
        self.0.push_str(value);
    }

    /// The whole object.
    pub(crate) fn finish(self) -> String {
        self.finish_with("}")
    }

    /// The whole object, where its end is ready: `,"a":1}`.
    pub(crate) fn finish_with(mut self, tail: &str) -> String {
        self.0.push_str(tail);
        self.0
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::with_capacity(USUAL_FIELDS);
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            fields.push(Field { key: key.get(), name: meaning(key.get()), value: value.get() });
        }
        Ok(Fields(fields))
    }
}

fn meaning(key: &str) -> Cow<'_, str> {
    let inside = key.get(1..key.len() - 1).unwrap_or_default();
    if !inside.contains('\\') {
        return Cow::Borrowed(inside);
    }
    // A key with half a surrogate pair has no meaning that anybody asks for.
    serde_json::from_str(key).map_or(Cow::Borrowed(inside), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_as_they_were_written() {
        let fields = Fields::parse(r#" {"a": 1.10, "mod\u0065l" :"x", "b":9007199254740993,"a":[ 1 ]} "#).unwrap();
        assert_eq!(fields.get("model"), Some("\"x\""));
        assert_eq!(fields.get("b"), Some("9007199254740993"));
        assert_eq!(fields.get("a"), Some("[ 1 ]"), "the last one counts");
        assert_eq!(
            fields.iter().map(|field| field.key).collect::<Vec<_>>(),
            ["\"a\"", "\"mod\\u0065l\"", "\"b\"", "\"a\""]
        );
    }

    #[test]
    fn only_a_whole_object_will_do() {
        for text in ["", "[]", "null", "{", "{\"a\":}", "{\"a\":1} x", "{a:1}", "\"x\""] {
            assert!(Fields::parse(text).is_err(), "{text}");
        }
    }
}
