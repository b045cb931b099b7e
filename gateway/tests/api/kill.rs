//! The gateway's process is killed again and again under load, and all the money is accounted for.
//!
//! The simulator runs in the test's own process: what it served is known from outside the gateway and its ledger.

mod audit;
mod book;
mod credits;
mod customers;
mod process;

use std::cell::Cell;
use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sqlx::Connection as _;
use syntopen_ledger::reconcile::of_data_dir;
use syntopen_ledger::{Ledger, LedgerSettings};
use syntopen_loadtest::simulator::{Simulator, SimulatorSettings};
use syntopen_shared::clock::SystemClock;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{Account, CreateAccount, CreateKey, CreditAccount, ShowAccount};
use syntopen_shared::wire::ledger::SpendLimits;
use tempfile::TempDir;

use crate::helpers::{CATALOG, eventually};
use audit::Audit;
use book::{Book, Row};
use credits::{Operator, Payment};
use customers::{Payer, Plan, Seen, Visit};
use process::{Process, program};

/// Another one is chosen with the variable `KILL_SEED`.
const SEED: u64 = 20_261_123;
/// Connections of one customer. The first of them asks for long streams.
const VISITS: usize = 3;
/// How long the book takes nothing before a kill: answers that come to their end meanwhile are found out.
const BLOCKED: Duration = Duration::from_millis(400);
/// What the customers begin with, in dollars: the last one is soon refused.
const FUNDS: [&str; 5] = ["1000", "1000", "1000", "1000", "0.3"];

/// How a round ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// `kill -9` at any moment.
    Kill,
    /// `kill -9` while the book takes no charges: then no answer may come to its end.
    KillBlocked,
    /// `kill -9` once the book has checkpoints of running requests.
    KillCheckpointed,
    /// `kill -TERM` under load.
    Terminate,
    /// The customers leave first; then `kill -TERM`.
    Calm,
}

const ROUNDS: [End; 11] = [
    End::Kill,
    End::KillBlocked,
    End::Kill,
    End::KillCheckpointed,
    End::Kill,
    End::Terminate,
    End::Kill,
    End::KillBlocked,
    End::KillCheckpointed,
    End::Kill,
    End::Calm,
];

#[actix_web::test]
async fn no_kill_loses_or_invents_money() {
    let seed = std::env::var("KILL_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    std::io::stderr().write_all(format!("KILL_SEED={seed}\n").as_bytes()).unwrap();
    let mut world = World::new(seed).await;
    for (round, end) in ROUNDS.into_iter().enumerate() {
        world.play(round, end).await;
    }
    world.conclude().await;
}

/// When a round ends.
struct Moment<'a> {
    round: usize,
    end: End,
    operator: &'a Operator,
}

/// What outlives the gateways.
struct World {
    seed: u64,
    data_dir: TempDir,
    simulator: Simulator,
    payers: Vec<Payer>,
    payments: Vec<Payment>,
    seen: Vec<Seen>,
    /// What requests had cost by the checkpoints that a killed gateway left behind.
    abandoned: HashMap<String, i64>,
}

impl World {
    async fn new(seed: u64) -> Self {
        // A second choice of the same cryptography changes nothing.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let data_dir = TempDir::new().unwrap();
        std::fs::write(data_dir.path().join("catalog.toml"), CATALOG).unwrap();
        let simulator = Simulator::start(SimulatorSettings::default()).unwrap();
        let ledger = open(data_dir.path()).await;
        let (mut payers, mut payments) = (Vec::new(), Vec::new());
        for (number, usd) in FUNDS.into_iter().enumerate() {
            payers.push(payer(&ledger, format!("payer-{number}@example.com")).await);
            let (email, reference) = (payers[number].email.clone(), format!("opening-{number}"));
            let payment = Payment { reference, email, amount: usd.parse().unwrap(), acknowledged: true };
            let Payment { email, amount, reference, .. } = payment.clone();
            let credit = CreditAccount { email, amount, class: Default::default(), reference: Some(reference) };
            ledger.credit_account(credit).await.unwrap();
            payments.push(payment);
        }
        ledger.close().await;
        let (seen, abandoned) = Default::default();
        Self { seed, data_dir, simulator, payers, payments, seen, abandoned }
    }

    /// Starts a gateway, lets customers and the operator loose on it, ends it as told, and checks what it leaves.
    async fn play(&mut self, round: usize, end: End) {
        let process = Process::start(self.data_dir.path(), &self.simulator.base_url()).await;
        let emails = self.payers.iter().map(|payer| payer.email.clone()).collect();
        let payments = std::mem::take(&mut self.payments);
        let operator =
            Operator::start(self.data_dir.path().to_owned(), emails, payments, self.random(round, 0).random());
        let (over, gateway) = (Cell::new(false), process.address);
        let visits = (0..self.payers.len() * VISITS).map(|number| {
            let mut random = self.random(round, 1 + number as u64);
            let visit = Visit { payer: &self.payers[number / VISITS], gateway, round, over: &over };
            let slow = number % VISITS == 0 && end != End::Calm;
            let mut asked = 0;
            let next = move || {
                asked += 1;
                Plan::random(&mut random, format!("{round}-{number}-{asked}"), slow)
            };
            async move { visit.ask_on(next).await }
        });
        let ending = async {
            let left = self.end(Moment { round, end, operator: &operator }, process).await;
            over.set(true);
            left
        };
        let (seen, left) = join(join_all(visits), ending).await;
        self.seen.extend(seen.into_iter().flatten());
        self.payments = operator.stop();
        if let Some(process) = left {
            self.stop(process, end).await;
        }
        self.check(round, end).await;
    }

    /// Waits for the moment of the end and does it. What is left then is a gateway that ends, or is to end, in order.
    async fn end(&self, moment: Moment<'_>, process: Process) -> Option<Process> {
        let Moment { round, end, operator } = moment;
        let moment = Duration::from_millis(self.random(round, u64::MAX).random_range(200..=1_200));
        let mut blocked = None;
        match end {
            End::Kill | End::Terminate => actix_rt::time::sleep(moment).await,
            End::KillBlocked => {
                actix_rt::time::sleep(moment).await;
                blocked = Some(book::block(self.data_dir.path()).await);
                actix_rt::time::sleep(BLOCKED).await;
            }
            End::KillCheckpointed => {
                let dir = self.data_dir.path();
                let any = || async { (0 < book::running_with_cost(dir).await).then_some(()) };
                eventually("a checkpoint in the book", any).await;
                actix_rt::time::sleep(moment / 4).await;
            }
            End::Calm => eventually("the payments", || async { operator.is_done().then_some(()) }).await,
        }
        match end {
            End::Kill | End::KillBlocked | End::KillCheckpointed => {
                assert_no_errors(&process.kill());
                if let Some(blocked) = blocked {
                    blocked.close().await.unwrap();
                }
                return None;
            }
            End::Terminate => process.terminate(),
            End::Calm => {}
        }
        Some(process)
    }

    /// A gateway that ends in order says so, and leaves nothing running.
    async fn stop(&self, process: Process, end: End) {
        if end == End::Calm {
            self.check_idle().await;
            process.terminate();
        }
        let (status, log) = process.ended().await;
        assert!(status.success(), "{status}: {log:#?}");
        assert_no_errors(&log);
        assert_eq!(Book::read(self.data_dir.path()).await.running, HashMap::new());
    }

    /// Nothing is held by a gateway without requests, and its balances are those of the book.
    async fn check_idle(&self) {
        for payer in &self.payers {
            let idle = || async { Some(self.show(payer)).filter(|shown| shown.held == NanoUsd::ZERO) };
            let shown = eventually("an account without holds", idle).await;
            let book = Book::read(self.data_dir.path()).await;
            assert_eq!(shown.balance.nanos(), book.posted[&payer.account.to_string()], "{payer:?}");
        }
    }

    fn show(&self, payer: &Payer) -> Account {
        let mut show = program(self.data_dir.path());
        let output = show.args(["account", "show", "--json", "--email", &payer.email]).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }

    async fn check(&mut self, round: usize, end: End) {
        eventually("the end of every call", || async { (self.simulator.inflight() == 0).then_some(()) }).await;
        let book = Book::read(self.data_dir.path()).await;
        self.audit(&book);
        if matches!(end, End::Terminate | End::Calm) {
            self.check_nothing_was_lost(round, &book.usage);
        }
        self.abandoned.extend(book.running);
        // Otherwise the next gateway finds the files as the kill has left them.
        if round.is_multiple_of(2) {
            let report = of_data_dir(self.data_dir.path()).await.unwrap();
            assert_eq!(report.drift, NanoUsd::ZERO, "{report:?}");
        }
    }

    fn audit(&self, book: &Book) {
        let mut served: HashMap<_, Vec<_>> = HashMap::new();
        for record in self.simulator.served() {
            served.entry(record.tag.clone().unwrap()).or_default().push(record);
        }
        Audit { payers: &self.payers, payments: &self.payments, seen: &self.seen, served, book }.check();
    }

    /// An end in order books each request of its round, none of them by a checkpoint.
    fn check_nothing_was_lost(&self, round: usize, usage: &[Row]) {
        let ended: HashMap<_, _> = usage.iter().map(|row| (row.id.as_str(), row.ended.as_str())).collect();
        for seen in self.seen.iter().filter(|seen| seen.round == round && seen.status == 200) {
            let ended = ended.get(seen.id.as_deref().unwrap());
            assert_eq!(ended, Some(&"settled"), "{seen:?}");
        }
    }

    /// Checks what must hold when everything has ended, and that the rounds were worth their while.
    async fn conclude(&self) {
        let book = Book::read(self.data_dir.path()).await;
        assert_eq!(book.running, HashMap::new());
        let rows: HashMap<_, _> = book.usage.iter().map(|row| (row.id.as_str(), row)).collect();
        for (id, cost) in &self.abandoned {
            let row = rows.get(id.as_str()).map(|row| (row.ended.as_str(), row.charged));
            assert_eq!(row, Some(("expired", *cost)), "{id} was running when a gateway was killed");
        }
        assert!(self.payments.iter().all(|payment| payment.acknowledged), "{:?}", self.payments);
        assert_eq!(book.payments.len(), self.payments.len());

        let ledger = open(self.data_dir.path()).await;
        for payer in &self.payers {
            let shown = ledger.show_account(ShowAccount { email: payer.email.clone() }).await.unwrap();
            assert_eq!(shown.balance.nanos(), book.posted[&payer.account.to_string()]);
            assert_eq!(shown.held, NanoUsd::ZERO);
        }
        let report = ledger.reconcile().await.unwrap();
        assert_eq!((report.drift, report.pending), (NanoUsd::ZERO, 0), "{report:?}");
        ledger.close().await;

        let count = |is: &dyn Fn(&Seen) -> bool| self.seen.iter().filter(|seen| is(seen)).count();
        let counts = [
            ("whole JSON answers", count(&|seen| seen.complete && !seen.stream)),
            ("whole streams", count(&|seen| seen.complete && seen.stream)),
            ("answers cut off", count(&|seen| seen.status == 200 && !seen.complete)),
            ("requests without an answer", count(&|seen| seen.id.is_none())),
            ("requests that were refused", count(&|seen| seen.status == 402)),
            (
                "requests charged by a checkpoint",
                book.usage.iter().filter(|row| row.ended == "expired" && 0 < row.charged).count(),
            ),
        ];
        assert!(counts.iter().all(|(_, count)| 0 < *count), "{counts:?}");
    }

    /// Chance for one part of one round.
    fn random(&self, round: usize, part: u64) -> StdRng {
        StdRng::seed_from_u64(self.seed ^ (round as u64).rotate_right(16) ^ part.rotate_right(32))
    }
}

async fn open(data_dir: &Path) -> Arc<Ledger> {
    Ledger::open(LedgerSettings::new(data_dir.to_owned()), Arc::new(SystemClock::default())).await.unwrap()
}

async fn payer(ledger: &Ledger, email: String) -> Payer {
    let account = CreateAccount { email: email.clone(), password: None, operator: false };
    let account = ledger.create_account(account).await.unwrap().account;
    let (name, limits) = ("kill".to_owned(), SpendLimits::default());
    let key = CreateKey { email: email.clone(), name, rpm: 100_000, limits, expires_ms: None, allowed_models: None };
    let api_key = ledger.create_key(key).await.unwrap().api_key;
    Payer { email, account, api_key }
}

/// Not one of the things happened that an operator would have to look into.
fn assert_no_errors(log: &[String]) {
    let errors: Vec<_> = log.iter().filter(|line| line.contains("\"ERROR\"") || line.contains("panicked")).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}
