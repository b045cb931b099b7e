//! Reads the fields of one table of the file, and gathers what is wrong with them.

use std::fmt;
use std::ops::RangeInclusive;

use syntopen_shared::price::PicoUsdPerToken;
use toml::{Table, Value};

/// More tokens than any model takes; a larger number is a slip.
const MAX_TOKENS: u64 = 1_000_000_000;
const MAX_NAME_CHARS: usize = 200;

/// A table that is read field by field: what is left at the end is unknown.
pub(super) struct Section<'a> {
    /// What the table describes, the beginning of each complaint about it: `model openai/gpt-4o`.
    pub(super) subject: String,
    /// Where within it, up to and with the last dot: `price.`
    place: String,
    table: Table,
    problems: &'a mut Vec<String>,
}

impl<'a> Section<'a> {
    pub(super) const fn new(subject: String, table: Table, problems: &'a mut Vec<String>) -> Self {
        Self { subject, place: String::new(), table, problems }
    }

    /// Remembers that the field `name` is wrong, and why: `why` follows its name.
    pub(super) fn refuse(&mut self, name: &str, why: impl fmt::Display) {
        self.problems.push(format!("{}: {}{name} {why}", self.subject, self.place));
    }

    /// A name or an id, which must be there.
    pub(super) fn name(&mut self, name: &str) -> Option<String> {
        let text = self.required(name).and_then(|value| self.text(name, value))?;
        if is_name(&text) {
            return Some(text);
        }
        let why = "must be 1 to 200 characters of A-Z a-z 0-9 . _ : / @ -, and neither begin nor end with /";
        self.refuse(name, why);
        None
    }

    /// A text that must be there.
    pub(super) fn string(&mut self, name: &str) -> Option<String> {
        self.required(name).and_then(|value| self.text(name, value))
    }

    /// A text that may be missing.
    pub(super) fn optional_string(&mut self, name: &str) -> Option<String> {
        self.table.remove(name).and_then(|value| self.text(name, value))
    }

    /// A number of tokens that must be there, and more than none.
    pub(super) fn tokens(&mut self, name: &str) -> Option<u64> {
        self.required(name).and_then(|value| self.count(name, &value))
    }

    /// A number of tokens that may be missing.
    pub(super) fn optional_tokens(&mut self, name: &str) -> Option<u64> {
        self.table.remove(name).and_then(|value| self.count(name, &value))
    }

    /// A number that may be missing.
    pub(super) fn optional_number(&mut self, name: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let value = self.table.remove(name)?;
        let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            self.refuse(name, format_args!("must be a whole number, {} to {}", range.start(), range.end()));
        }
        number
    }

    /// A text or several, of which at least one must be there; each with the name of its place.
    pub(super) fn strings(&mut self, name: &str) -> Option<Vec<(String, String)>> {
        match self.required(name)? {
            Value::String(text) => Some(vec![(name.to_owned(), text)]),
            Value::Array(items) if !items.is_empty() => {
                let place = |position| format!("{name}[{position}]");
                let items = items.into_iter().enumerate().map(|(position, item)| (place(position), item));
                let texts: Vec<_> =
                    items.map(|(place, item)| self.text(&place, item).map(|text| (place, text))).collect();
                texts.into_iter().collect()
            }
            _ => {
                self.refuse(name, "must be a string, or an array of strings with at least one");
                None
            }
        }
    }

    /// Whether something is so; it is not where the field is missing.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        match self.table.remove(name) {
            None => false,
            Some(Value::Boolean(value)) => value,
            Some(_) => {
                self.refuse(name, "must be true or false");
                false
            }
        }
    }

    /// A price that must be there.
    pub(super) fn price(&mut self, name: &str) -> Option<PicoUsdPerToken> {
        self.required(name).and_then(|value| self.amount(name, &value))
    }

    /// A price that may be missing.
    pub(super) fn optional_price(&mut self, name: &str) -> Option<PicoUsdPerToken> {
        self.table.remove(name).and_then(|value| self.amount(name, &value))
    }

    /// A table within this one, where there is one.
    pub(super) fn optional_section(&mut self, name: &str) -> Option<Section<'_>> {
        match self.table.remove(name)? {
            Value::Table(table) => Some(self.within(format!("{name}."), table)),
            _ => {
                self.refuse(name, "must be a table");
                None
            }
        }
    }

    /// The tables of an array; none where it is missing. To be read with [`Section::item`].
    pub(super) fn array(&mut self, name: &str) -> Vec<Value> {
        match self.table.remove(name) {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.refuse(name, "must be an array of tables");
                Vec::new()
            }
        }
    }

    /// The item at `position` of the array `name`, which must be a table.
    pub(super) fn item(&mut self, name: &str, position: usize, value: Value) -> Option<Section<'_>> {
        let name = format!("{name}[{position}]");
        match value {
            Value::Table(table) => Some(self.within(format!("{name}."), table)),
            _ => {
                self.refuse(&name, "must be a table");
                None
            }
        }
    }

    /// Ends the reading: fields that nobody asked for are mistakes.
    pub(super) fn finish(mut self) {
        for name in std::mem::take(&mut self.table).keys() {
            self.refuse(&format!("{name:?}"), "is not a field of the catalog");
        }
    }

    fn within(&mut self, place: String, table: Table) -> Section<'_> {
        Section {
            subject: self.subject.clone(),
            place: format!("{}{place}", self.place),
            table,
            problems: &mut *self.problems,
        }
    }

    fn required(&mut self, name: &str) -> Option<Value> {
        let value = self.table.remove(name);
        if value.is_none() {
            self.refuse(name, "is missing");
        }
        value
    }

    fn text(&mut self, name: &str, value: Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text),
            _ => {
                self.refuse(name, "must be a string");
                None
            }
        }
    }

    fn count(&mut self, name: &str, value: &Value) -> Option<u64> {
        let count = value.as_integer().and_then(|count| u64::try_from(count).ok());
        let count = count.filter(|count| (1..=MAX_TOKENS).contains(count));
        if count.is_none() {
            self.refuse(name, format_args!("must be a whole number of tokens, 1 to {MAX_TOKENS}"));
        }
        count
    }

    fn amount(&mut self, name: &str, value: &Value) -> Option<PicoUsdPerToken> {
        match value {
            Value::String(text) => match text.parse() {
                Ok(price) => return Some(price),
                Err(error) => self.refuse(name, error),
            },
            // A float would have lost the price's last digits before anyone could look at them.
            Value::Float(_) | Value::Integer(_) => {
                self.refuse(name, "must be written as a string, such as \"0.15\", so that it stays exact");
            }
            _ => self.refuse(name, "must be a string of dollars per million tokens, such as \"0.15\""),
        }
        None
    }
}

/// Whether a text may be the id of a model, or a name.
fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:/@-".contains(&byte);
    (1..=MAX_NAME_CHARS).contains(&text.len())
        && text.bytes().all(allowed)
        && !text.starts_with('/')
        && !text.ends_with('/')
}
