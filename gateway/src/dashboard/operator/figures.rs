//! How shares and durations are shown.

use crate::dashboard::format;

/// A whole number, as templates pass it.
#[must_use]
pub(crate) fn count(number: &u64) -> String {
    format::count(i64::try_from(*number).unwrap_or(i64::MAX))
}

/// A share with one decimal, rounded to the nearest: `12.5%`. Nothing is no share of nothing.
#[must_use]
pub(crate) fn percent(part: i64, whole: i64) -> Option<String> {
    if whole <= 0 {
        return None;
    }
    let tenths = (i128::from(part) * 2_000 + i128::from(whole)).div_euclid(2 * i128::from(whole));
    let sign = if tenths < 0 { "-" } else { "" };
    let tenths = tenths.unsigned_abs();
    Some(format!("{sign}{}.{}%", tenths / 10, tenths % 10))
}

/// How much of a price is left when the cost is paid: `33.3%`; negative where each token loses money.
#[must_use]
pub(crate) fn margin(sell: i64, cost: i64) -> Option<String> {
    percent(sell.saturating_sub(cost), sell)
}

/// A stretch of time in its own unit: `250 ms`, `12 s`, `3 min`.
#[must_use]
pub(crate) fn span(ms: i64) -> String {
    match ms {
        ..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{} s", ms / 1_000),
        120_000..7_200_000 => format!("{} min", ms / 60_000),
        _ => format!("{} h", ms / 3_600_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_spans() {
        assert_eq!(percent(1, 0), None);
        for (part, whole, shown) in [(1, 3, "33.3%"), (2, 3, "66.7%"), (0, 5, "0.0%"), (-1, 4, "-25.0%")] {
            assert_eq!(percent(part, whole).as_deref(), Some(shown));
        }
        assert_eq!(margin(150_000, 100_000).as_deref(), Some("33.3%"));
        assert_eq!(margin(100, 150).as_deref(), Some("-50.0%"));
        assert_eq!(margin(i64::MAX, i64::MIN).as_deref(), Some("100.0%"), "nothing overflows");
        for (ms, shown) in [(0, "0 ms"), (999, "999 ms"), (61_000, "61 s"), (180_000, "3 min"), (7_200_000, "2 h")] {
            assert_eq!(span(ms), shown);
        }
    }
}
