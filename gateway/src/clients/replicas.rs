//! The replicas of a service, as one kind of command finds them: whom to ask next, and whom not for a while.
//!
//! Pure: time is an argument, and what came of an exchange is told from outside.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A replica that failed is probed after so long. Until a probe or a command was answered others are asked first.
pub const AVOIDED: Duration = Duration::from_millis(500);
/// One that refused commands is believed well again, without having taken one, so long after the last refusal.
pub const DISTRUSTED: Duration = Duration::from_secs(5);

/// A replica that owes an answer for longer than this is asked after those that owe none, or not for so long.
pub const STALLED: Duration = Duration::from_millis(50);

/// All replicas of a service.
#[derive(Debug, Default)]
pub struct Replicas {
    list: Vec<Replica>,
    /// Where the round goes on.
    next: usize,
}

#[derive(Debug)]
struct Replica {
    address: SocketAddr,
    health: Health,
    in_flight: usize,
    /// Since when it owes an answer, where it does: it began to, or gave the last one, then.
    owes_since: Instant,
    /// When it last answered.
    answered: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Up,
    /// It failed at once: asking it again costs little.
    Failed {
        /// Until then, that it lives does not say that it is well.
        distrusted_until: Instant,
    },
    /// It let a time limit pass: asking it again costs that much, so that only a probe does.
    Silent,
}

/// How a replica failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It could not be reached, or broke off.
    AtOnce,
    /// It answered that it cannot, or will not.
    ByRefusal,
    /// By letting a time limit pass.
    BySilence,
}

/// Whether a replica is taken up, or given up, by what was just told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is as it was.
    None,
    /// It answers again.
    Recovered,
    /// It does not answer any more.
    Lost,
}

impl Replicas {
    /// Sets who there is, and keeps what is known of those who stay.
    pub fn set(&mut self, addresses: &[SocketAddr]) {
        self.list.retain(|replica| addresses.contains(&replica.address));
        self.add(addresses);
    }

    /// Adds those who are not known yet.
    pub fn add(&mut self, addresses: &[SocketAddr]) {
        for address in addresses {
            if self.find(*address).is_none() {
                self.list.push(Replica {
                    address: *address,
                    health: Health::Up,
                    in_flight: 0,
                    owes_since: Instant::now(),
                    answered: None,
                });
            }
        }
    }

    /// The replica to ask now, which is none of `tried`: one that is well, does not keep others waiting, and is least
    /// busy, in turn. Those that failed at once are asked where no other is left, those that were silent never.
    pub fn pick(&mut self, tried: &[SocketAddr], now: Instant) -> Option<SocketAddr> {
        let count = self.list.len();
        let ranked = (0..count).filter_map(|step| {
            let index = (self.next + step) % count;
            let replica = &self.list[index];
            let avoided = match replica.health {
                Health::Up => false,
                Health::Failed { .. } => true,
                Health::Silent => return None,
            };
            (!tried.contains(&replica.address)).then_some((
                avoided,
                replica.stalled(now),
                replica.in_flight,
                step,
                index,
            ))
        });
        let (.., index) = ranked.min()?;
        self.next = index + 1;
        let replica = &mut self.list[index];
        if replica.in_flight == 0 {
            replica.owes_since = now;
        }
        replica.in_flight += 1;
        Some(replica.address)
    }

    /// A replica that was picked has answered.
    pub fn answered(&mut self, address: SocketAddr, now: Instant) -> Change {
        self.ended(address);
        self.is_well(address, now)
    }

    /// A replica that was picked has failed.
    pub fn failed(&mut self, address: SocketAddr, manner: Manner, now: Instant) -> Change {
        self.ended(address);
        self.is_ill(address, manner, now)
    }

    /// A probe was answered.
    pub fn is_well(&mut self, address: SocketAddr, now: Instant) -> Change {
        let Some(replica) = self.find(address) else { return Change::None };
        replica.answered = Some(now);
        replica.owes_since = now;
        let was = std::mem::replace(&mut replica.health, Health::Up);
        if was == Health::Up { Change::None } else { Change::Recovered }
    }

    /// A probe was not answered.
    pub fn is_ill(&mut self, address: SocketAddr, manner: Manner, now: Instant) -> Change {
        let Some(replica) = self.find(address) else { return Change::None };
        let health = match manner {
            Manner::AtOnce => Health::Failed { distrusted_until: now + AVOIDED },
            Manner::ByRefusal => Health::Failed { distrusted_until: now + DISTRUSTED },
            Manner::BySilence => Health::Silent,
        };
        let was = std::mem::replace(&mut replica.health, health);
        if was == Health::Up { Change::Lost } else { Change::None }
    }

    /// Whether a replica has answered, and is not known to have failed since.
    #[must_use]
    pub fn are_up(&self) -> bool {
        self.list.iter().any(|replica| replica.health == Health::Up && replica.answered.is_some())
    }

    /// Whoever should be probed: those that are not well, and those of whom nothing was heard for `quiet`.
    #[must_use]
    pub fn due(&self, quiet: Duration, now: Instant) -> Vec<SocketAddr> {
        let is_due = |replica: &&Replica| match replica.health {
            Health::Up => replica.answered.is_none_or(|answered| quiet <= now.saturating_duration_since(answered)),
            Health::Failed { distrusted_until, .. } => distrusted_until <= now,
            Health::Silent => true,
        };
        self.list.iter().filter(is_due).map(|replica| replica.address).collect()
    }

    fn ended(&mut self, address: SocketAddr) {
        if let Some(replica) = self.find(address) {
            replica.in_flight = replica.in_flight.saturating_sub(1);
        }
    }

    fn find(&mut self, address: SocketAddr) -> Option<&mut Replica> {
        self.list.iter_mut().find(|replica| replica.address == address)
    }
}

impl Replica {
    /// For how long it has kept others waiting, in steps.
    fn stalled(&self, now: Instant) -> u128 {
        if self.in_flight == 0 {
            return 0;
        }
        now.saturating_duration_since(self.owes_since).as_millis() / STALLED.as_millis()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn three() -> (Replicas, Instant) {
        let mut replicas = Replicas::default();
        replicas.set(&[address(1), address(2), address(3)]);
        (replicas, Instant::now())
    }

    #[test]
    fn all_are_asked_in_turn() {
        let (mut replicas, now) = three();
        for port in [1, 2, 3, 1, 2, 3] {
            let picked = replicas.pick(&[], now).unwrap();
            assert_eq!(picked, address(port));
            assert_eq!(replicas.answered(picked, now), Change::None);
        }
    }

    #[test]
    fn a_busy_one_waits_for_its_turn() {
        let (mut replicas, now) = three();
        assert_eq!(replicas.pick(&[], now), Some(address(1)));
        for port in [2, 3, 2] {
            assert_eq!(replicas.pick(&[], now), Some(address(port)));
            replicas.answered(address(port), now);
        }
    }

    #[test]
    fn one_that_stands_still_is_asked_after_busy_ones() {
        let (mut replicas, now) = three();
        assert_eq!(replicas.pick(&[], now), Some(address(1)));
        let later = now + STALLED;
        for port in [2, 3, 2, 3] {
            assert_eq!(replicas.pick(&[], later), Some(address(port)));
        }
        replicas.answered(address(1), later);
        assert_eq!(replicas.pick(&[], later), Some(address(1)));
    }

    #[test]
    fn one_that_failed_is_avoided_until_it_answers() {
        let (mut replicas, now) = three();
        assert_eq!(replicas.pick(&[], now), Some(address(1)));
        assert_eq!(replicas.failed(address(1), Manner::AtOnce, now), Change::Lost);
        for port in [2, 3, 2, 3] {
            assert_eq!(replicas.pick(&[], now), Some(address(port)));
            replicas.answered(address(port), now);
        }
        assert_eq!(replicas.pick(&[address(2), address(3)], now), Some(address(1)), "no other is left");
        assert_eq!(replicas.failed(address(1), Manner::AtOnce, now), Change::None, "it was known");
        let later = now + AVOIDED;
        assert_eq!(replicas.due(AVOIDED * 2, later), [address(1)]);
        let pick_all = |replicas: &mut Replicas| (0..3).filter_map(|_| replicas.pick(&[], later)).collect::<Vec<_>>();
        assert!(!pick_all(&mut replicas).contains(&address(1)), "it may still fail");
        assert_eq!(replicas.is_well(address(1), later), Change::Recovered);
        assert!(pick_all(&mut replicas).contains(&address(1)));
    }

    #[test]
    fn one_that_refuses_is_well_when_it_takes_a_command_or_after_long() {
        let (mut replicas, now) = three();
        replicas.set(&[address(1)]);
        replicas.pick(&[], now);
        replicas.answered(address(1), now);
        assert!(replicas.are_up());
        assert_eq!(replicas.failed(address(1), Manner::ByRefusal, now), Change::Lost);
        assert_eq!(replicas.pick(&[], now), Some(address(1)), "no other is left");
        assert!(replicas.due(AVOIDED, now + AVOIDED).is_empty());
        assert_eq!(replicas.due(AVOIDED, now + DISTRUSTED), [address(1)]);
        assert_eq!(replicas.answered(address(1), now), Change::Recovered);
    }

    #[test]
    fn a_silent_one_is_not_asked_before_a_probe_was_answered() {
        let (mut replicas, now) = three();
        for port in [1, 2, 3] {
            assert_eq!(replicas.pick(&[], now), Some(address(port)));
            replicas.failed(address(port), Manner::BySilence, now);
        }
        let later = now + AVOIDED * 100;
        assert_eq!(replicas.pick(&[], later), None);
        assert!(!replicas.are_up());
        assert_eq!(replicas.due(AVOIDED, later).len(), 3);
        assert_eq!(replicas.is_well(address(2), later), Change::Recovered);
        assert!(replicas.are_up());
        assert_eq!(replicas.pick(&[], later), Some(address(2)));
        assert_eq!(replicas.pick(&[address(2)], later), None);
    }

    #[test]
    fn whoever_stays_is_known() {
        let (mut replicas, now) = three();
        replicas.is_ill(address(1), Manner::BySilence, now);
        replicas.set(&[address(1), address(4)]);
        assert_eq!(replicas.pick(&[], now), Some(address(4)));
        assert_eq!(replicas.pick(&[address(4)], now), None);
        assert_eq!(replicas.answered(address(3), now), Change::None, "it is gone");
        assert!(!replicas.are_up(), "of the new one nothing was heard");
    }
}
