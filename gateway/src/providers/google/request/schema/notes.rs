//! Sentences for a description about what the subset has no keyword for.

use serde_json::value::RawValue;

use super::kind::Kind;
use super::node::Node;

/// Longer lists of values are left out.
const MAX_VALUES_BYTES: usize = 2_000;

/// What must be said of a value of the type `kind`, of which `told` are the values that are listed anyway; `None` where
/// there is nothing.
pub(super) fn of(node: &Node<'_>, kind: Kind, told: &[&RawValue]) -> Option<String> {
    let mut notes = Vec::new();
    if told.is_empty() {
        notes.extend(values(node, kind));
    }
    match kind {
        Kind::Number | Kind::Integer => {
            let number = |name: &str| node.get(name).filter(|value| Kind::Number.fits(value));
            notes.extend(number("exclusiveMinimum").map(|bound| format!("Greater than {bound}.")));
            notes.extend(number("exclusiveMaximum").map(|bound| format!("Less than {bound}.")));
            notes.extend(number("multipleOf").map(|factor| format!("A multiple of {factor}.")));
        }
        Kind::Array if node.get("uniqueItems") == Some("true") => notes.push("No item twice.".to_owned()),
        Kind::String if kind.format(node).is_none() => {
            notes.extend(node.text("format").map(|format| format!("Format: {format}.")));
        }
        _ => {}
    }
    (!notes.is_empty()).then(|| notes.join(" "))
}

fn values(node: &Node<'_>, kind: Kind) -> Option<String> {
    let values: Vec<_> = node.values().into_iter().filter(|value| kind.fits(value)).collect();
    let bytes: usize = values.iter().map(|value| value.len() + 2).sum();
    (!values.is_empty() && bytes <= MAX_VALUES_BYTES).then(|| format!("One of: {}.", values.join(", ")))
}
