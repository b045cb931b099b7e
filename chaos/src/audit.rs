//! What must hold when all has healed, by what the clients saw, the provider served and the book says.

mod charges;
mod keys;
mod payments;
mod windows;

use std::collections::HashMap;

use crate::book::{Book, Row};
use crate::clients::{Payer, Payment, Revocation, Seen};
use crate::history::History;
use crate::oracle::Record;

pub use windows::{exceeded, wrongly_refused};

/// Everything that is known of a run.
pub struct Evidence {
    /// Who could pay.
    pub payers: Vec<Payer>,
    /// Money that came in, beside what each payer began with.
    pub payments: Vec<Payment>,
    /// What each payer began with, by the payer's place.
    pub opening: Vec<i64>,
    /// What the customers saw.
    pub seen: Vec<Seen>,
    /// Keys that were revoked.
    pub revocations: Vec<Revocation>,
    /// What the provider served.
    pub record: Record,
    /// What was done to the cluster.
    pub history: History,
    /// What the book says in the end.
    pub book: Book,
    /// Its epochs before the load.
    pub epochs_before: i64,
    /// Posted balances as the ledger tells them, out of Redis, by the payer's place.
    pub balances: Vec<i64>,
}

/// What an audit found.
#[derive(Debug, Default)]
pub struct Findings {
    /// What must not be.
    pub violations: Vec<String>,
    /// Complete answers that were charged less than they cost, or nothing: their gateway was killed while only it knew.
    pub excused: Vec<String>,
}

/// Requests in the book, by id.
type Rows<'a> = HashMap<&'a str, &'a Row>;

impl Evidence {
    /// Checks everything.
    #[must_use]
    pub fn audit(&self) -> Findings {
        let rows: Rows<'_> = self.book.usage.iter().map(|row| (row.id.as_str(), row)).collect();
        let mut findings = Findings::default();
        self.check_charges(&rows, &mut findings);
        self.check_transfers(&rows, &mut findings);
        self.check_payments(&mut findings);
        self.check_balances(&mut findings);
        self.check_recoveries(&mut findings);
        self.check_windows(&mut findings);
        self.check_revocations(&mut findings);
        findings
    }

    /// A recovery takes a new epoch, and none is needed unless Redis lost something.
    fn check_recoveries(&self, findings: &mut Findings) {
        let recovered = self.book.epochs - self.epochs_before;
        let needed = self.history.losses().next().is_some();
        findings.require(needed || recovered == 0, || format!("{recovered} recoveries, and Redis had lost nothing"));
    }
}

impl Findings {
    fn require(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.violations.push(otherwise());
        }
    }
}
