//! What one request adds to the sums of a day.

use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::Outcome;

use super::{Had, counts};
use crate::account::EndedAs;

/// How many there are, in the order of the columns of `account_daily` and `operator_daily`.
pub(in super::super) const FIGURES: usize = 15;

/// Requests; failed; timed, their durations; first bytes, the times to them; six kinds of tokens; cost, cost price, and
/// the cost of what has a cost price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Figures(pub(in super::super) [i64; FIGURES]);

impl Figures {
    /// Of a request as its row tells it. A released one was not paid for: only that it was there counts.
    pub(in super::super) fn of(had: &Had) -> Self {
        let is_failed = matches!(had.outcome, Outcome::UpstreamFailed | Outcome::Aborted);
        let timed = Some(had.duration_ms).filter(|_| had.outcome == Outcome::Completed);
        let is_paid = had.charged.ended != EndedAs::Released;
        let tokens = if is_paid { counts(&had.tokens) } else { Default::default() };
        let [input, cached_input, cache_write, cache_write_1h, output, reasoning] = tokens;
        let cost = had.charged.total.nanos();
        let priced = had.cost_price.filter(|_| is_paid).map(NanoUsd::nanos);
        Self([
            1,
            i64::from(is_failed),
            i64::from(timed.is_some()),
            timed.unwrap_or_default(),
            i64::from(had.first_byte_ms.is_some()),
            had.first_byte_ms.unwrap_or_default(),
            input,
            cached_input,
            cache_write,
            cache_write_1h,
            output,
            reasoning,
            cost,
            priced.unwrap_or_default(),
            priced.map_or(0, |_| cost),
        ])
    }

    /// Adds what is new since it was `before`.
    pub(in super::super) fn add(&mut self, now: Self, before: Self) {
        for ((sum, now), before) in self.0.iter_mut().zip(now.0).zip(before.0) {
            *sum = sum.saturating_add(now.saturating_sub(before));
        }
    }
}
