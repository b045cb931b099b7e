//! One run: a cluster, its users and a nemesis; then the healing, the rest, and the audit.

mod crowd;
pub mod rest;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::join_all;
use syntopen_shared::money::NanoUsd;
use tempfile::TempDir;

use crate::audit::{Evidence, Findings};
use crate::book::{self, Book};
use crate::clients::{Desk, Payer, Scene, Seen};
use crate::cluster::{Cluster, LEDGERS, Map};
use crate::journal::Journal;
use crate::nemesis::{Aftermath, Nemesis};
use crate::oracle::Record;
use crate::schedule::Schedule;

use crowd::{Crowd, Memories};

/// What is to be done.
pub struct Run {
    /// Everything that happens by chance follows from it.
    pub seed: u64,
    /// How long there is load.
    pub load: Duration,
    /// How long all may take to come to rest behind it.
    pub rest: Duration,
    /// What goes wrong.
    pub schedule: Schedule,
    /// The rule that is broken in every service, to see whether that is noticed.
    pub mutant: Option<&'static str>,
}

/// What came of it.
pub struct Outcome {
    /// What must not be, and is.
    pub violations: Vec<String>,
    /// Figures of the run, for people.
    pub figures: Vec<(&'static str, usize)>,
    /// Complete answers that were not charged what they cost: the stated exception.
    pub excused: Vec<String>,
    /// The logs of all processes, the journal and the record; removed where nothing is wrong.
    dir: Option<TempDir>,
}

impl Run {
    /// How long a hold may live that nobody renews, a ledger may wait before it ends one, and a busy machine is late.
    pub const REST: Duration = Duration::from_secs(180);

    /// Does it.
    ///
    /// # Panics
    /// When the cluster cannot be started or healed.
    #[must_use]
    pub fn play(self) -> Outcome {
        actix_rt::System::new().block_on(self.played())
    }

    async fn played(self) -> Outcome {
        let dir = TempDir::new().unwrap();
        let journal = Journal::create(&dir.path().join("journal.jsonl"));
        journal.write(&(self.seed, &self.schedule)).await;
        let (path, mutant) = (dir.path().to_owned(), self.mutant);
        let cluster = tokio::task::spawn_blocking(move || Cluster::start(&path, mutant)).await.unwrap();
        let map = cluster.map.clone();
        let crowd = Crowd::gather(&map, self.seed).await;
        let epochs_before = book::epochs(&map.database).await;

        let scene = Scene::new(map.clone(), journal.clone());
        let (schedule, load) = (self.schedule.clone(), self.load);
        let nemesis = Nemesis::new(cluster, journal);
        let nemesis = tokio::task::spawn_blocking(move || nemesis.play(&schedule, load));
        let memories = crowd.act(scene, load).await;
        let aftermath = nemesis.await.unwrap();

        let unrest = rest::reached(&map, &crowd.payers, self.rest).await;
        let Aftermath { cluster, history, unexpected, struck } = aftermath;
        let Memories { seen, payments, revocations } = memories;
        let evidence = Evidence {
            balances: balances(&map, &crowd.payers).await,
            opening: crowd.opening.iter().map(|amount| amount.nanos()).collect(),
            payers: crowd.payers,
            payments,
            seen,
            revocations,
            record: Record::read(&map.record),
            history,
            book: Book::read(&map.database).await,
            epochs_before,
        };
        let Findings { mut violations, excused } = evidence.audit();
        violations.extend(unexpected);
        violations.extend(unrest);
        violations.extend(drift(&map).await);
        violations.extend(alarms(&map));
        let mut figures = figures(&evidence);
        figures.extend([("faults", self.schedule.0.len()), ("failpoints struck", struck)]);
        drop(cluster);
        Outcome { violations, figures, excused, dir: Some(dir) }
    }
}

/// What the ledger says that the payers have, out of Redis.
pub async fn balances(map: &Map, payers: &[Payer]) -> Vec<i64> {
    let desk = Desk::new(map.clone());
    join_all(payers.iter().map(|payer| desk.show(payer))).await.iter().map(|account| account.balance.nanos()).collect()
}

/// Where the routes by which a ledger counts the money differ.
pub async fn drift(map: &Map) -> Vec<String> {
    let desk = Desk::new(map.clone());
    let mut found = Vec::new();
    for ledger in 0..LEDGERS {
        match desk.reconcile(ledger).await {
            Ok(report) if report.drift == NanoUsd::ZERO && report.pending == 0 => {}
            Ok(report) => found.push(format!("reconciliation by ledger {ledger}: {report:?}")),
            Err(error) => found.push(format!("no reconciliation by ledger {ledger}: {error}")),
        }
    }
    found
}

/// What programs logged that they do only when they have met a fault of their own.
#[must_use]
pub fn alarms(map: &Map) -> Vec<String> {
    let bad = ["panicked at", "refuses a settlement for good"];
    let mut found = Vec::new();
    for part in map.parts() {
        let log = std::fs::read(map.dir.join(format!("{part}.log"))).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines = text.lines().filter(|line| bad.iter().any(|bad| line.contains(bad)));
        found.extend(lines.map(|line| format!("{part} logs: {line}")));
    }
    found
}

fn figures(evidence: &Evidence) -> Vec<(&'static str, usize)> {
    let count = |is: &dyn Fn(&Seen) -> bool| evidence.seen.iter().filter(|seen| is(seen)).count();
    let rows = |ended: &str| evidence.book.usage.iter().filter(|row| row.ended == ended).count();
    vec![
        ("whole JSON answers", count(&|seen| seen.told.complete && !seen.stream)),
        ("whole streams", count(&|seen| seen.told.complete && seen.stream)),
        ("answers cut off", count(&|seen| seen.status == 200 && !seen.told.complete)),
        ("requests without an answer", count(&|seen| seen.status == 0)),
        ("refused for funds", count(&|seen| seen.status == 402)),
        ("refused for the rate", count(&|seen| seen.status == 429)),
        ("refused for want of a ledger", count(&|seen| seen.status == 503)),
        ("calls of the provider", evidence.record.len()),
        ("requests settled", rows("settled")),
        ("requests expired", rows("expired")),
        ("payments", evidence.payments.iter().filter(|payment| payment.acknowledged).count()),
        ("keys revoked", evidence.revocations.len()),
        ("recoveries", usize::try_from(evidence.book.epochs - evidence.epochs_before).unwrap_or(0)),
    ]
}

impl Outcome {
    /// What never happened, though a run that shows anything has it.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        self.figures.iter().filter(|(_, count)| *count == 0).map(|(what, _)| *what).collect()
    }

    /// Keeps the logs, and says where they are.
    pub fn keep_logs(&mut self) -> Option<PathBuf> {
        self.dir.take().map(TempDir::keep)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, count) in &self.figures {
            writeln!(f, "  {count:>6} {what}")?;
        }
        writeln!(f, "  {:>6} answers that only a killed gateway knew (the stated exception)", self.excused.len())?;
        writeln!(f, "  {:>6} violations", self.violations.len())
    }
}
