//! The filters of the list of requests, as they stand in the address.

use serde::{Deserialize, Serialize};
use syntopen_shared::id::KeyId;
use syntopen_shared::wire::ledger::Outcome;
use syntopen_shared::wire::office::usage::Filter;
use time::macros::format_description;
use time::{Date, OffsetDateTime, Time};

use crate::dashboard::form::Errors;

/// No model has a longer name.
const MODEL_MAX: usize = 200;
const DAY_MS: i64 = 86_400_000;

/// What stands in the address, as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) key: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) model: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) outcome: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) from: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) to: String,
}

impl Asked {
    /// Whether anything is filtered.
    pub(super) fn filters(&self) -> bool {
        let fields = [&self.key, &self.model, &self.outcome, &self.from, &self.to];
        fields.into_iter().any(|field| !field.is_empty())
    }

    /// What it means.
    ///
    /// # Errors
    /// What is wrong with which field.
    pub(super) fn read(&self) -> Result<Filter, Errors> {
        let mut errors = Errors::default();
        let (from, to) = (self.day("from", &self.from, &mut errors), self.day("to", &self.to, &mut errors));
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            errors.add("to", "The last day must not be before the first.");
        }
        if MODEL_MAX < self.model.len() || self.model.contains('\0') {
            errors.add("model", "There is no such model.");
        }
        let filter = Filter {
            key: parsed("key", &self.key, &mut errors, |text| text.parse::<KeyId>().ok()),
            model: Some(self.model.clone()).filter(|model| !model.is_empty()),
            outcome: parsed("outcome", &self.outcome, &mut errors, Outcome::parse),
            from_ms: from.map(start_ms),
            until_ms: to.map(|day| start_ms(day) + DAY_MS),
        };
        if errors.is_empty() { Ok(filter) } else { Err(errors) }
    }

    fn day(&self, field: &str, text: &str, errors: &mut Errors) -> Option<Date> {
        if text.is_empty() {
            return None;
        }
        let day = Date::parse(text, format_description!("[year]-[month]-[day]")).ok();
        if day.is_none() {
            errors.add(field, "This must be a day, such as 2026-11-24.");
        }
        day
    }
}

fn parsed<T>(field: &str, text: &str, errors: &mut Errors, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    if text.is_empty() {
        return None;
    }
    let value = parse(text);
    if value.is_none() {
        errors.add(field, "There is no such choice.");
    }
    value
}

/// The moment at which a UTC day begins.
fn start_ms(day: Date) -> i64 {
    OffsetDateTime::new_utc(day, Time::MIDNIGHT).unix_timestamp() * 1_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::address;

    fn asked(query: &str) -> Asked {
        serde_html_form::from_str(query).unwrap()
    }

    #[test]
    fn filters_are_read() {
        let asked = asked("key=&model=a%2Fb&outcome=aborted&from=1970-01-02&to=1970-01-02&x=y");
        let filter = asked.read().unwrap();
        assert_eq!((filter.key, filter.model.as_deref(), filter.outcome), (None, Some("a/b"), Some(Outcome::Aborted)));
        assert_eq!((filter.from_ms, filter.until_ms), (Some(DAY_MS), Some(2 * DAY_MS)));
        assert_eq!(address::write("/u", &asked), "/u?model=a%2Fb&outcome=aborted&from=1970-01-02&to=1970-01-02");
        assert_eq!(address::write("/u", &Asked::default()), "/u");
    }

    #[test]
    fn rubbish_is_told_beside_its_field() {
        let wrong = [
            ("key", "key=x"),
            ("outcome", "outcome=lost"),
            ("from", "from=2026-13-01"),
            ("to", "to=yesterday"),
            ("to", "from=2026-11-24&to=2026-11-23"),
            ("model", "model=%00"),
        ];
        for (field, query) in wrong {
            assert!(asked(query).read().unwrap_err().of(field).is_some(), "{query}");
        }
    }
}
