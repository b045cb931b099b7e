//! One cluster for several proofs, and in the end one audit of all that was done to it.

use std::cell::RefCell;
use std::path::Path;

use syntopen_chaos::audit::Evidence;
use syntopen_chaos::book::{self, Book};
use syntopen_chaos::clients::{Desk, Payer, Scene, Seen, usd};
use syntopen_chaos::cluster::{Cluster, Part};
use syntopen_chaos::history::History;
use syntopen_chaos::journal::Journal;
use syntopen_chaos::oracle::Record;
use syntopen_chaos::run::{Run, alarms, balances, drift, rest};
use tempfile::TempDir;

pub(crate) struct Stage {
    pub(crate) scene: Scene,
    pub(crate) desk: Desk,
    cluster: RefCell<Option<Cluster>>,
    epochs_before: i64,
    audited: RefCell<Audited>,
    dir: TempDir,
}

/// What the audit is to look at.
#[derive(Default)]
struct Audited {
    payers: Vec<Payer>,
    opening: Vec<i64>,
    seen: Vec<Seen>,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        let dir = TempDir::new().unwrap();
        let cluster = blocking({
            let path = dir.path().to_owned();
            move || Cluster::start(&path, None)
        });
        let cluster = cluster.await;
        let scene = Scene::new(cluster.map.clone(), Journal::create(&dir.path().join("journal.jsonl")));
        let epochs_before = book::epochs(&cluster.map.database).await;
        let desk = Desk::new(cluster.map.clone());
        Self { scene, desk, cluster: RefCell::new(Some(cluster)), epochs_before, audited: RefCell::default(), dir }
    }

    /// Someone whose money and windows the audit looks at.
    pub(crate) async fn payer(&self, name: &str, funds: &str, rpm: u32) -> Payer {
        let payer = self.desk.payer(name, usd(funds), rpm).await;
        let mut audited = self.audited.borrow_mut();
        audited.payers.push(payer.clone());
        audited.opening.push(usd(funds).nanos());
        payer
    }

    /// What was seen of the cluster, for the audit.
    pub(crate) fn remember(&self, seen: impl IntoIterator<Item = Seen>) {
        self.audited.borrow_mut().seen.extend(seen);
    }

    /// Ends a program in order, and starts it again.
    pub(crate) async fn restart(&self, part: Part) {
        let mut cluster = self.cluster.take().unwrap();
        let cluster = blocking(move || {
            let status = cluster.terminate(part);
            assert!(status.success(), "{part} ended with {status}");
            cluster.begin(part);
            cluster.await_ready(part);
            cluster
        });
        *self.cluster.borrow_mut() = Some(cluster.await);
    }

    /// Waits until all rests, and accounts for all the money and every window.
    pub(crate) async fn conclude(self) {
        let (map, Audited { payers, opening, seen }) = (&self.scene.map, self.audited.take());
        let mut wrong = rest::reached(map, &payers, Run::REST).await;
        let evidence = Evidence {
            balances: balances(map, &payers).await,
            payers,
            payments: Vec::new(),
            opening,
            seen,
            revocations: Vec::new(),
            record: Record::read(&map.record),
            history: History::default(),
            book: Book::read(&map.database).await,
            epochs_before: self.epochs_before,
        };
        wrong.extend(evidence.audit().violations);
        wrong.extend(drift(map).await);
        wrong.extend(alarms(map));
        assert!(wrong.is_empty(), "{wrong:#?}\nlogs are in {}", keep(self.dir).display());
    }
}

fn keep(dir: TempDir) -> Box<Path> {
    dir.keep().into_boxed_path()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}
