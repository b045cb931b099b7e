//! No 60 seconds of any key hold more requests than its limit, and none is refused while the window has room.

use std::collections::HashMap;
use std::time::Duration;

use super::{Evidence, Findings};
use crate::clients::Seen;
use crate::cluster::{GATEWAYS, Part};
use crate::history::History;

const WINDOW: Duration = Duration::from_secs(60);
/// So long after the limiter came back a gateway may still admit by its local window.
const DEGRADED_MAX: Duration = Duration::from_secs(5);

/// The first 60 seconds of a key that hold more than `limit` and what is excused.
///
/// A request was admitted at some moment between its sending and its head: it counts only where both lie in the window.
#[must_use]
pub fn exceeded(seen: &[&Seen], limit: u32, history: &History) -> Option<String> {
    let mut admitted: Vec<_> = seen
        .iter()
        .filter(|seen| was_admitted(seen))
        .filter_map(|seen| seen.head.map(|head| (seen.sent, head)))
        .collect();
    admitted.sort_unstable();
    for (place, (start, _)) in admitted.iter().enumerate() {
        let end = *start + WINDOW;
        let within = admitted[place..].iter().filter(|(_, head)| *head < end).count();
        let most = limit as usize + excused(limit, (*start, end), history);
        if most < within {
            return Some(format!("{within} of at most {most} requests in the 60 s from {start:?}"));
        }
    }
    None
}

/// A refusal of a key in whose last 60 seconds there cannot have been `limit` admissions: any other request of those
/// may have been one.
#[must_use]
pub fn wrongly_refused(seen: &[&Seen], limit: u32, history: &History) -> Option<String> {
    for refused in seen.iter().filter(|seen| seen.status == 429) {
        let from = refused.sent.saturating_sub(WINDOW);
        let disturbed = history.was_disturbed(is_way_to_window, (from, refused.end), DEGRADED_MAX);
        let maybe = |other: &&&Seen| {
            !matches!(other.status, 400 | 401 | 429)
                && from <= other.head.unwrap_or(Duration::MAX)
                && other.sent <= refused.end
        };
        let most = seen.iter().filter(maybe).count();
        if !disturbed && most < limit as usize {
            return Some(format!("refused after at most {most} requests within 60 s, at {:?}", refused.sent));
        }
    }
    None
}

/// A lost memory admits the limit once more. While a limiter is away each gateway admits its share by a window of its
/// own, and by a new one when it is started again.
fn excused(limit: u32, (from, to): (Duration, Duration), history: &History) -> usize {
    let losses = history.losses().filter(|(since, at)| *since <= to && from <= *at).count();
    let mut excused = losses * limit as usize;
    if history.was_disturbed(is_way_to_window, (from, to), DEGRADED_MAX) {
        let share = (limit as usize / GATEWAYS).max(usize::from(0 < limit));
        let windows: usize = (0..GATEWAYS).map(|number| 1 + history.deaths(Part::Gateway(number), (from, to))).sum();
        excused += windows * share;
    }
    excused
}

const fn is_way_to_window(part: Part) -> bool {
    matches!(part, Part::Redis | Part::Limiter(_))
}

/// Whoever was told of funds, of a provider or of a ledger, was admitted; so was whoever was served.
const fn was_admitted(seen: &Seen) -> bool {
    matches!(seen.status, 200 | 402)
}

impl Evidence {
    pub(super) fn check_windows(&self, findings: &mut Findings) {
        let mut by_key: HashMap<_, Vec<&Seen>> = HashMap::new();
        for seen in &self.seen {
            by_key.entry(seen.key).or_default().push(seen);
        }
        for payer in &self.payers {
            let seen = by_key.get(&payer.key).map_or(&[][..], Vec::as_slice);
            let wrong = [exceeded(seen, payer.rpm, &self.history), wrongly_refused(seen, payer.rpm, &self.history)];
            for wrong in wrong.into_iter().flatten() {
                findings.violations.push(format!("{payer:?}: {wrong}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::{FREE, Told};
    use crate::history::Event;

    /// Requests of one key: when each was sent, in milliseconds, and how it was answered, 10 ms later.
    fn asked(requests: &[(u64, u16)]) -> Vec<Seen> {
        let id = "00000000-0000-7000-8000-000000000000";
        let seen = |(at, status): &(u64, u16)| Seen {
            tag: String::new(),
            account: id.parse().unwrap(),
            key: id.parse().unwrap(),
            model: FREE,
            stream: false,
            gateway: 0,
            sent: Duration::from_millis(*at),
            head: Some(Duration::from_millis(at + 10)),
            end: Duration::from_millis(at + 10),
            waited: Duration::ZERO,
            id: None,
            status: *status,
            told: Told::default(),
        };
        requests.iter().map(seen).collect()
    }

    fn has_exceeded(requests: &[(u64, u16)], history: &History) -> bool {
        let seen = asked(requests);
        exceeded(&seen.iter().collect::<Vec<_>>(), 2, history).is_some()
    }

    fn has_refused(requests: &[(u64, u16)], history: &History) -> bool {
        let seen = asked(requests);
        wrongly_refused(&seen.iter().collect::<Vec<_>>(), 2, history).is_some()
    }

    #[test]
    fn a_third_admission_within_60_seconds_is_found_and_one_behind_them_is_none() {
        let calm = History::default();
        assert!(has_exceeded(&[(0, 200), (30_000, 402), (59_980, 200)], &calm));
        assert!(!has_exceeded(&[(0, 200), (30_000, 200), (59_990, 200)], &calm), "it may have been admitted at 60.000");
        assert!(!has_exceeded(&[(0, 200), (1, 429), (2, 200)], &calm));
    }

    #[test]
    fn a_refusal_is_wrong_where_the_window_cannot_be_full() {
        let calm = History::default();
        assert!(has_refused(&[(0, 200), (100, 429)], &calm));
        assert!(has_refused(&[(0, 200), (100, 200), (60_120, 429)], &calm));
        assert!(!has_refused(&[(0, 200), (100, 200), (60_005, 429)], &calm), "the first may still count");
        assert!(!has_refused(&[(0, 200), (50, 0), (100, 429)], &calm), "one without an answer may have been admitted");
    }

    #[test]
    fn lost_memory_and_an_absent_limiter_excuse_what_is_stated() {
        let at = Duration::from_secs(10);
        let lost = History(vec![(at, Event::Lost { since: Duration::ZERO })]);
        let away = History(vec![(at, Event::Died(Part::Limiter(0))), (at, Event::Started(Part::Limiter(0)))]);
        let admissions = |count: u64| (0..count).map(|number| (number * 1_000, 200)).collect::<Vec<_>>();
        // The limit twice, and the share of each of three gateways.
        assert!(!has_exceeded(&admissions(2 + 2 + 3), &lost));
        assert!(has_exceeded(&admissions(2 + 2 + 3 + 1), &lost));
        assert!(!has_exceeded(&admissions(2 + 3), &away));
        assert!(has_exceeded(&admissions(2 + 3 + 1), &away));
        assert!(!has_refused(&[(11_000, 429)], &away));
        assert!(has_refused(&[(80_000, 429)], &away));
    }
}
