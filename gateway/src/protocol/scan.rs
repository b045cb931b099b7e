//! The first look at a body: the names of its fields, and where their values stand.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::invalid::InvalidRequest;
use super::json::{Text, duplicate};
use super::path::Path;

/// The most fields that an object which is taken apart may have. OpenAI documents some forty.
pub(super) const MAX_FIELDS: usize = 256;

/// A field of an object in a text.
#[derive(Clone, Debug)]
pub(super) struct Field<'a> {
    pub(super) name: Cow<'a, str>,
    /// Where the value's bytes are, without the whitespace around them.
    pub(super) value: Range<usize>,
}

/// The text of a body.
pub(super) fn text(body: &[u8]) -> Result<&str, InvalidRequest> {
    if body.starts_with(b"\xef\xbb\xbf") {
        return Err(InvalidRequest::of_body("the body must not begin with a byte order mark"));
    }
    std::str::from_utf8(body).map_err(|error| {
        let byte = error.valid_up_to();
        InvalidRequest::of_body(format!("the body must be UTF-8, which it is not at byte {byte}"))
    })
}

/// The fields of the object that is the whole text. Their values are well-formed JSON, nothing more is known of them.
pub(super) fn fields(text: &str) -> Result<Vec<Field<'_>>, InvalidRequest> {
    match text.trim_start_matches([' ', '\t', '\r', '\n']).bytes().next() {
        None => return Err(InvalidRequest::of_body("the body is empty, it must be a JSON object")),
        Some(b'"' | b'[' | b'0'..=b'9' | b'-' | b't' | b'f' | b'n') => {
            return Err(InvalidRequest::of_body("the body must be a JSON object"));
        }
        Some(_) => {}
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let entries = deserializer.deserialize_map(Entries).and_then(|entries| deserializer.end().map(|()| entries));
    let entries = entries.map_err(|error| InvalidRequest::of_body(format!("the body is not valid JSON: {error}")))?;
    if entries.len() > MAX_FIELDS {
        return Err(InvalidRequest::of_body(format!("the body must not have more than {MAX_FIELDS} parameters")));
    }
    if let Some(name) = duplicate(&entries) {
        return Err(InvalidRequest::at(&Path::root(name), "must not appear twice"));
    }
    Ok(entries.into_iter().map(|(name, raw)| Field { name, value: span(text, raw.get()) }).collect())
}

/// Where a part of a text stands in it.
fn span(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::with_capacity(16);
        while let Some(name) = access.next_key_seed(Text)? {
            let value = access.next_value()?;
            // One more than allowed is kept, as the sign that there are too many.
            if entries.len() <= MAX_FIELDS {
                entries.push((name, value));
            }
        }
        Ok(entries)
    }
}
