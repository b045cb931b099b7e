//! Time as an argument, so that rules about it can be tested without waiting.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

const MICROS_PER_MS: i64 = 1_000;
const MS_PER_DAY: i64 = 86_400_000;

/// Where a service reads the time.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch; may jump when the machine's clock is set.
    fn unix_ms(&self) -> i64;

    /// Microseconds since some fixed moment of this process; never runs backwards.
    fn monotonic_us(&self) -> i64;
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn unix_ms(&self) -> i64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic_us(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX)
    }
}

/// A clock that stands until it is told to move, for tests.
#[derive(Debug)]
pub struct ManualClock {
    unix_us: AtomicI64,
}

impl ManualClock {
    /// A clock that stands at `unix_ms`.
    #[must_use]
    pub const fn at(unix_ms: i64) -> Self {
        Self { unix_us: AtomicI64::new(unix_ms * MICROS_PER_MS) }
    }

    /// Moves the clock forward.
    pub fn advance_us(&self, micros: i64) {
        self.unix_us.fetch_add(micros, Ordering::SeqCst);
    }

    /// Moves the clock forward.
    pub fn advance_ms(&self, ms: i64) {
        self.advance_us(ms * MICROS_PER_MS);
    }
}

impl Clock for ManualClock {
    fn unix_ms(&self) -> i64 {
        self.unix_us.load(Ordering::SeqCst) / MICROS_PER_MS
    }

    fn monotonic_us(&self) -> i64 {
        self.unix_us.load(Ordering::SeqCst)
    }
}

/// The UTC day of a moment, counted from 1970-01-01.
#[must_use]
pub const fn utc_day(unix_ms: i64) -> i64 {
    unix_ms.div_euclid(MS_PER_DAY)
}

/// The UTC month of a day, counted from January of year 0 (`year * 12 + month - 1`).
///
/// Gregorian calendar from days since the epoch; the arithmetic is Howard Hinnant's `civil_from_days`
/// (<https://howardhinnant.github.io/date_algorithms.html>).
#[must_use]
pub const fn utc_month(day: i64) -> i64 {
    let shifted = day + 719_468; // days since 0000-03-01
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_based = (5 * day_of_year + 2) / 153;
    let (year, month) = if march_based < 10 {
        (year_of_era + era * 400, march_based + 3)
    } else {
        (year_of_era + era * 400 + 1, march_based - 9)
    };
    year * 12 + month - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_are_utc() {
        assert_eq!(utc_day(0), 0);
        assert_eq!(utc_day(-1), -1);
        assert_eq!(utc_month(0), 1970 * 12);
        assert_eq!(utc_month(30), 1970 * 12);
        assert_eq!(utc_month(31), 1970 * 12 + 1);
        assert_eq!(utc_month(utc_day(1_709_164_799_999)), 2024 * 12 + 1, "2024-02-28 23:59:59.999");
        assert_eq!(utc_month(utc_day(1_709_251_199_999)), 2024 * 12 + 1, "2024-02-29 23:59:59.999");
        assert_eq!(utc_month(utc_day(1_709_251_200_000)), 2024 * 12 + 2, "2024-03-01");
        assert_eq!(utc_month(utc_day(1_798_761_599_999)), 2026 * 12 + 11, "2026-12-31 23:59:59.999");
    }
}
