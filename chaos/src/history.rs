//! What the nemesis truly did, and what the oracle may excuse by it.

use std::time::Duration;

use serde::Serialize;

use crate::cluster::Part;

/// Something that happened to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A process was killed, or aborted at a failpoint.
    Died(Part),
    /// A process was started.
    Started(Part),
    /// A process was stopped in its tracks.
    Paused(Part),
    /// It goes on.
    Resumed(Part),
    /// Redis is what it was then: what was written since is lost.
    Lost {
        /// The moment that it is back at.
        since: Duration,
    },
}

/// All that happened, by time.
#[derive(Clone, Debug, Default)]
pub struct History(pub Vec<(Duration, Event)>);

impl History {
    /// When the process of `part` that lived at `moment` was killed, where it was.
    #[must_use]
    pub fn death_after(&self, part: Part, moment: Duration) -> Option<Duration> {
        self.0.iter().find(|(at, event)| moment <= *at && *event == Event::Died(part)).map(|(at, _)| *at)
    }

    /// Losses of Redis' memory: since when, and when it was lost.
    pub fn losses(&self) -> impl Iterator<Item = (Duration, Duration)> {
        self.0.iter().filter_map(|(at, event)| match event {
            Event::Lost { since } => Some((*since, *at)),
            _ => None,
        })
    }

    /// Whether one of the parts was away, or on its way back for `slack` more, at some moment of a time.
    #[must_use]
    pub fn was_disturbed(
        &self,
        is_one: impl Fn(Part) -> bool,
        (from, to): (Duration, Duration),
        slack: Duration,
    ) -> bool {
        let mut away: Vec<(Part, Duration)> = Vec::new();
        for (at, event) in &self.0 {
            match *event {
                Event::Died(part) | Event::Paused(part) if is_one(part) => away.push((part, *at)),
                Event::Started(part) | Event::Resumed(part) => {
                    let back = *at + slack;
                    let ends = |(gone, since): &(Part, Duration)| *gone == part && *since <= to && from <= back;
                    if away.iter().any(ends) {
                        return true;
                    }
                    away.retain(|(gone, _)| *gone != part);
                }
                Event::Lost { .. } if is_one(Part::Redis) && *at <= to && from <= *at + slack => return true,
                _ => {}
            }
        }
        away.iter().any(|(_, since)| *since <= to)
    }

    /// How often the processes of `part` died in a time.
    #[must_use]
    pub fn deaths(&self, part: Part, (from, to): (Duration, Duration)) -> usize {
        self.0.iter().filter(|(at, event)| from <= *at && *at <= to && *event == Event::Died(part)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_disturbed_from_the_loss_to_the_return_and_a_little_longer() {
        let second = Duration::from_secs;
        let redis = |part| part == Part::Redis;
        let history = History(vec![
            (second(10), Event::Died(Part::Redis)),
            (second(12), Event::Started(Part::Redis)),
            (second(30), Event::Paused(Part::Redis)),
        ]);
        let disturbed = |from, to| history.was_disturbed(redis, (second(from), second(to)), second(3));
        assert!(!disturbed(0, 9));
        assert!(disturbed(0, 10) && disturbed(11, 11) && disturbed(14, 20));
        assert!(!disturbed(16, 29));
        assert!(disturbed(16, 31) && disturbed(40, 50), "it never came back");
        assert!(!history.was_disturbed(|part| part == Part::Postgres, (second(0), second(50)), second(3)));
        assert_eq!(history.death_after(Part::Redis, second(5)), Some(second(10)));
        assert_eq!(history.death_after(Part::Redis, second(11)), None);
    }
}
