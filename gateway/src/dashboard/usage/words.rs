//! How figures of requests are shown.

use syntopen_shared::wire::ledger::{Outcome, UsageSource};

use crate::dashboard::format;

/// What stands where there is no figure.
const NONE: &str = "–";
const MS_PER_SECOND: i64 = 1_000;

/// How a request ended: the kind of its badge, and the words in it.
#[must_use]
pub(crate) const fn outcome(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Completed => ("good", "Completed"),
        Outcome::Disconnected => ("warn", "Disconnected"),
        Outcome::UpstreamFailed => ("bad", "Provider failed"),
        Outcome::Aborted => ("bad", "Ended by us"),
        Outcome::Running => ("warn", "Lost"),
    }
}

/// Where the token counts come from.
#[must_use]
pub(crate) const fn source(source: Option<UsageSource>) -> &'static str {
    match source {
        Some(UsageSource::Provider) => "provider count",
        Some(UsageSource::Estimated) => "our estimate",
        Some(UsageSource::Partial) => "partial count",
        None => "no tokens",
    }
}

/// The same in a sentence.
#[must_use]
pub(crate) const fn source_at_length(source: Option<UsageSource>) -> &'static str {
    match source {
        Some(UsageSource::Provider) => "The provider's own figures for the whole answer",
        Some(UsageSource::Estimated) => "Counted by our tokenizer, because the provider gave no figures",
        Some(UsageSource::Partial) => "What was received of an answer that did not end normally",
        None => "None were used",
    }
}

/// So many tokens.
#[must_use]
pub(crate) fn tokens(count: u64) -> String {
    format::count(i64::try_from(count).unwrap_or(i64::MAX))
}

/// How long something took: `820 ms`, `12.34 s`.
#[must_use]
pub(crate) fn lasted(ms: Option<i64>) -> String {
    match ms {
        None => NONE.to_owned(),
        Some(ms) if ms < MS_PER_SECOND => format!("{ms} ms"),
        Some(ms) => format!("{}.{:02} s", format::count(ms / MS_PER_SECOND), ms % MS_PER_SECOND / 10),
    }
}

/// The mean of times that sum to `sum_ms`.
#[must_use]
pub(crate) fn mean((sum_ms, count): (i64, i64)) -> String {
    lasted((0 < count).then(|| (sum_ms / count).max(0)))
}

/// What part of the whole: `1.25%`.
#[must_use]
pub(crate) fn percent((part, whole): (i64, i64)) -> String {
    if whole <= 0 {
        return NONE.to_owned();
    }
    let hundredths = i128::from(part.max(0)) * 10_000 / i128::from(whole);
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_parts() {
        assert_eq!((lasted(None).as_str(), lasted(Some(820)).as_str()), (NONE, "820 ms"));
        assert_eq!((lasted(Some(12_345)).as_str(), lasted(Some(3_600_000)).as_str()), ("12.34 s", "3,600.00 s"));
        assert_eq!((mean((9, 2)).as_str(), mean((9, 0)).as_str()), ("4 ms", NONE));
        assert_eq!((percent((1, 80)).as_str(), percent((0, 0)).as_str()), ("1.25%", NONE));
    }
}
