//! Changes single fields of an object and leaves every other byte as it was sent: a number such as 1.10, a big integer,
//! the order of keys in a schema. Reading and writing the whole would lose some of that.

use serde_json::Value;

use super::invalid::InvalidRequest;
use super::scan::{self, Field};

/// A change of one field. Where several name the same field, the last of them counts.
#[derive(Clone, Copy, Debug)]
pub enum Edit<'e> {
    /// The field gets this value, which is JSON. A field that is not there is appended.
    Set(&'e str, &'e str),
    /// The field goes, if it is there.
    Remove(&'e str),
}

impl Edit<'_> {
    const fn name(&self) -> &str {
        match self {
            Self::Set(name, _) | Self::Remove(name) => name,
        }
    }

    /// An upper bound of what the edit adds, for names that need no escapes.
    const fn added_bytes(&self) -> usize {
        match self {
            Self::Set(name, json) => name.len() + json.len() + r#","":"#.len(),
            Self::Remove(_) => 0,
        }
    }
}

/// Changes fields of the JSON object that is the whole text.
///
/// # Errors
/// When the text is no JSON object, or has a key twice.
pub fn rewrite_object(object: &str, edits: &[Edit<'_>]) -> Result<String, InvalidRequest> {
    let fields = scan::fields(object)?;
    let changed = rewrite(object.as_bytes(), &fields, edits);
    String::from_utf8(changed).map_err(|_| InvalidRequest::of_body("the body must be UTF-8"))
}

/// Changes fields of the object whose fields stand where `fields` says.
pub(super) fn rewrite(object: &[u8], fields: &[Field<'_>], edits: &[Edit<'_>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(object.len() + edits.iter().map(Edit::added_bytes).sum::<usize>());
    let body_start = object.iter().position(|byte| *byte == b'{').map_or(0, |brace| brace + 1);
    out.extend_from_slice(&object[..body_start]);

    // A field's bytes begin where the one before ends, so they include the comma: removing them needs no search.
    let mut kept = 0;
    let mut end = body_start;
    for field in fields {
        let lead = &object[end..field.value.start];
        end = field.value.end;
        let value = match last_edit(edits, &field.name) {
            Some(Edit::Remove(_)) => continue,
            Some(Edit::Set(_, json)) => json.as_bytes(),
            None => &object[field.value.clone()],
        };
        out.extend_from_slice(if kept == 0 { after_comma(lead) } else { lead });
        out.extend_from_slice(value);
        kept += 1;
    }
    for (index, edit) in edits.iter().enumerate() {
        let Edit::Set(name, json) = edit else { continue };
        let present = fields.iter().any(|field| field.name == *name);
        if present || last_edit(&edits[index + 1..], name).is_some() {
            continue;
        }
        if kept > 0 {
            out.push(b',');
        }
        out.extend_from_slice(quoted(name).as_bytes());
        out.push(b':');
        out.extend_from_slice(json.as_bytes());
        kept += 1;
    }
    out.extend_from_slice(&object[end..]);
    out
}

/// A text as a JSON string.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn last_edit<'e>(edits: &'e [Edit<'e>], name: &str) -> Option<&'e Edit<'e>> {
    edits.iter().rev().find(|edit| edit.name() == name)
}

/// What stands before a field, without the comma that separated it from the field before: only whitespace and that
/// comma can precede the name's quotation mark.
fn after_comma(lead: &[u8]) -> &[u8] {
    let name = lead.iter().position(|byte| *byte == b'"').unwrap_or(0);
    let comma = lead[..name].iter().position(|byte| *byte == b',');
    &lead[comma.map_or(0, |comma| comma + 1)..]
}
