//! How an upstream's calls of the last half minute ended.

const SLOTS: usize = 10;
/// A slot's length: all of them together are the window, 30 s.
const SLOT_US: i64 = 3_000_000;

/// Counts the calls of a sliding window.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    slots: [Slot; SLOTS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// Which stretch of time it counts, so that what is left from an earlier round is known.
    number: i64,
    good: u32,
    bad: u32,
}

/// What a window has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) good: u64,
    pub(super) bad: u64,
}

impl Window {
    pub(super) fn good(&mut self, now_us: i64) {
        let slot = self.slot(now_us);
        slot.good = slot.good.saturating_add(1);
    }

    pub(super) fn bad(&mut self, now_us: i64) {
        let slot = self.slot(now_us);
        slot.bad = slot.bad.saturating_add(1);
    }

    pub(super) fn counts(&self, now_us: i64) -> Counts {
        let newest = now_us.div_euclid(SLOT_US);
        let oldest = newest - i64::try_from(SLOTS).unwrap_or(i64::MAX);
        let inside = self.slots.iter().filter(|slot| oldest < slot.number && slot.number <= newest);
        inside.fold(Counts::default(), |sum, slot| Counts {
            good: sum.good + u64::from(slot.good),
            bad: sum.bad + u64::from(slot.bad),
        })
    }

    fn slot(&mut self, now_us: i64) -> &mut Slot {
        let number = now_us.div_euclid(SLOT_US);
        let place = usize::try_from(number.rem_euclid(SLOTS as i64)).unwrap_or(0);
        let slot = &mut self.slots[place];
        if slot.number != number {
            *slot = Slot { number, ..Slot::default() };
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_what_is_older_than_half_a_minute() {
        let mut window = Window::default();
        let at = |second: i64| second * 1_000_000;
        window.bad(at(100));
        window.good(at(103));
        assert_eq!(window.counts(at(103)), Counts { good: 1, bad: 1 });
        assert_eq!(window.counts(at(127)), Counts { good: 1, bad: 1 });
        assert_eq!(window.counts(at(129)), Counts { good: 1, bad: 0 });
        assert_eq!(window.counts(at(133)), Counts::default());
        window.good(at(130));
        assert_eq!(window.counts(at(131)), Counts { good: 2, bad: 0 });
        window.bad(at(400));
        assert_eq!(window.counts(at(400)), Counts { good: 0, bad: 1 });
    }
}
