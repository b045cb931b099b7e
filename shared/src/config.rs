//! Settings from the environment: typed, with defaults, and with every mistake reported at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::chaos;

const OWN_PREFIX: &str = "SYNTOPEN_";
/// The name under which the API reference has customers keep their key; whoever tries it beside a service has it set.
const CUSTOMERS_KEY: &str = "SYNTOPEN_KEY";

/// A snapshot of environment variables. Only [`Environment::of_process`] reads the real ones, once, at start.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process. Values that are not UTF-8 read as if they held U+FFFD there.
    #[must_use]
    pub fn of_process() -> Self {
        Self(
            std::env::vars_os()
                .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
                .collect(),
        )
    }

    /// The value of a variable; one that is set to nothing counts as unset.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl fmt::Debug for Environment {
    /// Names only: values may be credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Reads settings out of an [`Environment`] and gathers what is wrong with them.
#[derive(Debug)]
pub struct Reader {
    environment: Environment,
    asked: BTreeSet<&'static str>,
    problems: Vec<String>,
}

impl Reader {
    /// A reader of `environment`.
    #[must_use]
    pub fn new(environment: Environment) -> Self {
        let asked = std::iter::once(CUSTOMERS_KEY).chain(chaos::SETTINGS).collect();
        Self { environment, asked, problems: Vec::new() }
    }

    /// The variables that are read.
    #[must_use]
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The setting `name`, or `default` where it is not set or wrong (which is remembered).
    pub fn value<T: FromStr<Err: fmt::Display>>(&mut self, name: &'static str, default: T) -> T {
        self.optional(name).unwrap_or(default)
    }

    /// The setting `name`, where it is set and right.
    pub fn optional<T: FromStr<Err: fmt::Display>>(&mut self, name: &'static str) -> Option<T> {
        self.asked.insert(name);
        let parsed = self.environment.get(name)?.parse::<T>();
        parsed.map_err(|error| self.problems.push(format!("{name}: {error}"))).ok()
    }

    /// The setting `name` within `range`, or `default` where it is not set or wrong (which is remembered).
    pub fn within<T>(&mut self, name: &'static str, default: T, range: std::ops::RangeInclusive<T>) -> T
    where
        T: FromStr<Err: fmt::Display> + PartialOrd + fmt::Display,
    {
        let value = self.value(name, default);
        if !range.contains(&value) {
            self.refuse(name, format!("must be {} to {}", range.start(), range.end()));
        }
        value
    }

    /// A comma-separated list; empty where it is not set.
    pub fn list<T: FromStr<Err: fmt::Display>>(&mut self, name: &'static str) -> Vec<T> {
        self.asked.insert(name);
        let items =
            self.environment.get(name).unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty());
        let parsed: Vec<_> = items.map(str::parse::<T>).collect();
        let mut list = Vec::with_capacity(parsed.len());
        for item in parsed {
            match item {
                Ok(item) => list.push(item),
                Err(error) => self.refuse(name, error.to_string()),
            }
        }
        list
    }

    /// Names of other programs' settings, which may stand in the same environment.
    pub fn foreign(&mut self, names: &[&'static str]) {
        self.asked.extend(names);
    }

    /// Remembers that the setting `name` is wrong, and why.
    pub fn refuse(&mut self, name: &str, why: impl fmt::Display) {
        self.problems.push(format!("{name}: {why}"));
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Everything that was wrong, `SYNTOPEN_` variables that no setting has (misspelt ones, mostly) included.
    pub fn finish(mut self) -> Result<(), InvalidSettings> {
        let unknown = self
            .environment
            .0
            .keys()
            .filter(|name| name.starts_with(OWN_PREFIX) && !self.asked.contains(name.as_str()));
        self.problems.extend(unknown.map(|name| format!("{name}: there is no such setting")));
        if self.problems.is_empty() { Ok(()) } else { Err(InvalidSettings(self.problems)) }
    }
}

/// All that is wrong with the settings.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidSettings(pub Vec<String>);

impl std::error::Error for InvalidSettings {}

impl fmt::Display for InvalidSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} setting(s) are wrong:", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_every_mistake_at_once() {
        let mut reader = Reader::new(
            [("SYNTOPEN_A", "x"), ("SYNTOPEN_B", "7"), ("SYNTOPEN_TYPO", "1"), ("SYNTOPEN_C", "300"), ("PATH", "/")]
                .into(),
        );
        assert_eq!(reader.value("SYNTOPEN_A", 1_u16), 1);
        assert_eq!(reader.value("SYNTOPEN_B", 1_u16), 7);
        assert_eq!(reader.optional::<u16>("SYNTOPEN_UNSET"), None);
        let _ = reader.within("SYNTOPEN_C", 1_u16, 1..=256);
        let InvalidSettings(problems) = reader.finish().unwrap_err();
        let expected = [
            "SYNTOPEN_A: invalid digit found in string",
            "SYNTOPEN_C: must be 1 to 256",
            "SYNTOPEN_TYPO: there is no such setting",
        ];
        assert_eq!(problems, expected);
    }

    #[test]
    fn a_customers_key_is_no_mistake() {
        assert_eq!(Reader::new([("SYNTOPEN_KEY", "sk-syn-x")].into()).finish(), Ok(()));
    }

    #[test]
    fn debug_shows_no_values() {
        let environment = Environment::from([("OPENAI_API_KEY", "hidden")]);
        assert!(!format!("{environment:?}").contains("hidden"));
    }
}
