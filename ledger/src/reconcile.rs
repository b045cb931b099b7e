//! The invariants, checked: the money is counted by every route there is, and all must agree.

pub mod cluster;
pub(crate) mod kept;

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::office::operator::ledger::Route;

use crate::balances::memory::MemoryBalances;
use crate::balances::{Balances as _, Snapshot};
use crate::book::folds::{self, Folds, Sums};
use crate::book::{Book, credits};
use crate::data_dir::DataDir;

/// How many findings a report names; the drift counts all.
const FINDINGS_MAX: usize = 100;
/// How many missing credits are delivered to one account at once.
const CREDITS_MAX: i64 = 256;

/// What a reconciliation found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileReport {
    /// How much the routes differ, all differences added up; zero when everything is right.
    pub drift: NanoUsd,
    /// The differences, the first hundred of them.
    pub findings: Vec<Finding>,
    /// Accounts in the book, those of the house included.
    pub accounts: u64,
    /// Movements in the book.
    pub transfers: u64,
    /// Requests in the book.
    pub requests: u64,
    /// Charges that wait for the book.
    pub pending: u64,
    /// What each route came to.
    #[serde(default)]
    pub routes: Vec<Route>,
}

/// Two routes that differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which routes.
    pub check: String,
    /// For what: the id of an account or of a key, or a table.
    pub subject: String,
    /// What the one route says.
    pub expected: i64,
    /// What the other says.
    pub found: i64,
}

/// Reconciles the book of a gateway that does not run.
///
/// # Errors
/// When there is no book, a running process has it, or it cannot be read.
pub async fn of_data_dir(data_dir: &Path) -> anyhow::Result<ReconcileReport> {
    let dir = DataDir::open_existing(data_dir)?;
    let book = Book::open(&dir.book(), 1).await?;
    let report = run(&book, None).await;
    book.close().await.context("the book cannot be closed")?;
    report
}

/// Reconciles the book with itself, and with the hot state where there is one.
pub(crate) async fn run(book: &Book, memory: Option<&MemoryBalances>) -> anyhow::Result<ReconcileReport> {
    let unread = "the book cannot be read";
    if let Some(memory) = memory {
        deliver_credits(book, memory).await?;
    }
    // The drainer commits and trims under this lock, so that both sides are seen at one moment.
    let writer = book.writer().await;
    let hot = memory.map(MemoryBalances::snapshot);
    let mut reader = book.snapshot().await.context(unread)?;
    let accounts = folds::accounts(&mut reader).await.context(unread)?;
    drop(writer);
    let folds = folds::read(&mut reader, accounts).await.context(unread)?;
    drop(reader);

    let mut report = ReconcileReport::default();
    report.count(&folds);
    report.check_book(&folds);
    if let Some(hot) = &hot {
        report.pending = hot.journal.len() as u64;
        report.check_hot(&folds, hot);
    }
    Ok(report)
}

/// Money that was booked and did not reach the hot state is delivered again.
async fn deliver_credits(book: &Book, memory: &MemoryBalances) -> anyhow::Result<()> {
    let mut reader = book.snapshot().await?;
    let booked = folds::accounts(&mut reader).await?.credit_no;
    for (id, account) in memory.snapshot().accounts {
        if booked.get(&id.to_string()).is_some_and(|number| account.credit_no < *number) {
            for credit in credits::after(&mut reader, id, account.credit_no, CREDITS_MAX).await? {
                memory.credit(credit).await?;
            }
        }
    }
    Ok(())
}

impl ReconcileReport {
    fn count(&mut self, folds: &Folds) {
        self.accounts = folds.posted.len() as u64;
        (self.transfers, self.requests) = (folds.transfers, folds.requests);
    }

    fn check_book(&mut self, folds: &Folds) {
        let all = folds.posted.values().fold(0_i64, |sum, posted| sum.saturating_add(*posted));
        self.equal("all posted balances together are zero", "accounts", 0, all);
        self.same("an account's balance is the sum of its transfers", &folds.moved, &folds.posted);
        self.same("an account's charges are the sum of its requests", &folds.used_by_account, &folds.charged);
        self.same("a key's spending is the sum of its requests", &folds.used_by_key, &folds.spent);
        self.same("a key's days are the sum of its requests", &folds.used_by_key, &folds.daily);
        self.equal("the days count every request", "usage_daily", folds.counted, folds.daily_requests);
        self.same("an account's days are the sum of its requests", &folds.used_by_account, &folds.account_daily);
        let requests = i64::try_from(folds.requests).unwrap_or(i64::MAX);
        self.equal("the accounts' days count every request", "account_daily", requests, folds.account_daily_requests);
        let charged = folds.charged.values().fold(0_i64, |sum, charged| sum.saturating_add(*charged));
        self.equal("the operator's days sum every charge", "operator_daily", charged, folds.operator_daily);
        self.equal(
            "the operator's days count every request",
            "operator_daily",
            requests,
            folds.operator_daily_requests,
        );
        self.equal("no request runs that has ended", "running", 0, folds.ended_running);
    }

    fn check_hot(&mut self, folds: &Folds, hot: &Snapshot) {
        let mut pending: HashMap<_, i64> = HashMap::new();
        let mut pending_of_key: HashMap<_, i64> = HashMap::new();
        for entry in &hot.journal {
            *pending.entry(entry.account).or_default() += entry.amount.nanos();
            *pending_of_key.entry(entry.key).or_default() += entry.amount.nanos();
        }
        let mut held: HashMap<_, i64> = HashMap::new();
        let mut held_of_key: HashMap<_, i64> = HashMap::new();
        for (account, key, amount) in &hot.open {
            *held.entry(*account).or_default() += amount.nanos();
            *held_of_key.entry(*key).or_default() += amount.nanos();
        }
        for (id, account) in &hot.accounts {
            let name = id.to_string();
            let of = |sums: &HashMap<_, i64>| sums.get(id).copied().unwrap_or_default();
            self.equal("held is the sum of open holds", &name, of(&held), account.held.nanos());
            // A credit between its two steps is no drift; it is delivered, or found by the next reconciliation.
            if folds.credit_no.get(&name) == Some(&account.credit_no) {
                let booked = folds.posted.get(&name).copied().unwrap_or_default();
                let expected = booked.saturating_sub(of(&pending));
                self.equal("memory is the book less what is pending", &name, expected, account.posted.nanos());
            }
        }
        for (id, key) in &hot.keys {
            let name = id.to_string();
            let of = |sums: &HashMap<_, i64>| sums.get(id).copied().unwrap_or_default();
            self.equal("a key's held is the sum of its open holds", &name, of(&held_of_key), key.held.nanos());
            let booked = folds.spent.get(&name).copied().unwrap_or_default();
            let expected = booked.saturating_add(of(&pending_of_key));
            let found = key.spending.spent.total.nanos();
            self.equal("a key's spending is the book's and what is pending", &name, expected, found);
        }
    }

    /// Compares two sets of sums; what one of them lacks is nothing.
    fn same(&mut self, check: &str, expected: &Sums, found: &Sums) {
        let of = |sums: &Sums, id: &str| sums.get(id).copied().unwrap_or_default();
        for id in expected.keys().chain(found.keys().filter(|id| !expected.contains_key(*id))) {
            self.equal(check, id, of(expected, id), of(found, id));
        }
    }

    fn compared(&mut self, check: &str, difference: i64) {
        let place = self.routes.iter().position(|route| route.check == check).unwrap_or_else(|| {
            let check = check.to_owned();
            self.routes.push(Route { check, compared: 0, differences: 0, drift: NanoUsd::ZERO });
            self.routes.len() - 1
        });
        let Some(route) = self.routes.get_mut(place) else { return };
        route.compared += 1;
        route.differences += u64::from(difference != 0);
        route.drift = NanoUsd::new(route.drift.nanos().saturating_add(difference));
    }

    fn equal(&mut self, check: &str, subject: &str, expected: i64, found: i64) {
        let difference = i64::try_from(expected.abs_diff(found)).unwrap_or(i64::MAX);
        self.compared(check, difference);
        if difference == 0 {
            return;
        }
        self.drift = NanoUsd::new(self.drift.nanos().saturating_add(difference));
        if self.findings.len() < FINDINGS_MAX {
            let (check, subject) = (check.to_owned(), subject.to_owned());
            self.findings.push(Finding { check, subject, expected, found });
        }
    }
}
