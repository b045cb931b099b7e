//! A value together with where it stands, and the questions that validation asks of it.

use std::fmt;

use super::invalid::{InvalidRequest, quote};
use super::json::{Json, Number};
use super::path::Path;

/// The outcome of looking at one field.
pub(super) type Checked = Result<(), InvalidRequest>;

/// A value of the request and the path to it.
#[derive(Clone, Copy)]
pub(super) struct At<'p, 'v> {
    path: Path<'p>,
    value: &'v Json<'v>,
}

impl<'p, 'v> At<'p, 'v> {
    pub(super) const fn root(name: &'p str, value: &'v Json<'v>) -> Self {
        Self { path: Path::root(name), value }
    }

    pub(super) const fn json(&self) -> &'v Json<'v> {
        self.value
    }

    /// This field is wrong, for the reason given.
    pub(super) fn refuse(&self, message: impl Into<String>) -> InvalidRequest {
        InvalidRequest::at(&self.path, message)
    }

    /// This field is not what it must be; the answer says what it is instead.
    pub(super) fn expected(&self, what: impl fmt::Display) -> InvalidRequest {
        self.refuse(format!("must be {what}, not {}", Found(self.value)))
    }

    /// A field of this object; `None` where it is absent or null, which mean the same everywhere.
    pub(super) fn optional<'q>(&'q self, name: &'static str) -> Result<Option<At<'q, 'v>>, InvalidRequest> {
        self.object()?;
        let present = self.value.get(name).filter(|value| !matches!(value, Json::Null));
        Ok(present.map(|value| At { path: self.path.key(name), value }))
    }

    /// A field that this object must have.
    pub(super) fn required<'q>(&'q self, name: &'static str) -> Result<At<'q, 'v>, InvalidRequest> {
        let missing = || InvalidRequest::at(&self.path.key(name), "is required");
        self.optional(name)?.ok_or_else(missing)
    }

    /// The fields of this object.
    pub(super) fn entries<'q>(&'q self) -> Result<impl Iterator<Item = (&'v str, At<'q, 'v>)>, InvalidRequest> {
        let Json::Object(fields) = self.value else {
            return Err(self.expected("an object"));
        };
        Ok(fields.iter().map(|(key, value)| (key.as_ref(), At { path: self.path.key(key), value })))
    }

    /// The elements of this array.
    pub(super) fn items<'q>(&'q self) -> Result<impl ExactSizeIterator<Item = At<'q, 'v>>, InvalidRequest> {
        let Json::Array(items) = self.value else {
            return Err(self.expected("an array"));
        };
        Ok(items.iter().enumerate().map(|(index, value)| At { path: self.path.index(index), value }))
    }

    /// The elements of this array, which has at least one and at most so many.
    pub(super) fn some_items<'q>(
        &'q self,
        most: usize,
    ) -> Result<impl ExactSizeIterator<Item = At<'q, 'v>>, InvalidRequest> {
        let items = self.items()?;
        match items.len() {
            0 => Err(self.refuse("must not be empty")),
            count if count > most => Err(self.refuse(format!("must have at most {most} elements, not {count}"))),
            _ => Ok(items),
        }
    }

    pub(super) fn object(&self) -> Checked {
        match self.value {
            Json::Object(_) => Ok(()),
            _ => Err(self.expected("an object")),
        }
    }

    pub(super) fn boolean(&self) -> Checked {
        match self.value {
            Json::Bool(_) => Ok(()),
            _ => Err(self.expected("a boolean")),
        }
    }

    pub(super) fn string(&self) -> Result<&'v str, InvalidRequest> {
        self.value.as_str().ok_or_else(|| self.expected("a string"))
    }

    pub(super) fn non_empty_string(&self) -> Result<&'v str, InvalidRequest> {
        match self.string()? {
            "" => Err(self.refuse("must not be empty")),
            text => Ok(text),
        }
    }

    /// A string of at most so many characters.
    pub(super) fn string_up_to(&self, most: usize) -> Result<&'v str, InvalidRequest> {
        let text = self.string()?;
        // Bytes are never fewer than characters, so nothing is counted in the usual case.
        if text.len() > most && text.chars().count() > most {
            return Err(self.refuse(format!("must have at most {most} characters")));
        }
        Ok(text)
    }

    /// One word of a vocabulary.
    pub(super) fn one_of(&self, allowed: &'static [&'static str]) -> Result<&'static str, InvalidRequest> {
        let text = self.value.as_str();
        if let Some(word) = allowed.iter().copied().find(|word| Some(*word) == text) {
            return Ok(word);
        }
        let words = allowed.join(", ");
        let choice = if allowed.len() == 1 { words } else { format!("one of {words}") };
        Err(match text {
            Some(text) => self.refuse(format!("must be {choice}, not {}", quote(text))),
            None => self.expected(choice),
        })
    }

    /// The name of a tool or a schema.
    pub(super) fn identifier(&self) -> Result<&'v str, InvalidRequest> {
        let name = self.string()?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
            return Ok(name);
        }
        Err(self.refuse(format!("must be 1 to 64 of the characters a-z, A-Z, 0-9, _ and -, not {}", quote(name))))
    }

    pub(super) fn number(&self, min: f64, max: f64) -> Checked {
        let number = match self.value {
            Json::Number(Number::Unsigned(value)) => *value as f64,
            Json::Number(Number::Negative(value)) => *value as f64,
            Json::Number(Number::Float(value)) => *value,
            _ => return Err(self.expected(format_args!("a number between {min} and {max}"))),
        };
        if (min..=max).contains(&number) {
            return Ok(());
        }
        Err(self.expected(format_args!("a number between {min} and {max}")))
    }

    pub(super) fn integer(&self, min: i64, max: i64) -> Result<i64, InvalidRequest> {
        let integer = match self.value {
            Json::Number(Number::Unsigned(value)) => i64::try_from(*value).ok(),
            Json::Number(Number::Negative(value)) => Some(*value),
            // The only integer that is read as a float is -0.
            Json::Number(Number::Float(value)) if *value == 0.0 && value.is_sign_negative() => Some(0),
            _ => None,
        };
        let bounds = format_args!("an integer between {min} and {max}");
        integer.filter(|value| (min..=max).contains(value)).ok_or_else(|| self.expected(bounds))
    }
}

/// What a value is, for an answer that says what it should have been. Texts are not repeated.
struct Found<'v>(&'v Json<'v>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Number(Number::Unsigned(value)) => write!(f, "{value}"),
            Json::Number(Number::Negative(value)) => write!(f, "{value}"),
            // The debug form keeps the point of 1.0 and the exponent of 1e300.
            Json::Number(Number::Float(value)) => write!(f, "{value:?}"),
            Json::String(_) => f.write_str("a string"),
            Json::Array(_) => f.write_str("an array"),
            Json::Object(_) => f.write_str("an object"),
        }
    }
}
