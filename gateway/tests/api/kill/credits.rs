//! An operator who credits accounts from the command line, whether or not a gateway runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::CreditReceipt;

use super::process::program;

/// Credits of one round, repetitions included.
const ROUND_MAX: usize = 25;
const AMOUNT_MAX: i64 = 60_000_000;

/// A payment, under the operator's own name for it.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    pub(super) reference: String,
    pub(super) email: String,
    pub(super) amount: NanoUsd,
    /// The command has said that the book has it.
    pub(super) acknowledged: bool,
}

/// The operator at work, on a thread of its own.
pub(super) struct Operator {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Payment>>,
}

impl Operator {
    /// Repeats every payment whose outcome is not known, then makes new ones; some of those that are known are repeated
    /// too.
    pub(super) fn start(data_dir: PathBuf, emails: Vec<String>, payments: Vec<Payment>, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || work(Desk { data_dir, emails, payments }, seed, &stopped));
        Self { stop, thread }
    }

    /// Whether every payment that can be made in this round has been made.
    pub(super) fn is_done(&self) -> bool {
        self.thread.is_finished()
    }

    /// Ends the work with the payment in hand; all payments ever made.
    pub(super) fn stop(self) -> Vec<Payment> {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

struct Desk {
    data_dir: PathBuf,
    emails: Vec<String>,
    payments: Vec<Payment>,
}

fn work(mut desk: Desk, seed: u64, stopped: &AtomicBool) -> Vec<Payment> {
    let mut random = StdRng::seed_from_u64(seed);
    let unknown: Vec<_> = (0..desk.payments.len()).filter(|at| !desk.payments[*at].acknowledged).collect();
    for at in unknown {
        desk.pay(at);
    }
    for _ in 0..ROUND_MAX {
        if stopped.load(Ordering::SeqCst) {
            break;
        }
        let known = desk.payments.len();
        let again = 0 < known && random.random_bool(0.2);
        let at = if again { random.random_range(0..known) } else { desk.invoice(&mut random) };
        desk.pay(at);
    }
    desk.payments
}

impl Desk {
    fn invoice(&mut self, random: &mut StdRng) -> usize {
        let at = self.payments.len();
        let email = self.emails[random.random_range(0..self.emails.len())].clone();
        let amount = NanoUsd::new(random.random_range(1..=AMOUNT_MAX));
        self.payments.push(Payment { reference: format!("payment-{at}"), email, amount, acknowledged: false });
        at
    }

    fn pay(&mut self, at: usize) {
        let payment = &mut self.payments[at];
        let usd = payment.amount.to_decimal();
        let mut command = program(&self.data_dir);
        command.args(["account", "credit", "--json", "--email", &payment.email, "--usd", &usd]);
        let output = command.args(["--reference", &payment.reference]).output().unwrap();
        if output.status.success() {
            let receipt: CreditReceipt = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!((&receipt.reference, receipt.amount), (&payment.reference, payment.amount));
            payment.acknowledged = true;
        }
    }
}
