//! JSON values that borrow from the text they were read from, so that a text of megabytes is not copied to be looked
//! at.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::invalid::InvalidRequest;
use super::path::Path;

/// The deepest nesting of arrays and objects in one field. Below what common JSON readers stop at, so that whatever is
/// accepted here can be read by an upstream.
pub(super) const MAX_DEPTH: usize = 100;
/// The most values in one body. It bounds the memory of a request: a value takes some sixty bytes here, but can be
/// sent in two.
pub(super) const MAX_VALUES: usize = 1 << 18;
/// Objects with more keys than this are searched for duplicates by hashing.
const FEW_KEYS: usize = 16;

/// A value of a request.
#[derive(Debug)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// A number, integers kept apart: 2^53 + 1 is not a double.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Unsigned(u64),
    Negative(i64),
    Float(f64),
}

/// What becomes of an object that has a key twice.
#[derive(Clone, Copy)]
pub(super) enum Duplicates {
    /// Readers disagree about which of the two counts, so a field that has a meaning here may not leave it open.
    Refused,
    /// For fields that are only passed on.
    Ignored,
}

impl<'a> Json<'a> {
    /// The value of a key; `None` also where this is no object.
    pub(super) fn get(&self, name: &str) -> Option<&Json<'a>> {
        match self {
            Self::Object(fields) => fields.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The elements; none where this is no array.
    pub(super) fn items(&self) -> &[Json<'a>] {
        match self {
            Self::Array(items) => items,
            _ => &[],
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub(super) const fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }
}

/// Reads the fields of one body, and keeps count of their values.
pub(super) struct Reader {
    values_left: Cell<usize>,
    /// Set by the innermost value that fails, because serde's own errors know no paths.
    refusal: RefCell<Option<InvalidRequest>>,
}

impl Reader {
    pub(super) const fn new() -> Self {
        Self { values_left: Cell::new(MAX_VALUES), refusal: RefCell::new(None) }
    }

    /// Reads the value of the field `name`.
    pub(super) fn read<'a>(
        &self,
        name: &str,
        raw: &'a str,
        duplicates: Duplicates,
    ) -> Result<Json<'a>, InvalidRequest> {
        let node = Node { reader: self, path: Path::root(name), depth: 0, duplicates };
        node.deserialize(&mut serde_json::Deserializer::from_str(raw)).map_err(|error| {
            let refusal = self.refusal.take();
            refusal.unwrap_or_else(|| InvalidRequest::at(&Path::root(name), unreadable(&error)))
        })
    }
}

/// One value that is being read, and where it stands.
#[derive(Clone, Copy)]
struct Node<'p> {
    reader: &'p Reader,
    path: Path<'p>,
    depth: usize,
    duplicates: Duplicates,
}

impl Node<'_> {
    fn refuse<E: Error>(&self, path: &Path<'_>, message: impl Into<String>) -> E {
        let mut refusal = self.reader.refusal.borrow_mut();
        refusal.get_or_insert_with(|| InvalidRequest::at(path, message));
        E::custom("refused")
    }

    fn count<E: Error>(&self) -> Result<(), E> {
        let Some(left) = self.reader.values_left.get().checked_sub(1) else {
            return Err(self.refuse(&self.path, format!("must not bring the request above {MAX_VALUES} JSON values")));
        };
        self.reader.values_left.set(left);
        Ok(())
    }

    fn deeper<E: Error>(&self) -> Result<usize, E> {
        if self.depth == MAX_DEPTH {
            return Err(self.refuse(&self.path, format!("must not be nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(self.depth + 1)
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        self.count()?;
        deserializer.deserialize_any(self).map_err(|error| {
            let message = unreadable(&error);
            self.refuse(&self.path, message)
        })
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(Number::Unsigned(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(Number::Negative(value)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::Number(Number::Float(value)))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let depth = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(Node { path: self.path.index(items.len()), depth, ..self })? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let depth = self.deeper()?;
        let mut fields: Vec<(Cow<'de, str>, Json<'de>)> = Vec::new();
        while let Some(key) = access.next_key_seed(Text)? {
            let value = access.next_value_seed(Node { path: self.path.key(&key), depth, ..self })?;
            fields.push((key, value));
        }
        if let (Duplicates::Refused, Some(key)) = (self.duplicates, duplicate(&fields)) {
            return Err(self.refuse(&self.path.key(key), "must not appear twice"));
        }
        Ok(Json::Object(fields))
    }
}

/// A string that is borrowed unless it has escapes.
pub(super) struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}

/// The first key that an object has twice.
pub(super) fn duplicate<'f, V>(fields: &'f [(Cow<'_, str>, V)]) -> Option<&'f str> {
    let mut keys = fields.iter().map(|(key, _)| key.as_ref());
    if fields.len() > FEW_KEYS {
        let mut seen = HashSet::with_capacity(fields.len());
        return keys.find(|key| !seen.insert(*key));
    }
    let before = |index: usize| fields[..index].iter().map(|(key, _)| key.as_ref());
    keys.enumerate().find(|(index, key)| before(*index).any(|earlier| earlier == *key)).map(|(_, key)| key)
}

/// Why well-formed JSON cannot be read as a value.
fn unreadable(error: &impl fmt::Display) -> String {
    let error = error.to_string();
    if error.contains("number out of range") {
        return "must be a number that a double can hold".to_owned();
    }
    // The digits of escapes were checked when the body was scanned, so it can only be this.
    if error.contains("surrogate") || error.contains("hex escape") {
        return r"must not have one half of a surrogate pair (\ud800 to \udfff) without the other".to_owned();
    }
    // Without the line and column, which count from the beginning of the field here.
    let reason = error.split(" at line ").next().unwrap_or_default();
    format!("must be JSON that can be read: {reason}")
}
