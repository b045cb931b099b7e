//! What a batch changes in the book: pure, given what the book has.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use syntopen_shared::id::{AccountId, KeyId, RequestId, TransferId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::price::Tokens;
use syntopen_shared::wire::ledger::{Spent, Usage};

use crate::account::{Charged, EndedAs, Entry, Spending, minus, plus};
use crate::balances::Batch;

const REVENUE: &str = "house:revenue";

/// What the book has of a request.
#[derive(Clone, Copy)]
pub(super) struct Had {
    pub(super) charged: Charged,
    pub(super) tokens: Tokens,
}

/// The rows that a batch comes to; sums are one row for everything they are summed by.
#[derive(Default)]
pub(super) struct Plan<'a> {
    pub(super) usage: Vec<UsageRow<'a>>,
    pub(super) transfers: Vec<TransferRow>,
    pub(super) accounts: Vec<AccountRow>,
    pub(super) keys: Vec<KeyRow>,
    pub(super) daily: Vec<DailyRow>,
    pub(super) running: Vec<RunningRow<'a>>,
}

#[derive(Serialize)]
pub(super) struct UsageRow<'a> {
    id: RequestId,
    account: AccountId,
    key: KeyId,
    ended: EndedAs,
    charged: NanoUsd,
    ended_ms: i64,
    usage: &'a Usage,
}

#[derive(Serialize)]
pub(super) struct TransferRow {
    id: TransferId,
    account: AccountId,
    op: RequestId,
    class: &'static str,
    total: NanoUsd,
    amount: NanoUsd,
    created_ms: i64,
}

#[derive(Serialize)]
pub(super) struct AccountRow {
    id: Arc<str>,
    amount: NanoUsd,
}

#[derive(Serialize)]
pub(super) struct KeyRow {
    id: KeyId,
    day_no: i64,
    month_no: i64,
    spent: Spent,
}

#[derive(Serialize)]
pub(super) struct DailyRow {
    account: AccountId,
    key: KeyId,
    day: i64,
    model: Arc<str>,
    requests: i64,
    tokens: [i64; 6],
    cost: NanoUsd,
}

#[derive(Serialize)]
pub(super) struct RunningRow<'a> {
    id: RequestId,
    account: AccountId,
    key: KeyId,
    amount: NanoUsd,
    usage: &'a Usage,
}

/// What the book takes of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Booking {
    /// The first word of this request.
    Charge,
    /// A settlement of more than what was booked.
    Late { more: NanoUsd },
    /// The book has it.
    Nothing,
}

fn booking(had: Option<Charged>, entry: &Entry) -> Booking {
    match had {
        None => Booking::Charge,
        Some(had) if entry.charged.ended == EndedAs::Settled && had.total < entry.charged.total => {
            Booking::Late { more: minus(entry.charged.total, had.total) }
        }
        Some(_) => Booking::Nothing,
    }
}

impl<'a> Plan<'a> {
    pub(super) fn of(batch: &'a Batch, had: HashMap<RequestId, Had>) -> Self {
        let mut sums = Sums { had, ..Sums::default() };
        for entry in &batch.entries {
            sums.book(entry);
        }
        sums.plan(batch)
    }
}

#[derive(Default)]
struct Sums<'a> {
    had: HashMap<RequestId, Had>,
    /// The last word on each request.
    usage: HashMap<RequestId, &'a Entry>,
    transfers: Vec<TransferRow>,
    accounts: HashMap<AccountId, NanoUsd>,
    keys: HashMap<KeyId, Spending>,
    daily: HashMap<(AccountId, KeyId, i64, Arc<str>), Daily>,
}

#[derive(Default)]
struct Daily {
    requests: i64,
    tokens: [i64; 6],
    cost: NanoUsd,
}

impl<'a> Sums<'a> {
    fn book(&mut self, entry: &'a Entry) {
        let had = self.had.get(&entry.id).copied();
        let (class, amount) = match booking(had.map(|had| had.charged), entry) {
            Booking::Charge => ("charge", entry.charged.total),
            Booking::Late { more } => ("late", more),
            Booking::Nothing => ("", NanoUsd::ZERO),
        };
        if amount != entry.amount {
            tracing::error!(
                request.id = %entry.id, booked_nanos = amount.nanos(), applied_nanos = entry.amount.nanos(),
                "the book takes another charge than the balance did"
            );
        }
        if class.is_empty() {
            return;
        }
        self.usage.insert(entry.id, entry);
        self.had.insert(entry.id, Had { charged: entry.charged, tokens: entry.usage.tokens });
        self.count(entry, had.map(|had| had.tokens), amount);
        if amount != NanoUsd::ZERO {
            self.transfer(entry, class, amount);
        }
    }

    fn transfer(&mut self, entry: &Entry, class: &'static str, amount: NanoUsd) {
        self.transfers.push(TransferRow {
            id: TransferId::mint(),
            account: entry.account,
            op: entry.id,
            class,
            total: entry.charged.total,
            amount: NanoUsd::new(-amount.nanos()),
            created_ms: entry.at_ms,
        });
        let account = self.accounts.entry(entry.account).or_default();
        *account = minus(*account, amount);
        let key = self.keys.entry(entry.key).or_default();
        *key = key.within(entry.day_no, entry.month_no).and(amount);
    }

    /// Adds what is new about the request to the sums of the day.
    fn count(&mut self, entry: &Entry, before: Option<Tokens>, amount: NanoUsd) {
        if entry.charged.ended == EndedAs::Released {
            return;
        }
        let by = (entry.account, entry.key, entry.day_no, Arc::clone(&entry.usage.model));
        let daily = self.daily.entry(by).or_default();
        daily.requests += i64::from(before.is_none());
        let before = counts(&before.unwrap_or_default());
        for ((sum, now), before) in daily.tokens.iter_mut().zip(counts(&entry.usage.tokens)).zip(before) {
            *sum = sum.saturating_add(now - before);
        }
        daily.cost = plus(daily.cost, amount);
    }

    fn plan(self, batch: &'a Batch) -> Plan<'a> {
        let revenue = self.accounts.values().fold(NanoUsd::ZERO, |sum, amount| minus(sum, *amount));
        let customers = self.accounts.into_iter().map(|(id, amount)| AccountRow { id: id.to_string().into(), amount });
        let house = (revenue != NanoUsd::ZERO).then(|| AccountRow { id: REVENUE.into(), amount: revenue });
        Plan {
            usage: self.usage.into_values().map(usage_row).collect(),
            transfers: self.transfers,
            accounts: customers.chain(house).collect(),
            keys: self.keys.into_iter().map(key_row).collect(),
            daily: self
                .daily
                .into_iter()
                .map(|((account, key, day, model), Daily { requests, tokens, cost })| DailyRow {
                    account,
                    key,
                    day,
                    model,
                    requests,
                    tokens,
                    cost,
                })
                .collect(),
            running: batch
                .running
                .iter()
                .map(|run| RunningRow {
                    id: run.id,
                    account: run.account,
                    key: run.key,
                    amount: run.amount,
                    usage: &run.usage,
                })
                .collect(),
        }
    }
}

const fn usage_row(entry: &Entry) -> UsageRow<'_> {
    UsageRow {
        id: entry.id,
        account: entry.account,
        key: entry.key,
        ended: entry.charged.ended,
        charged: entry.charged.total,
        ended_ms: entry.at_ms,
        usage: &entry.usage,
    }
}

const fn key_row((id, Spending { day_no, month_no, spent }): (KeyId, Spending)) -> KeyRow {
    KeyRow { id, day_no, month_no, spent }
}

fn counts(tokens: &Tokens) -> [i64; 6] {
    [tokens.input, tokens.cached_input, tokens.cache_write, tokens.cache_write_1h, tokens.output, tokens.reasoning]
        .map(|count| i64::try_from(count).unwrap_or(i64::MAX))
}
