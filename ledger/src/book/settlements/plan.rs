//! What a batch changes in the book: pure, given what the book has.

mod figures;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;
use syntopen_shared::id::{AccountId, KeyId, RequestId, TransferId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::price::Tokens;
use syntopen_shared::wire::ledger::{Outcome, Spent, Usage};

pub(super) use self::figures::{FIGURES, Figures};
use super::Committed;
use crate::account::{Charged, EndedAs, Entry, Spending, minus, plus};

/// What the book has of a request.
#[derive(Clone, Copy)]
pub(super) struct Had {
    pub(super) charged: Charged,
    pub(super) tokens: Tokens,
    pub(super) outcome: Outcome,
    pub(super) first_byte_ms: Option<i64>,
    pub(super) duration_ms: i64,
    pub(super) cost_price: Option<NanoUsd>,
    /// Whether its usage row was removed for its age, so that only its charge is known.
    pub(super) is_removed: bool,
}

impl From<&Entry> for Had {
    fn from(entry: &Entry) -> Self {
        let Usage { tokens, outcome, first_byte_ms, duration_ms, cost_price, .. } = entry.usage;
        let (charged, is_removed) = (entry.charged, false);
        Self { charged, tokens, outcome, first_byte_ms, duration_ms, cost_price, is_removed }
    }
}

/// The rows that a batch comes to; sums are one row for everything they are summed by.
pub(super) struct Plan<'a> {
    /// The account on the other side of all charges.
    pub(super) house: String,
    /// Whether the book takes another amount for any entry than the hot state did.
    pub(super) off: bool,
    /// Requests of which the book has a usage row that this changes.
    pub(super) changed: Vec<RequestId>,
    pub(super) usage: Vec<UsageRow<'a>>,
    pub(super) transfers: Vec<TransferRow>,
    pub(super) accounts: Vec<AccountRow>,
    pub(super) keys: Vec<KeyRow>,
    pub(super) daily: Vec<DailyRow>,
    pub(super) figures: Vec<FiguresRow>,
}

#[derive(Serialize)]
pub(super) struct UsageRow<'a> {
    pub(super) id: RequestId,
    pub(super) account: AccountId,
    pub(super) key: KeyId,
    pub(super) ended: EndedAs,
    pub(super) charged: NanoUsd,
    pub(super) ended_ms: i64,
    pub(super) usage: &'a Usage,
}

#[derive(Serialize)]
pub(super) struct TransferRow {
    pub(super) id: TransferId,
    pub(super) account: AccountId,
    pub(super) op: RequestId,
    pub(super) class: &'static str,
    pub(super) total: NanoUsd,
    pub(super) amount: NanoUsd,
    pub(super) created_ms: i64,
}

#[derive(Serialize)]
pub(super) struct AccountRow {
    pub(super) id: Arc<str>,
    pub(super) amount: NanoUsd,
    pub(super) moves: i64,
}

#[derive(Serialize)]
pub(super) struct KeyRow {
    pub(super) id: KeyId,
    pub(super) day_no: i64,
    pub(super) month_no: i64,
    pub(super) spent: Spent,
    /// When its last request here ended.
    pub(super) used_ms: i64,
}

#[derive(Serialize)]
pub(super) struct DailyRow {
    pub(super) account: AccountId,
    pub(super) key: KeyId,
    pub(super) day: i64,
    pub(super) model: Arc<str>,
    pub(super) requests: i64,
    pub(super) tokens: [i64; 6],
    pub(super) cost: NanoUsd,
}

/// What is added to the sums of the account's day, and to those of the operator's.
#[derive(Serialize)]
pub(super) struct FiguresRow {
    pub(super) account: AccountId,
    pub(super) day: i64,
    pub(super) model: Arc<str>,
    pub(super) upstream: Arc<str>,
    pub(super) figures: [i64; FIGURES],
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

fn booking(had: Option<&Had>, entry: &Entry) -> Booking {
    match had {
        None => Booking::Charge,
        // A charge whose row is gone is final.
        Some(Had { is_removed: true, .. }) => Booking::Nothing,
        Some(Had { charged, .. }) if entry.charged.ended == EndedAs::Settled && charged.total < entry.charged.total => {
            Booking::Late { more: minus(entry.charged.total, charged.total) }
        }
        Some(_) => Booking::Nothing,
    }
}

impl<'a> Plan<'a> {
    /// Of entries, in order, given what the book has of them.
    pub(super) fn of(entries: &'a [Arc<Entry>], had: HashMap<RequestId, Had>, house: &str) -> Self {
        let rows = had.iter().filter(|(_, had)| !had.is_removed).map(|(id, _)| *id).collect();
        let mut sums = Sums { had, rows, ..Sums::default() };
        for entry in entries {
            sums.book(entry);
        }
        sums.plan(house)
    }

    /// What has become of its entries when it is committed.
    pub(super) const fn committed(&self) -> Committed {
        if self.off { Committed::Off } else { Committed::Booked }
    }
}

#[derive(Default)]
struct Sums<'a> {
    off: bool,
    had: HashMap<RequestId, Had>,
    /// Requests of which the book has a usage row.
    rows: HashSet<RequestId>,
    /// The last word on each request.
    usage: HashMap<RequestId, &'a Entry>,
    transfers: Vec<TransferRow>,
    accounts: HashMap<AccountId, Moved>,
    keys: HashMap<KeyId, Used>,
    daily: HashMap<(AccountId, KeyId, i64, Arc<str>), Daily>,
    figures: HashMap<(AccountId, i64, Arc<str>, Arc<str>), Figures>,
}

#[derive(Default)]
struct Moved {
    amount: NanoUsd,
    moves: i64,
}

#[derive(Clone, Copy, Default)]
struct Used {
    spending: Spending,
    last_ms: i64,
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
        let (class, amount) = match booking(had.as_ref(), entry) {
            Booking::Charge => ("charge", entry.charged.total),
            Booking::Late { more } => ("late", more),
            Booking::Nothing => ("", NanoUsd::ZERO),
        };
        if amount != entry.amount {
            self.off = true;
            tracing::error!(
                request.id = %entry.id, booked_nanos = amount.nanos(), applied_nanos = entry.amount.nanos(),
                "the book takes another charge than the balance did"
            );
        }
        if class.is_empty() {
            return;
        }
        self.usage.insert(entry.id, entry);
        let now = Had::from(entry);
        let by = (entry.account, entry.day_no, Arc::clone(&entry.usage.model), Arc::clone(&entry.usage.upstream));
        self.figures.entry(by).or_default().add(Figures::of(&now), had.as_ref().map(Figures::of).unwrap_or_default());
        self.had.insert(entry.id, now);
        // A request that was released is not counted yet.
        let counted = had.filter(|had| had.charged.ended != EndedAs::Released);
        self.count(entry, counted.map(|had| had.tokens), amount);
        if amount != NanoUsd::ZERO {
            self.transfer(entry, class, amount);
        } else if entry.charged.ended != EndedAs::Released {
            // A request that costs nothing has used its key all the same.
            self.spend(entry, amount);
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
        account.amount = minus(account.amount, amount);
        account.moves += 1;
        self.spend(entry, amount);
    }

    fn spend(&mut self, entry: &Entry, amount: NanoUsd) {
        let key = self.keys.entry(entry.key).or_default();
        key.spending = key.spending.within(entry.day_no, entry.month_no).and(amount);
        key.last_ms = key.last_ms.max(entry.at_ms);
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

    fn plan(self, house: &str) -> Plan<'a> {
        let revenue = self.accounts.values().fold(NanoUsd::ZERO, |sum, moved| minus(sum, moved.amount));
        let customers = self.accounts.into_iter();
        let customers =
            customers.map(|(id, Moved { amount, moves })| AccountRow { id: id.to_string().into(), amount, moves });
        let other = (revenue != NanoUsd::ZERO).then(|| AccountRow { id: house.into(), amount: revenue, moves: 0 });
        Plan {
            house: house.to_owned(),
            off: self.off,
            changed: self.usage.keys().filter(|id| self.rows.contains(id)).copied().collect(),
            usage: self.usage.into_values().map(usage_row).collect(),
            transfers: self.transfers,
            accounts: customers.chain(other).collect(),
            keys: self.keys.into_iter().map(key_row).collect(),
            daily: self.daily.into_iter().map(daily_row).collect(),
            figures: self.figures.into_iter().map(figures_row).collect(),
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

const fn key_row((id, Used { spending, last_ms }): (KeyId, Used)) -> KeyRow {
    let Spending { day_no, month_no, spent } = spending;
    KeyRow { id, day_no, month_no, spent, used_ms: last_ms }
}

fn daily_row(((account, key, day, model), daily): ((AccountId, KeyId, i64, Arc<str>), Daily)) -> DailyRow {
    let Daily { requests, tokens, cost } = daily;
    DailyRow { account, key, day, model, requests, tokens, cost }
}

fn figures_row(
    ((account, day, model, upstream), Figures(figures)): ((AccountId, i64, Arc<str>, Arc<str>), Figures),
) -> FiguresRow {
    FiguresRow { account, day, model, upstream, figures }
}

fn counts(tokens: &Tokens) -> [i64; 6] {
    [tokens.input, tokens.cached_input, tokens.cache_write, tokens.cache_write_1h, tokens.output, tokens.reasoning]
        .map(|count| i64::try_from(count).unwrap_or(i64::MAX))
}
