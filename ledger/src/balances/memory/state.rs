//! What the memory holds, and each command as one step over it. Everything is checked before the first write.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use syntopen_shared::id::{AccountId, KeyId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::{
    Checkpoint, Finish, FinishKind, FinishRefused, Granted, HOLD_TTL_MS, Hold, HoldRefused, Usage,
};

use super::EPOCH;
use crate::account::{
    Account, Again, Asked, Charged, EndedAs, Entry, Key, abandoned, finish_again, grant, minus, plus, storable,
};
use crate::balances::{Batch, CheckpointOutcome, Credit, CreditOutcome, FinishOutcome, HoldOutcome, Running, Seed};

const US_PER_MS: i64 = 1_000;
/// How long a finished request is remembered, in microseconds.
const ENDED_TTL_US: i64 = 24 * 60 * 60 * 1_000 * US_PER_MS;

/// The moment of a command. Calendar periods go by the Unix clock, deadlines by one that nobody sets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) unix_ms: i64,
    pub(super) monotonic_us: i64,
}

/// Accounts, keys, holds and the journal.
#[derive(Default)]
pub(super) struct State {
    pub(super) accounts: HashMap<AccountId, Account>,
    pub(super) keys: HashMap<KeyId, Key>,
    open: HashMap<RequestId, OpenHold>,
    ended: HashMap<RequestId, Ended>,
    /// The keys of `ended` in the order in which they ended.
    ended_order: VecDeque<RequestId>,
    pub(super) journal: VecDeque<Arc<Entry>>,
    /// Checkpoints that wait for the book: the place in the journal of the last one of each open hold. Their content is
    /// the hold's own, so a book that is down makes no list of them.
    dirty: HashMap<RequestId, u64>,
    /// The last place given away.
    tail: u64,
    /// The last place that the book has.
    booked: u64,
}

struct OpenHold {
    payer: Payer,
    /// What was asked; `None` for a hold that a checkpoint put back.
    asked: Option<Asked>,
    amount: NanoUsd,
    usage: Usage,
    deadline_us: i64,
}

struct Ended {
    payer: Payer,
    charged: Charged,
    position: u64,
    at_us: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Payer {
    account: AccountId,
    key: KeyId,
}

/// The end of a request, about to be posted.
struct End {
    id: RequestId,
    payer: Payer,
    charged: Charged,
    amount: NanoUsd,
    usage: Usage,
}

impl State {
    /// The last place in the journal that was given away.
    pub(super) const fn tail(&self) -> u64 {
        self.tail
    }

    /// How many entries wait for the book.
    pub(super) fn backlog(&self) -> usize {
        self.journal.len()
    }

    /// Whether a request of this id has been heard of.
    pub(super) fn knows(&self, id: RequestId) -> bool {
        self.open.contains_key(&id) || self.ended.contains_key(&id)
    }

    pub(super) fn open_holds(&self) -> Vec<(AccountId, KeyId, NanoUsd)> {
        self.open.values().map(|hold| (hold.payer.account, hold.payer.key, hold.amount)).collect()
    }

    pub(super) fn hold(&mut self, hold: &Hold, now: Now) -> HoldOutcome {
        let payer = Payer { account: hold.account, key: hold.key };
        let asked = Asked { min: hold.min, want: hold.want };
        if self.ended.contains_key(&hold.id) {
            return HoldOutcome::Refused(HoldRefused::Finished);
        }
        let (Some(account), Some(key)) = (self.accounts.get(&hold.account), self.keys.get(&hold.key)) else {
            return HoldOutcome::Unseeded(EPOCH);
        };
        if key.account != hold.account {
            return HoldOutcome::Refused(HoldRefused::KeyRevoked);
        }
        let key_version = key.version;
        if let Some(open) = self.open.get(&hold.id) {
            return match open.is_of(payer, asked) {
                true => HoldOutcome::Granted(Granted { amount: open.amount, key_version }),
                false => HoldOutcome::Refused(HoldRefused::Conflict),
            };
        }
        match grant(account, key, asked, now.unix_ms) {
            Err(refused) => HoldOutcome::Refused(refused),
            Ok(amount) => {
                let deadline_us = deadline(now);
                let usage = hold.usage.clone();
                self.reserve(hold.id, OpenHold { payer, asked: Some(asked), amount, usage, deadline_us });
                HoldOutcome::Granted(Granted { amount, key_version })
            }
        }
    }

    pub(super) fn checkpoint(&mut self, checkpoint: &Checkpoint, now: Now) -> CheckpointOutcome {
        if self.ended.contains_key(&checkpoint.id) {
            return CheckpointOutcome::Ended;
        }
        let Some(open) = self.open.get_mut(&checkpoint.id) else {
            return CheckpointOutcome::Unknown;
        };
        open.deadline_us = deadline(now);
        // One that was overtaken by its successor must not take the cost back.
        if open.usage.cost <= checkpoint.usage.cost {
            open.usage = checkpoint.usage.clone();
        }
        self.tail += 1;
        self.dirty.insert(checkpoint.id, self.tail);
        CheckpointOutcome::Recorded { position: self.tail }
    }

    pub(super) fn put_back(&mut self, checkpoint: &Checkpoint, now: Now) -> CheckpointOutcome {
        let payer = Payer { account: checkpoint.account, key: checkpoint.key };
        if !self.seeded(payer) {
            return CheckpointOutcome::Unseeded(EPOCH);
        }
        if checkpoint.amount.is_negative() || NanoUsd::MAX < checkpoint.amount {
            return CheckpointOutcome::Ended;
        }
        let usage = checkpoint.usage.clone();
        let amount = checkpoint.amount;
        self.reserve(checkpoint.id, OpenHold { payer, asked: None, amount, usage, deadline_us: deadline(now) });
        self.checkpoint(checkpoint, now)
    }

    pub(super) fn finish(&mut self, finish: &Finish, now: Now) -> FinishOutcome {
        let payer = Payer { account: finish.account, key: finish.key };
        if let Some(ended) = self.ended.get(&finish.id) {
            let (was, position) = (ended.charged, ended.position);
            if ended.payer != payer {
                return FinishOutcome::Refused(FinishRefused::Conflict);
            }
            return self.finish_ended(finish, was, position, now);
        }
        let Some(open) = self.open.get(&finish.id) else {
            return FinishOutcome::Unknown(EPOCH);
        };
        if open.payer != payer {
            return FinishOutcome::Refused(FinishRefused::Conflict);
        }
        if finish.kind == FinishKind::Expire && now.monotonic_us < open.deadline_us {
            return FinishOutcome::Alive;
        }
        let usage = match finish.kind {
            FinishKind::Expire => abandoned(open.usage.clone()),
            FinishKind::Settle | FinishKind::Release => finish.usage.clone(),
        };
        let Some(total) = total(finish.kind, usage.cost) else {
            return FinishOutcome::Refused(FinishRefused::Conflict);
        };
        let charged = Charged { ended: finish.kind.into(), total };
        self.end(End { id: finish.id, payer, charged, amount: total, usage }, now)
    }

    pub(super) fn finish_unknown(&mut self, finish: &Finish, booked: Option<Charged>, now: Now) -> FinishOutcome {
        let payer = Payer { account: finish.account, key: finish.key };
        if !self.seeded(payer) {
            return FinishOutcome::Unseeded(EPOCH);
        }
        if let Some(was) = booked {
            // The book has it, so that a replay need not wait for the journal.
            let position = self.booked;
            self.remember(finish.id, Ended { payer, charged: was, position, at_us: now.monotonic_us });
            return self.finish_ended(finish, was, position, now);
        }
        if finish.kind == FinishKind::Expire {
            return FinishOutcome::Done { position: self.booked };
        }
        let Some(total) = total(finish.kind, finish.usage.cost) else {
            return FinishOutcome::Refused(FinishRefused::Conflict);
        };
        // Of a release this is the tombstone, by which a hold that comes after it is refused.
        let charged = Charged { ended: finish.kind.into(), total };
        self.end(End { id: finish.id, payer, charged, amount: total, usage: finish.usage.clone() }, now)
    }

    pub(super) fn expire_overdue(&mut self, limit: usize, now: Now) -> usize {
        let overdue: Vec<_> = self
            .open
            .iter()
            .filter(|(_, hold)| hold.deadline_us <= now.monotonic_us)
            .map(|(id, hold)| (*id, hold.payer, abandoned(hold.usage.clone())))
            .take(limit)
            .collect();
        for (id, payer, usage) in &overdue {
            // A checkpoint's cost that cannot be charged is a fault of the gateway: the hold is given back then.
            let total = total(FinishKind::Expire, usage.cost).unwrap_or(NanoUsd::ZERO);
            let charged = Charged { ended: EndedAs::Expired, total };
            self.end(End { id: *id, payer: *payer, charged, amount: total, usage: usage.clone() }, now);
        }
        overdue.len()
    }

    pub(super) fn seed(&mut self, seed: &Seed) {
        let account = self.accounts.entry(seed.account).or_insert_with(|| seed.record.clone());
        if account.version < seed.record.version {
            (account.version, account.status) = (seed.record.version, seed.record.status);
        }
        let Some((id, record)) = &seed.key else { return };
        let key = self.keys.entry(*id).or_insert_with(|| record.clone());
        if key.version < record.version {
            (key.version, key.status) = (record.version, record.status);
            (key.expires_ms, key.limits) = (record.expires_ms, record.limits);
        }
    }

    pub(super) fn credit(&mut self, credit: Credit) -> CreditOutcome {
        let Some(account) = self.accounts.get_mut(&credit.account) else {
            return CreditOutcome::Unseeded(EPOCH);
        };
        if credit.number <= account.credit_no {
            return CreditOutcome::Applied;
        }
        if credit.number != account.credit_no + 1 {
            return CreditOutcome::Gap { have: account.credit_no };
        }
        account.posted = plus(account.posted, credit.amount);
        account.credit_no = credit.number;
        CreditOutcome::Applied
    }

    pub(super) fn pending(&self, limit: usize) -> Batch {
        let entries: Vec<_> = self.journal.iter().take(limit).cloned().collect();
        let rest = self.journal.get(entries.len());
        let through = rest.map_or(self.tail, |next| next.position - 1);
        let running = self.dirty.iter().filter_map(|(id, position)| Some((id, position, self.open.get(id)?)));
        let running = running
            .map(|(id, position, hold)| Running {
                position: *position,
                id: *id,
                account: hold.payer.account,
                key: hold.payer.key,
                amount: hold.amount,
                usage: hold.usage.clone(),
            })
            .collect();
        Batch { entries, running, through }
    }

    pub(super) fn trim(&mut self, batch: &Batch) {
        while self.journal.front().is_some_and(|entry| entry.position <= batch.through) {
            self.journal.pop_front();
        }
        for running in &batch.running {
            if self.dirty.get(&running.id) == Some(&running.position) {
                self.dirty.remove(&running.id);
            }
        }
        self.booked = self.booked.max(batch.through);
    }

    pub(super) fn forget(&mut self, ended_max: usize, now: Now) {
        while let Some(ended) = self.ended_order.front().and_then(|id| self.ended.get(id)) {
            let old = ended.at_us + ENDED_TTL_US <= now.monotonic_us || ended_max < self.ended.len();
            if !old || self.booked < ended.position {
                return;
            }
            if let Some(id) = self.ended_order.pop_front() {
                self.ended.remove(&id);
            }
        }
    }

    fn seeded(&self, payer: Payer) -> bool {
        self.accounts.contains_key(&payer.account)
            && self.keys.get(&payer.key).is_some_and(|key| key.account == payer.account)
    }

    fn reserve(&mut self, id: RequestId, hold: OpenHold) {
        if let Some(account) = self.accounts.get_mut(&hold.payer.account) {
            account.held = plus(account.held, hold.amount);
        }
        if let Some(key) = self.keys.get_mut(&hold.payer.key) {
            key.held = plus(key.held, hold.amount);
        }
        self.open.insert(id, hold);
    }

    fn finish_ended(&mut self, finish: &Finish, was: Charged, position: u64, now: Now) -> FinishOutcome {
        let Some(total) = total(finish.kind, finish.usage.cost) else {
            return FinishOutcome::Refused(FinishRefused::Conflict);
        };
        match finish_again(was, finish.kind, total) {
            Again::Replay => FinishOutcome::Done { position },
            Again::Conflict => FinishOutcome::Refused(FinishRefused::Conflict),
            Again::Late => {
                let payer = Payer { account: finish.account, key: finish.key };
                let charged = Charged { ended: EndedAs::Settled, total };
                let amount = minus(total, was.total);
                self.end(End { id: finish.id, payer, charged, amount, usage: finish.usage.clone() }, now)
            }
        }
    }

    /// Posts the end of a request: the only place where a charge moves a balance and a hold gives its money back.
    fn end(&mut self, end: End, now: Now) -> FinishOutcome {
        let (Some(account), Some(key)) = (self.accounts.get_mut(&end.payer.account), self.keys.get_mut(&end.payer.key))
        else {
            return FinishOutcome::Unseeded(EPOCH);
        };
        let Some(posted) = account.posted.checked_sub(end.amount) else {
            return FinishOutcome::Refused(FinishRefused::Conflict);
        };
        account.posted = posted;
        account.moves += i64::from(end.amount != NanoUsd::ZERO);
        key.spending = key.spending.at(now.unix_ms).and(end.amount);
        if let Some(open) = self.open.remove(&end.id) {
            account.held = minus(account.held, open.amount);
            key.held = minus(key.held, open.amount);
        }
        let (day_no, month_no) = (key.spending.day_no, key.spending.month_no);
        self.dirty.remove(&end.id);
        self.tail += 1;
        let Payer { account, key } = end.payer;
        self.journal.push_back(Arc::new(Entry {
            position: self.tail,
            id: end.id,
            account,
            key,
            charged: end.charged,
            amount: end.amount,
            day_no,
            month_no,
            at_ms: now.unix_ms,
            usage: storable(end.usage, end.charged.total),
        }));
        let (position, at_us) = (self.tail, now.monotonic_us);
        self.remember(end.id, Ended { payer: end.payer, charged: end.charged, position, at_us });
        FinishOutcome::Done { position }
    }

    fn remember(&mut self, id: RequestId, ended: Ended) {
        if self.ended.insert(id, ended).is_none() {
            self.ended_order.push_back(id);
        }
    }
}

impl OpenHold {
    /// Whether a hold is this one, placed again.
    fn is_of(&self, payer: Payer, asked: Asked) -> bool {
        let figures = match self.asked {
            Some(before) => before == asked,
            None => (asked.min..=asked.want).contains(&self.amount),
        };
        self.payer == payer && figures
    }
}

const fn deadline(now: Now) -> i64 {
    now.monotonic_us + HOLD_TTL_MS * US_PER_MS
}

/// The total that a finish charges; `None` where no honest gateway sends it.
fn total(kind: FinishKind, cost: NanoUsd) -> Option<NanoUsd> {
    match kind {
        FinishKind::Release => Some(NanoUsd::ZERO),
        FinishKind::Settle | FinishKind::Expire => (!cost.is_negative() && cost.is_storable()).then_some(cost),
    }
}
