//! What the outbox remembers: settlements that are not applied yet, and those that are but that the book has not
//! confirmed. Pure: time is an argument.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::{Confirm, Finish, FinishKind};

/// The first wait before a settlement that was not applied is sent again.
pub(super) const RETRY_FIRST: Duration = Duration::from_millis(50);
/// The longest.
const RETRY_MAX: Duration = Duration::from_secs(5);
/// The longest while the gateway ends.
const RETRY_HURRIED: Duration = Duration::from_millis(500);
/// The first wait for the book before an applied settlement is sent again: the ledger may have lost it.
const RESEND_FIRST: Duration = Duration::from_secs(5);
/// The longest.
const RESEND_MAX: Duration = Duration::from_secs(60);

/// The settlements of an outbox. `T` is what whoever handed one over waits with.
#[derive(Debug)]
pub(super) struct Table<T> {
    /// By when they are due.
    unapplied: BTreeMap<(Instant, u64), Unapplied<T>>,
    /// By their order of application.
    applied: BTreeMap<u64, Applied>,
    /// Where the round of questions to the book goes on.
    cursor: u64,
    /// The number of the last one.
    last: u64,
    retry_max: Duration,
}

/// A settlement of which the ledger has not said that it is applied.
#[derive(Debug)]
pub(super) struct Unapplied<T> {
    pub(super) finish: Arc<Finish>,
    /// How long it waits if it fails again.
    pub(super) wait: Duration,
    pub(super) ticket: T,
}

#[derive(Debug)]
struct Applied {
    finish: Arc<Finish>,
    resend_at: Instant,
    wait: Duration,
}

/// An applied settlement, by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) number: u64,
    pub(super) confirm: Confirm,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { unapplied: BTreeMap::new(), applied: BTreeMap::new(), cursor: 0, last: 0, retry_max: RETRY_MAX }
    }
}

impl<T> Table<T> {
    /// How many are applied and not confirmed.
    pub(super) fn unbooked(&self) -> usize {
        self.applied.len()
    }

    /// It is to be sent again after its wait.
    pub(super) fn retry(&mut self, entry: Unapplied<T>, now: Instant) {
        let wait = entry.wait.min(self.retry_max);
        let number = self.number();
        self.unapplied.insert((now + wait, number), Unapplied { wait: wait * 2, ..entry });
    }

    /// At most so many that are due, the earliest first. They are the caller's until they are given back.
    pub(super) fn take_due(&mut self, most: usize, now: Instant) -> Vec<Unapplied<T>> {
        let mut due = Vec::new();
        while due.len() < most {
            let Some(first) = self.unapplied.first_entry().filter(|first| first.key().0 <= now) else { break };
            due.push(first.remove());
        }
        due
    }

    /// The ledger is back: nothing waits any longer.
    pub(super) fn retry_now(&mut self, now: Instant) {
        let waiting = std::mem::take(&mut self.unapplied);
        self.unapplied = waiting
            .into_iter()
            .map(|((_, number), entry)| ((now, number), Unapplied { wait: RETRY_FIRST, ..entry }))
            .collect();
    }

    /// The gateway ends: nothing waits for long any more.
    pub(super) fn hurry(&mut self, now: Instant) {
        self.retry_max = RETRY_HURRIED;
        self.retry_now(now);
    }

    /// It is applied, and remembered until the book confirms it.
    pub(super) fn applied(&mut self, finish: Arc<Finish>, now: Instant) {
        let number = self.number();
        self.applied.insert(number, Applied { finish, resend_at: now + RESEND_FIRST, wait: RESEND_FIRST });
    }

    /// Forgets applied ones, oldest first, until no more than so many are left; how many were forgotten.
    pub(super) fn keep(&mut self, most: usize) -> usize {
        let too_many = self.applied.len().saturating_sub(most);
        for _ in 0..too_many {
            self.applied.pop_first();
        }
        too_many
    }

    /// The next applied ones about which the book is to be asked; none when the round is over, and then it begins anew.
    pub(super) fn ask(&mut self, most: usize) -> Vec<Question> {
        let rest = self.applied.range((Bound::Excluded(self.cursor), Bound::Unbounded)).take(most);
        let questions: Vec<_> = rest.map(|(number, applied)| applied.question(*number)).collect();
        self.cursor = questions.last().map_or(0, |last| last.number);
        questions
    }

    /// The book has it.
    pub(super) fn confirmed(&mut self, number: u64) {
        self.applied.remove(&number);
    }

    /// The book does not have it: what to send again, if it has waited long enough for that.
    pub(super) fn unconfirmed(&mut self, number: u64, now: Instant) -> Option<Arc<Finish>> {
        let applied = self.applied.get_mut(&number).filter(|applied| applied.resend_at <= now)?;
        applied.wait = (applied.wait * 2).min(RESEND_MAX);
        applied.resend_at = now + applied.wait;
        Some(Arc::clone(&applied.finish))
    }

    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}

impl Applied {
    fn question(&self, number: u64) -> Question {
        let total = match self.finish.kind {
            FinishKind::Release => NanoUsd::ZERO,
            FinishKind::Settle | FinishKind::Expire => self.finish.usage.cost,
        };
        Question { number, confirm: Confirm { id: self.finish.id, total } }
    }
}
