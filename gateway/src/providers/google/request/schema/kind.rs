//! The types of values.

use serde::Serialize;
use serde_json::value::RawValue;

use super::node::{Node, raw};

/// A type, as Gemini writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Kind {
    String,
    Number,
    Integer,
    Boolean,
    Array,
    Object,
    Null,
}

/// What only schemas of objects say.
const OF_OBJECTS: [&str; 5] =
    ["additionalProperties", "maxProperties", "minProperties", "patternProperties", "propertyNames"];
const OF_ARRAYS: [&str; 5] = ["items", "maxItems", "minItems", "prefixItems", "uniqueItems"];
const OF_NUMBERS: [&str; 5] = ["exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"];

impl Kind {
    /// The types that a node allows, each once: those that it names, or else those that its other words are about.
    pub(super) fn of(node: &Node<'_>) -> Vec<Self> {
        let named = node.list("type").unwrap_or_else(|| node.get("type").into_iter().collect());
        let mut kinds = distinct(named.into_iter().filter_map(Self::named));
        if kinds.is_empty() {
            kinds = distinct(node.values().into_iter().map(Self::of_value));
        }
        if kinds.contains(&Self::Number) {
            kinds.retain(|kind| *kind != Self::Integer);
        }
        if kinds.is_empty() {
            kinds.push(match node {
                _ if !node.properties.is_empty() || node.has(&OF_OBJECTS) => Self::Object,
                _ if node.has(&OF_ARRAYS) => Self::Array,
                _ if node.has(&OF_NUMBERS) => Self::Number,
                _ => Self::String,
            });
        }
        kinds
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "\"string\"" => Self::String,
            "\"number\"" => Self::Number,
            "\"integer\"" => Self::Integer,
            "\"boolean\"" => Self::Boolean,
            "\"array\"" => Self::Array,
            "\"object\"" => Self::Object,
            "\"null\"" => Self::Null,
            _ => return None,
        })
    }

    /// The type of a JSON value.
    pub(super) fn of_value(value: &str) -> Self {
        match value.as_bytes().first() {
            Some(b'"') => Self::String,
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'n') => Self::Null,
            _ if value.contains(['.', 'e', 'E']) => Self::Number,
            _ => Self::Integer,
        }
    }

    /// Whether a value is of the type.
    pub(super) fn fits(self, value: &str) -> bool {
        let kind = Self::of_value(value);
        kind == self || (kind == Self::Integer && self == Self::Number)
    }

    /// The bounds that have a meaning for the type.
    pub(super) fn bounds<'a>(self, node: &Node<'a>) -> Vec<(&'static str, &'a RawValue)> {
        let names: [&'static str; 2] = match self {
            Self::String => ["minLength", "maxLength"],
            Self::Number | Self::Integer => ["minimum", "maximum"],
            Self::Array => ["minItems", "maxItems"],
            Self::Object => ["minProperties", "maxProperties"],
            Self::Boolean | Self::Null => return Vec::new(),
        };
        let is_number = matches!(self, Self::Number | Self::Integer);
        let is_bound = |value: &&str| match Self::of_value(value) {
            Self::Integer => is_number || !value.starts_with('-'),
            kind => is_number && kind == Self::Number,
        };
        let bound = |name: &'static str| Some((name, node.get(name).filter(is_bound).and_then(raw)?));
        names.into_iter().filter_map(bound).collect()
    }

    /// The format, where it is one that Gemini knows.
    pub(super) fn format<'a>(self, node: &Node<'a>) -> Option<&'a RawValue> {
        let known: &[&str] = match self {
            Self::String => &["\"date-time\""],
            Self::Integer => &["\"int32\"", "\"int64\""],
            Self::Number => &["\"float\"", "\"double\""],
            _ => &[],
        };
        node.get("format").filter(|format| known.contains(format)).and_then(raw)
    }
}

fn distinct(kinds: impl Iterator<Item = Kind>) -> Vec<Kind> {
    let mut distinct = Vec::with_capacity(1);
    for kind in kinds {
        if !distinct.contains(&kind) {
            distinct.push(kind);
        }
    }
    distinct
}
