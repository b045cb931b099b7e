//! Carries out a schedule on a cluster, starts again what died, and in the end puts everything right.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::cluster::{Cluster, Part};
use crate::history::{Event, History};
use crate::journal::Journal;
use crate::schedule::{Failpoint, Fault, Schedule};

/// How often it looks for processes that ended by themselves.
const POLL: Duration = Duration::from_millis(25);
/// How long it waits for a program that is to abort to be there.
const ARMED_MAX: Duration = Duration::from_secs(3);
/// How far a replica that follows may be behind, on a busy machine.
const REPLICA_LAG: Duration = Duration::from_secs(1);
/// After which a process that ended by itself is started again.
const RESTART_AFTER: Duration = Duration::from_millis(700);

/// The one who does it, on a thread of its own: nothing here waits for anybody but the processes.
pub struct Nemesis {
    cluster: Cluster,
    journal: Journal,
    history: History,
    /// Programs that are to abort at a failpoint.
    armed: BTreeMap<Part, Failpoint>,
    /// Programs that ended though they were not to, and when they are started again.
    fallen: BTreeMap<Part, Duration>,
    paused: BTreeSet<Part>,
    /// Since when the replica, or the snapshot, does not follow.
    behind: Duration,
    /// Processes that ended and were not to.
    unexpected: Vec<String>,
    /// How many failpoints struck.
    struck: usize,
}

/// What is left of a nemesis.
pub struct Aftermath {
    /// The cluster, all of it running.
    pub cluster: Cluster,
    /// What was done to it.
    pub history: History,
    /// Processes that ended and were not to.
    pub unexpected: Vec<String>,
    /// How many failpoints struck.
    pub struck: usize,
}

#[derive(Clone, Copy)]
enum Half {
    Begin,
    End,
}

impl Nemesis {
    /// The nemesis of a cluster.
    #[must_use]
    pub fn new(cluster: Cluster, journal: Journal) -> Self {
        Self {
            cluster,
            journal,
            history: History::default(),
            armed: BTreeMap::new(),
            fallen: BTreeMap::new(),
            paused: BTreeSet::new(),
            behind: Duration::ZERO,
            unexpected: Vec::new(),
            struck: 0,
        }
    }

    /// Does everything on the schedule, from now until the load has lasted `load`, and heals the cluster.
    #[must_use]
    pub fn play(mut self, schedule: &Schedule, load: Duration) -> Aftermath {
        let began = self.journal.now();
        let mut halves: Vec<_> = schedule
            .0
            .iter()
            .flat_map(|step| [(step.at, Half::Begin, step.fault), (step.at + step.lasting, Half::End, step.fault)])
            .collect();
        halves.sort_by_key(|(at, ..)| *at);
        for (at, half, fault) in halves {
            self.watch_until(began + at);
            match half {
                Half::Begin => self.begin(fault),
                Half::End => self.end(fault),
            }
        }
        self.watch_until(began + load);
        self.heal();
        Aftermath { cluster: self.cluster, history: self.history, unexpected: self.unexpected, struck: self.struck }
    }

    fn begin(&mut self, fault: Fault) {
        match fault {
            Fault::Kill(part) => self.kill(part),
            Fault::Pause(part) => self.pause(part),
            Fault::Flush => {
                self.resume(Part::Redis);
                self.cluster.redis().flush();
                self.note(Event::Lost { since: Duration::ZERO });
            }
            Fault::RemoveFiles => {
                self.paused.remove(&Part::Redis);
                self.cluster.redis().remove_files();
                self.note(Event::Lost { since: Duration::ZERO });
            }
            Fault::GoBack => {
                self.behind = self.journal.now();
                self.cluster.redis().keep();
            }
            Fault::Promote => {
                self.resume(Part::Replica);
                let caught_up = self.journal.now().saturating_sub(REPLICA_LAG);
                // One that does not follow is of nobody knows when.
                self.behind = if self.cluster.redis().detach() { caught_up } else { Duration::ZERO };
                self.pause(Part::Replica);
            }
            Fault::Abort(part, failpoint) => self.arm(part, failpoint),
            Fault::AbortRecovery(number) => {
                self.arm(Part::Ledger(number), Failpoint { name: "ledger.recovering", pass: 1 });
                self.begin(Fault::Flush);
            }
        }
    }

    fn end(&mut self, fault: Fault) {
        match fault {
            Fault::Kill(part) => self.start(part),
            Fault::Pause(part) => self.resume(part),
            Fault::Flush | Fault::RemoveFiles => {}
            Fault::GoBack => {
                self.paused.remove(&Part::Redis);
                self.cluster.redis().go_back();
                self.note(Event::Lost { since: self.behind });
            }
            Fault::Promote => {
                self.resume(Part::Replica);
                self.paused.remove(&Part::Redis);
                self.cluster.redis().promote();
                self.note(Event::Lost { since: self.behind });
            }
            Fault::Abort(part, _) => self.disarm(part),
            Fault::AbortRecovery(number) => self.disarm(Part::Ledger(number)),
        }
    }

    fn kill(&mut self, part: Part) {
        self.cluster.kill(part);
        self.paused.remove(&part);
        self.armed.remove(&part);
        self.note(Event::Died(part));
    }

    fn start(&mut self, part: Part) {
        self.cluster.begin(part);
        self.note(Event::Started(part));
    }

    fn pause(&mut self, part: Part) {
        self.cluster.pause(part);
        self.paused.insert(part);
        self.note(Event::Paused(part));
    }

    fn resume(&mut self, part: Part) {
        if self.paused.remove(&part) {
            self.cluster.resume(part);
            self.note(Event::Resumed(part));
        }
    }

    fn arm(&mut self, part: Part, failpoint: Failpoint) {
        self.kill(part);
        let Failpoint { name, pass } = failpoint;
        self.cluster.begin_with(part, &[("SYNTOPEN_FAILPOINT", &format!("{name}:{pass}"))]);
        self.armed.insert(part, failpoint);
        self.note(Event::Started(part));
        // One that is not there yet cannot be in the middle of anything. It need not get there: others may be away.
        let late = self.journal.now() + ARMED_MAX;
        while self.armed.contains_key(&part) && !self.cluster.map.is_ready(part) && self.journal.now() < late {
            self.look();
            std::thread::sleep(POLL);
        }
    }

    /// A program that has aborted is started again, and one that its failpoint has not struck goes on without it.
    fn disarm(&mut self, part: Part) {
        self.look();
        if self.armed.contains_key(&part) {
            self.kill(part);
        }
        self.start(part);
    }

    fn watch_until(&mut self, moment: Duration) {
        while self.journal.now() < moment {
            self.look();
            let left = moment.saturating_sub(self.journal.now());
            std::thread::sleep(left.min(POLL));
        }
    }

    /// Finds processes that ended by themselves. Those that were not to are started again after a while.
    fn look(&mut self) {
        let now = self.journal.now();
        for (part, status) in self.cluster.ended() {
            self.note(Event::Died(part));
            if self.armed.remove(&part).is_some() {
                self.struck += 1;
            } else {
                self.unexpected.push(format!("{part} ended by itself at {now:?}: {status}"));
                self.fallen.insert(part, now + RESTART_AFTER);
            }
        }
        let due: Vec<_> = self.fallen.iter().filter(|(_, at)| **at <= now).map(|(part, _)| *part).collect();
        for part in due {
            self.fallen.remove(&part);
            self.start(part);
        }
    }

    /// Everything runs, nothing is armed or stopped, and all is ready.
    fn heal(&mut self) {
        for part in std::mem::take(&mut self.paused) {
            self.cluster.resume(part);
            self.note(Event::Resumed(part));
        }
        for part in self.armed.keys().copied().collect::<Vec<_>>() {
            self.disarm(part);
        }
        self.look();
        self.fallen.clear();
        for part in self.cluster.map.parts() {
            self.start(part);
        }
        for part in self.cluster.map.parts() {
            self.cluster.await_ready(part);
        }
    }

    fn note(&mut self, event: Event) {
        self.history.0.push((self.journal.now(), event));
        self.journal.write_now(&event);
    }
}
