//! Reading a body that is closed at every level: what is not known is refused, with the place where it stands.

use serde_json::{Map, Value};

use super::error::Refusal;

/// A value and where it stands, such as `messages.0.content`.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    pub(super) value: &'a Value,
    path: String,
}

/// The fields of an object and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: String,
}

impl<'a> Place<'a> {
    /// A refusal because of this value.
    pub(super) fn wrong(&self, message: &str) -> Refusal {
        Refusal::new(&format!("{}: {message}", self.path))
    }

    /// The same value as a member of a union, which messages name.
    pub(super) fn tagged(&self, tag: &str) -> Self {
        Self { value: self.value, path: format!("{}.{tag}", self.path) }
    }

    /// The fields of an object that has no others than `known`.
    pub(super) fn fields(&self, known: &[&str]) -> Result<Fields<'a>, Refusal> {
        let map = self.object()?;
        Fields::closed(map, self.path.clone(), known)
    }

    pub(super) fn object(&self) -> Result<&'a Map<String, Value>, Refusal> {
        self.value.as_object().ok_or_else(|| self.wrong("Input should be a valid dictionary"))
    }

    pub(super) fn items(&self) -> Result<Vec<Self>, Refusal> {
        let items = self.value.as_array().ok_or_else(|| self.wrong("Input should be a valid list"))?;
        let place = |(index, value)| Self { value, path: format!("{}.{index}", self.path) };
        Ok(items.iter().enumerate().map(place).collect())
    }

    pub(super) fn text(&self) -> Result<&'a str, Refusal> {
        self.value.as_str().ok_or_else(|| self.wrong("Input should be a valid string"))
    }

    /// A text of at most so many characters.
    pub(super) fn text_up_to(&self, max: usize) -> Result<&'a str, Refusal> {
        let text = self.text()?;
        if text.chars().count() <= max {
            return Ok(text);
        }
        Err(self.wrong(&format!("String should have at most {max} characters")))
    }

    /// A text that is a name: letters, digits, `_` and `-`, at most `max` of them where there is a maximum.
    pub(super) fn name(&self, max: usize) -> Result<&'a str, Refusal> {
        let name = self.text()?;
        let of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if (1..=max).contains(&name.len()) && name.bytes().all(of_name) {
            return Ok(name);
        }
        let times = if max == usize::MAX { "+".to_owned() } else { format!("{{1,{max}}}") };
        Err(self.wrong(&format!("String should match pattern '^[a-zA-Z0-9_-]{times}$'")))
    }

    pub(super) fn one_of(&self, known: &[&str]) -> Result<&'a str, Refusal> {
        let text = self.value.as_str().filter(|text| known.contains(text));
        text.ok_or_else(|| {
            let known: Vec<_> = known.iter().map(|known| format!("'{known}'")).collect();
            self.wrong(&format!("Input should be {}", known.join(" or ")))
        })
    }

    /// The tag of a union.
    pub(super) fn tag(&self, known: &[&str]) -> Result<&'a str, Refusal> {
        let tag = self.object()?.get("type").ok_or_else(|| self.tagged("type").wrong("Field required"))?;
        let found = tag.as_str().filter(|tag| known.contains(tag));
        found.ok_or_else(|| {
            let known: Vec<_> = known.iter().map(|known| format!("'{known}'")).collect();
            let tag = tag.to_string().replace('"', "'");
            let expected = known.join(", ");
            self.wrong(&format!(
                "Input tag {tag} found using 'type' does not match any of the expected tags: {expected}"
            ))
        })
    }

    pub(super) fn boolean(&self) -> Result<bool, Refusal> {
        self.value.as_bool().ok_or_else(|| self.wrong("Input should be a valid boolean"))
    }

    pub(super) fn integer(&self) -> Result<i64, Refusal> {
        self.value.as_i64().ok_or_else(|| self.wrong("Input should be a valid integer"))
    }

    /// An integer of at least `least`.
    pub(super) fn integer_from(&self, least: i64) -> Result<u64, Refusal> {
        let value = self.integer()?;
        if value < least {
            return Err(self.wrong(&format!("Input should be greater than or equal to {least}")));
        }
        Ok(value.unsigned_abs())
    }

    /// A number from 0 to 1.
    pub(super) fn fraction(&self) -> Result<f64, Refusal> {
        match self.value.as_f64() {
            None => Err(self.wrong("Input should be a valid number")),
            Some(value) if value < 0.0 => Err(self.wrong("Input should be greater than or equal to 0")),
            Some(value) if 1.0 < value => Err(self.wrong("Input should be less than or equal to 1")),
            Some(value) => Ok(value),
        }
    }
}

impl<'a> Fields<'a> {
    /// The top level of a body.
    pub(super) fn top(map: &'a Map<String, Value>, known: &[&str]) -> Result<Self, Refusal> {
        Self::closed(map, String::new(), known)
    }

    fn closed(map: &'a Map<String, Value>, path: String, known: &[&str]) -> Result<Self, Refusal> {
        let fields = Self { map, path };
        match map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(unknown) => Err(Refusal::new(&format!("{}: Extra inputs are not permitted", fields.path_of(unknown)))),
            None => Ok(fields),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<Place<'a>> {
        self.map.get(name).map(|value| Place { value, path: self.path_of(name) })
    }

    /// A field that may be null, which counts as absent.
    pub(super) fn get_nullable(&self, name: &str) -> Option<Place<'a>> {
        self.get(name).filter(|place| !place.value.is_null())
    }

    pub(super) fn need(&self, name: &str) -> Result<Place<'a>, Refusal> {
        self.get(name).ok_or_else(|| Refusal::new(&format!("{}: Field required", self.path_of(name))))
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}
