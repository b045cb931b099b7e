//! The filters of the list of requests, as they stand in the address.

use serde::{Deserialize, Serialize};
use syntopen_shared::id::{KeyId, RequestId};
use syntopen_shared::wire::ledger::Outcome;
use syntopen_shared::wire::office::usage::{Filter, Place};
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
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) older: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) newer: String,
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
    pub(super) fn read(&self) -> Result<(Filter, Place), Errors> {
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
        let older = parsed("", &self.older, &mut errors, |text| text.parse::<RequestId>().ok());
        let newer = parsed("", &self.newer, &mut errors, |text| text.parse::<RequestId>().ok());
        let place = match (older, newer) {
            (Some(id), _) => Place::OlderThan(id),
            (None, Some(id)) => Place::NewerThan(id),
            (None, None) => Place::Newest,
        };
        if errors.is_empty() { Ok((filter, place)) } else { Err(errors) }
    }

    /// The address of a page of this area with the same filters.
    pub(super) fn address(&self, path: &str) -> String {
        let query = serde_html_form::to_string(self).unwrap_or_default();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// The same filters, from another place on.
    pub(super) fn at(&self, place: Place) -> Self {
        let (older, newer) = match place {
            Place::Newest => (String::new(), String::new()),
            Place::OlderThan(id) => (id.to_string(), String::new()),
            Place::NewerThan(id) => (String::new(), id.to_string()),
        };
        Self { older, newer, ..self.clone() }
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
        errors.add(field, if field.is_empty() { "There is no such page." } else { "There is no such choice." });
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

    fn asked(query: &str) -> Asked {
        serde_html_form::from_str(query).unwrap()
    }

    #[test]
    fn filters_are_read() {
        let asked = asked("key=&model=a%2Fb&outcome=aborted&from=1970-01-02&to=1970-01-02&x=y");
        let (filter, place) = asked.read().unwrap();
        assert_eq!((filter.key, filter.model.as_deref(), filter.outcome), (None, Some("a/b"), Some(Outcome::Aborted)));
        assert_eq!((filter.from_ms, filter.until_ms), (Some(DAY_MS), Some(2 * DAY_MS)));
        assert_eq!(place, Place::Newest);
        assert_eq!(asked.address("/u"), "/u?model=a%2Fb&outcome=aborted&from=1970-01-02&to=1970-01-02");
        assert_eq!(Asked::default().address("/u"), "/u");
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
            ("", "older=1"),
            ("", "newer=%27%3B--"),
        ];
        for (field, query) in wrong {
            assert!(asked(query).read().unwrap_err().of(field).is_some(), "{query}");
        }
    }
}
