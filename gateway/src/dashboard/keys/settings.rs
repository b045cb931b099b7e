//! What a form says of a key, and what is wrong with it.

use serde::Deserialize;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{AllowedModels, Expiry};
use syntopen_shared::wire::ledger::{KeyRecord, SpendLimits};

use super::expiry::{self, KEEP};
use crate::catalog::Catalog;
use crate::dashboard::form::Errors;

/// Requests per minute of a key that nobody said anything of.
const RPM: &str = "60";
/// What the choice says that allows only some models.
const SOME: &str = "some";

/// The settings of a key, as they were typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    /// What the form of a new key was made with.
    pub(super) form: String,
    pub(super) name: String,
    pub(super) rpm: String,
    pub(super) limit_day: String,
    pub(super) limit_month: String,
    pub(super) limit_total: String,
    pub(super) expiry: String,
    pub(super) expiry_date: String,
    pub(super) models: String,
    #[serde(rename = "model")]
    pub(super) chosen: Vec<String>,
}

/// The settings of a key. An expiry of `None` stays as it is.
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) rpm: u32,
    pub(super) limits: SpendLimits,
    pub(super) expiry: Option<Expiry>,
    pub(super) models: AllowedModels,
}

/// A model in the form.
pub(super) struct Choice {
    pub(super) id: String,
    pub(super) is_chosen: bool,
    /// Whether it can be served at present.
    pub(super) is_served: bool,
}

impl Typed {
    /// Of a key that is to be made.
    pub(super) fn blank() -> Self {
        let (rpm, expiry, models) = (RPM.to_owned(), "never".to_owned(), "all".to_owned());
        Self { rpm, expiry, models, ..Self::default() }
    }

    /// Of a key that there is.
    pub(super) fn of(record: &KeyRecord) -> Self {
        let dollars = |limit: Option<NanoUsd>| limit.map(NanoUsd::to_decimal).unwrap_or_default();
        let models = if record.allowed_models.is_some() { SOME } else { "all" };
        Self {
            form: String::new(),
            name: record.name.clone(),
            rpm: record.rpm.to_string(),
            limit_day: dollars(record.limits.day),
            limit_month: dollars(record.limits.month),
            limit_total: dollars(record.limits.total),
            expiry: KEEP.to_owned(),
            expiry_date: String::new(),
            models: models.to_owned(),
            chosen: record.allowed_models.clone().unwrap_or_default(),
        }
    }

    /// Whether only some models are allowed.
    pub(super) fn allows_some(&self) -> bool {
        self.models == SOME
    }

    /// The models that can be allowed, and those that are.
    pub(super) fn choices(&self, catalog: &Catalog) -> Vec<Choice> {
        let is_chosen = |id: &str| self.chosen.iter().any(|chosen| chosen == id);
        let served = catalog.models().map(|model| model.id.to_string());
        let mut choices: Vec<_> = served.map(|id| Choice { is_chosen: is_chosen(&id), id, is_served: true }).collect();
        for id in &self.chosen {
            if choices.iter().all(|choice| choice.id != *id) {
                choices.push(Choice { id: id.clone(), is_chosen: true, is_served: false });
            }
        }
        choices
    }

    /// Reads them, at `now_ms`.
    ///
    /// # Errors
    /// What is wrong with which field.
    pub(super) fn read(&self, now_ms: i64) -> Result<Settings, Errors> {
        let mut errors = Errors::default();
        let name = self.name.trim();
        if name.is_empty() {
            errors.add("name", "Give the key a name.");
        }
        let rpm = self.rpm.trim().parse();
        if rpm.is_err() {
            errors.add("rpm", "This must be a whole number, such as 60.");
        }
        let mut limit = |field, text| {
            dollars(text).unwrap_or_else(|message| {
                errors.add(field, message);
                None
            })
        };
        let limits = SpendLimits {
            day: limit("limit_day", &self.limit_day),
            month: limit("limit_month", &self.limit_month),
            total: limit("limit_total", &self.limit_total),
        };
        let expiry = expiry::read((&self.expiry, &self.expiry_date), now_ms).unwrap_or_else(|message| {
            errors.add(if self.expiry == expiry::DATED { "expiry_date" } else { "expiry" }, message);
            None
        });
        let models = match self.models.as_str() {
            SOME => AllowedModels::Only(self.chosen.clone()),
            "all" => AllowedModels::All,
            _ => {
                errors.add("models", "Choose all models, or some.");
                AllowedModels::All
            }
        };
        match rpm {
            Ok(rpm) if errors.is_empty() => Ok(Settings { name: name.to_owned(), rpm, limits, expiry, models }),
            _ => Err(errors),
        }
    }
}

/// An amount of dollars; none where nothing was typed.
fn dollars(text: &str) -> Result<Option<NanoUsd>, String> {
    let text = text.trim();
    let text = text.strip_prefix('$').unwrap_or(text).trim_start();
    if text.is_empty() {
        return Ok(None);
    }
    let amount: NanoUsd = text.parse().map_err(|error| format!("The limit {error}."))?;
    if amount.is_negative() { Err("The limit must not be negative.".to_owned()) } else { Ok(Some(amount)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_exact_or_refused() {
        for (text, nanos) in [("", None), ("  ", None), ("5", Some(5_000_000_000)), (" $0.000000001 ", Some(1))] {
            assert_eq!(dollars(text), Ok(nanos.map(NanoUsd::new)), "{text}");
        }
        for text in ["-1", "1e3", "1,000", "five", "0.0000000001", "9007200", "$", "NaN"] {
            let read = dollars(text);
            assert!(read.is_err() || text == "$", "{text}: {read:?}");
        }
    }

    #[test]
    fn every_mistake_is_found_at_once() {
        let typed = Typed {
            name: " ".to_owned(),
            rpm: "-1".to_owned(),
            limit_day: "x".to_owned(),
            limit_total: "-0.5".to_owned(),
            ..Typed::default()
        };
        let errors = typed.read(0).err().unwrap();
        for field in ["name", "rpm", "limit_day", "limit_total", "expiry", "models"] {
            assert!(errors.of(field).is_some(), "{field}");
        }
        assert_eq!(errors.of("limit_month"), None);
        let blank = Typed { name: "a".to_owned(), ..Typed::blank() };
        assert!(blank.read(0).is_ok());
    }
}
