//! How figures are shown.

use syntopen_shared::money::NanoUsd;
use syntopen_shared::price::PicoUsdPerToken;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

const SHOWN: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
const MACHINE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
/// What a million tokens at a pico-dollar each come to.
const NANOS_PER_PICO_A_TOKEN: i64 = 1_000;

/// A moment in UTC, as people read it: `2026-11-24 19:42:26`. The script shows the browser's own time in its place.
#[must_use]
pub(crate) fn utc(unix_ms: i64) -> String {
    formatted(unix_ms, SHOWN)
}

/// A moment as machines read it (RFC 3339).
#[must_use]
pub(crate) fn rfc3339(unix_ms: i64) -> String {
    formatted(unix_ms, MACHINE)
}

fn formatted(unix_ms: i64, format: &[BorrowedFormatItem<'_>]) -> String {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(unix_ms) * 1_000_000);
    moment.ok().and_then(|moment| moment.format(format).ok()).unwrap_or_default()
}

/// A whole number with its thousands set apart: `1,234,567`.
#[must_use]
pub(crate) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        shown.push('-');
    }
    for (place, digit) in digits.chars().enumerate() {
        if 0 < place && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// Dollars per million tokens, exact, with at least two decimals: `$0.15`, `$2.50`, `$0.075`.
#[must_use]
pub(crate) fn price(price: PicoUsdPerToken) -> String {
    let nanos = i64::try_from(price.picos()).unwrap_or(i64::MAX).saturating_mul(NANOS_PER_PICO_A_TOKEN);
    NanoUsd::new(nanos).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_counts() {
        assert_eq!(utc(1_795_549_346_250), "2026-11-24 19:42:26");
        assert_eq!(rfc3339(1_795_549_346_250), "2026-11-24T19:42:26.250Z");
        assert_eq!(utc(i64::MAX), "");
        for (number, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(count(number), shown);
        }
    }

    #[test]
    fn prices_are_exact() {
        for (picos, shown) in
            [(0, "$0.00"), (150_000, "$0.15"), (2_500_000, "$2.50"), (75_000, "$0.075"), (1_000_000_000, "$1,000.00")]
        {
            assert_eq!(price(PicoUsdPerToken::new(picos)), shown);
        }
    }
}
