//! When a key stops working, as a form has it.

use syntopen_shared::wire::admin::Expiry;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, Duration};

/// As browsers send a date.
const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const DAY_MS: i64 = 86_400_000;

/// What the choice says that leaves everything as it is.
pub(super) const KEEP: &str = "keep";
/// What the choice says that needs a date.
pub(super) const DATED: &str = "date";
/// The choices of a new key.
pub(super) const CHOICES: [(&str, &str); 5] = [
    ("never", "Never"),
    ("7", "In 7 days"),
    ("30", "In 30 days"),
    ("90", "In 90 days"),
    (DATED, "At the end of a day (UTC)"),
];

/// Reads a choice and, where it needs one, the date. `None` leaves things as they are.
pub(super) fn read((choice, date): (&str, &str), now_ms: i64) -> Result<Option<Expiry>, &'static str> {
    let after = |days: i64| Ok(Some(Expiry::At(now_ms.saturating_add(days * DAY_MS))));
    match choice {
        KEEP => Ok(None),
        "never" => Ok(Some(Expiry::Never)),
        "7" => after(7),
        "30" => after(30),
        "90" => after(90),
        DATED => end_of(date).map(|at_ms| Some(Expiry::At(at_ms))).ok_or("Choose a date, such as 2027-01-31."),
        _ => Err("Choose one of these."),
    }
}

/// The end of a day, in milliseconds since the Unix epoch.
fn end_of(date: &str) -> Option<i64> {
    let day = Date::parse(date.trim(), DATE).ok()?;
    let end = day.checked_add(Duration::DAY)?.midnight().assume_utc();
    end.unix_timestamp().checked_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read() {
        let now = 1_795_549_346_250;
        for (choice, date, expiry) in [
            ("keep", "rubbish", Ok(None)),
            ("never", "", Ok(Some(Expiry::Never))),
            ("7", "", Ok(Some(Expiry::At(now + 7 * DAY_MS)))),
            ("date", " 2026-11-24 ", Ok(Some(Expiry::At(1_795_564_800_000)))),
        ] {
            assert_eq!(read((choice, date), now), expiry, "{choice} {date}");
        }
        for (choice, date) in [("", ""), ("8", ""), ("date", ""), ("date", "2026-02-30"), ("date", "99999-01-01")] {
            assert!(read((choice, date), now).is_err(), "{choice} {date}");
        }
        assert!(read(("date", "9999-12-31"), now).is_err(), "the day after it cannot be written");
    }
}
