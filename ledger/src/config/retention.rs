//! How long single requests are kept.

use std::str::FromStr;

use crate::book::retention::DAYS_MIN;

const DAYS_MAX: u32 = 36_500;
const DAY_MS: i64 = 86_400_000;

/// `SYNTOPEN_USAGE_RETENTION_DAYS`, default 0, which is for ever: after so many days the rows of single requests are
/// removed; sums of days, and every movement of money, stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    days: Option<u32>,
}

impl Retention {
    /// Its name in the environment.
    pub const NAME: &'static str = "SYNTOPEN_USAGE_RETENTION_DAYS";

    /// Nothing is removed.
    pub const FOR_EVER: Self = Self { days: None };

    /// What began and ended before this moment is removed; `None` where nothing is.
    #[must_use]
    pub fn keeps_since_ms(self, now_ms: i64) -> Option<i64> {
        self.days.map(|days| now_ms - i64::from(days) * DAY_MS)
    }
}

impl FromStr for Retention {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(0) => Ok(Self::default()),
            Ok(days) if (DAYS_MIN..=DAYS_MAX).contains(&days) => Ok(Self { days: Some(days) }),
            _ => Err(format!("must be 0, which keeps them for ever, or {DAYS_MIN} to {DAYS_MAX} days")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_ever_or_for_a_week_at_least() {
        assert_eq!("0".parse(), Ok(Retention::default()));
        assert_eq!(Retention::default().keeps_since_ms(DAY_MS), None);
        assert_eq!("7".parse::<Retention>().unwrap().keeps_since_ms(9 * DAY_MS), Some(2 * DAY_MS));
        for text in ["1", "6", "-7", "36501", "week", "7.5", ""] {
            assert!(text.parse::<Retention>().is_err(), "{text}");
        }
    }
}
