//! How an upstream's calls of the last five minutes went: for people to see. The breaker has a window of its own.

use super::circuit::Verdict;
use super::machine::Outcome;

const SLOTS: usize = 10;
/// A slot's length: all of them together are five minutes.
const SLOT_US: i64 = 30_000_000;

/// Counts calls of the last minutes, and how long they took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    slots: [Slot; SLOTS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// Which stretch of time it counts, so that what is left from an earlier round is known.
    number: i64,
    calls: Calls,
}

/// Calls, and how long they took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Those that ended well or badly.
    pub all: u64,
    /// Those that ended badly.
    pub failed: u64,
    /// How long all of them took until the answer, or its beginning, in microseconds.
    pub took_us: u64,
}

/// When a call began and ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) began_us: i64,
    pub(super) ended_us: i64,
}

impl Tally {
    /// A call has ended. One that tells nothing is not counted.
    pub(super) fn ended(&mut self, verdict: Verdict, span: Span) {
        let Some(is_failed) = is_failed(verdict) else { return };
        let number = span.ended_us.div_euclid(SLOT_US);
        let place = usize::try_from(number.rem_euclid(SLOTS as i64)).unwrap_or(0);
        let slot = &mut self.slots[place];
        if slot.number != number {
            *slot = Slot { number, ..Slot::default() };
        }
        let took_us = u64::try_from(span.ended_us.saturating_sub(span.began_us)).unwrap_or(0);
        slot.calls.all += 1;
        slot.calls.failed += u64::from(is_failed);
        slot.calls.took_us = slot.calls.took_us.saturating_add(took_us);
    }

    /// The calls of the last minutes.
    pub(super) fn calls(&self, now_us: i64) -> Calls {
        let newest = now_us.div_euclid(SLOT_US);
        let oldest = newest - i64::try_from(SLOTS).unwrap_or(i64::MAX);
        let inside = self.slots.iter().filter(|slot| oldest < slot.number && slot.number <= newest);
        inside.fold(Calls::default(), |sum, slot| Calls {
            all: sum.all + slot.calls.all,
            failed: sum.failed + slot.calls.failed,
            took_us: sum.took_us.saturating_add(slot.calls.took_us),
        })
    }
}

/// Whether the call failed by the fault of the upstream, or of the operator's credential there.
const fn is_failed(verdict: Verdict) -> Option<bool> {
    match (verdict.upstream, verdict.credential) {
        (Outcome::Unknown, Outcome::Unknown) => None,
        (Outcome::Good, Outcome::Good) => Some(false),
        _ => Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn verdict(upstream: Outcome, credential: Outcome) -> Verdict {
        Verdict { upstream, credential }
    }

    #[test]
    fn calls_of_five_minutes_are_counted_and_those_that_tell_nothing_are_not() {
        let (mut tally, second) = (Tally::default(), 1_000_000);
        let at = |began: i64, ended: i64| Span { began_us: began * second, ended_us: ended * second };
        tally.ended(verdict(Outcome::Good, Outcome::Good), at(99, 100));
        tally.ended(verdict(Outcome::Bad, Outcome::Unknown), at(100, 103));
        tally.ended(verdict(Outcome::Good, Outcome::Refused), at(103, 103));
        tally.ended(verdict(Outcome::Unknown, Outcome::Unknown), at(90, 104));
        assert_eq!(tally.calls(110 * second), Calls { all: 3, failed: 2, took_us: 4_000_000 });
        assert_eq!(tally.calls(380 * second).all, 3);
        assert_eq!(tally.calls(420 * second), Calls::default());
        tally.ended(verdict(Outcome::Good, Outcome::Good), at(400, 402));
        assert_eq!(tally.calls(402 * second), Calls { all: 1, failed: 0, took_us: 2_000_000 }, "the slot begins anew");
    }
}
