//! What the customers saw, what the simulator served and what the book says, held against each other.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use syntopen_loadtest::simulator::Served;

use super::book::{Book, Row};
use super::credits::Payment;
use super::customers::{Payer, Seen};

/// Everything that is known from outside the gateway, and its book.
pub(super) struct Audit<'a> {
    pub(super) payers: &'a [Payer],
    pub(super) payments: &'a [Payment],
    pub(super) seen: &'a [Seen],
    pub(super) served: HashMap<String, Vec<Served>>,
    pub(super) book: &'a Book,
}

/// In nano-dollars per token: uncached input, cached input, output.
struct Price {
    input: u64,
    cached: u64,
    output: u64,
}

fn price(served: &Served) -> Price {
    match served.model.as_str() {
        "output-only" => Price { input: 0, cached: 0, output: 1_000_000 },
        "gpt-4o-mini" => Price { input: 150, cached: 75, output: 600 },
        other => panic!("nobody asked for {other}"),
    }
}

/// What the whole answer costs.
fn whole(served: &Served) -> i64 {
    let asked: Value = serde_json::from_str(&served.body).unwrap();
    let control = &asked["simulator"];
    let told = control["fault"]["missing_usage"] != true;
    let cached = control["cached_tokens"].as_u64().filter(|_| told).unwrap_or(0).min(served.prompt_tokens);
    let Price { input, cached: cached_price, output } = price(served);
    let uncached = served.prompt_tokens - cached;
    i64::try_from(uncached * input + cached * cached_price + served.completion_tokens * output).unwrap()
}

/// What may at most be charged for what was written.
fn written(served: &Served) -> i64 {
    let Price { input, output, .. } = price(served);
    let nanos = served.prompt_tokens * input + served.tokens_written * output;
    if served.status == 200 { i64::try_from(nanos).unwrap() } else { 0 }
}

impl Audit<'_> {
    /// Checks everything that must hold at any moment, that of a kill included.
    pub(super) fn check(&self) {
        let rows: HashMap<&str, &Row> = self.book.usage.iter().map(|row| (row.id.as_str(), row)).collect();
        for seen in self.seen {
            match seen.id.as_deref().map(|id| rows.get(id).copied()) {
                _ if seen.complete => {
                    self.check_complete(seen, seen.id.as_deref().and_then(|id| rows.get(id).copied()))
                }
                Some(Some(row)) => self.check_incomplete(seen, row),
                Some(None) | None => {}
            }
        }
        self.check_unknown();
        self.check_transfers(&rows);
        self.check_payments();
        self.check_balances();
    }

    /// A complete answer is charged what it costs, and was so before the client had its end.
    fn check_complete(&self, seen: &Seen, row: Option<&Row>) {
        let row = row.unwrap_or_else(|| panic!("a complete answer was never charged: {seen:?}"));
        let served: Vec<_> =
            self.of(&seen.tag).iter().filter(|served| served.complete && served.status == 200).collect();
        assert_eq!(served.len(), 1, "{seen:?}: {served:?}");
        let cost = whole(served[0]);
        assert_eq!((row.charged, row.ended.as_str()), (cost, "settled"), "{seen:?}: {row:?}");
        assert_eq!(seen.tokens, served[0].completion_tokens, "{seen:?}");
        assert!(seen.cost.is_none_or(|told| told.nanos() == cost), "{seen:?}: {cost}");
    }

    /// Any other answer is charged no more than was served, and for all that came where the gateway lived on.
    fn check_incomplete(&self, seen: &Seen, row: &Row) {
        let most = if seen.status == 200 { self.written(&seen.tag) } else { 0 };
        assert!((0..=most).contains(&row.charged), "{most} at most: {seen:?}: {row:?}");
        if row.ended != "expired" {
            let output = self.of(&seen.tag).first().map_or(0, |served| price(served).output);
            let least = i64::try_from(seen.tokens * output).unwrap();
            assert!(least <= row.charged, "{least} at least: {seen:?}: {row:?}");
        }
    }

    /// Requests whose head never came have ids that nobody knows: of each account, model and form, the dearest of such
    /// rows must be one of the dearest of such requests, and so on down.
    fn check_unknown(&self) {
        let known: HashSet<&str> = self.seen.iter().filter_map(|seen| seen.id.as_deref()).collect();
        let mut charges: HashMap<_, Vec<i64>> = HashMap::new();
        for row in self.book.usage.iter().filter(|row| row.charged != 0 && !known.contains(row.id.as_str())) {
            charges.entry((row.account.clone(), row.model.as_str(), row.stream)).or_default().push(row.charged);
        }
        let mut bounds: HashMap<_, Vec<i64>> = HashMap::new();
        for seen in self.seen.iter().filter(|seen| seen.id.is_none()) {
            let key = (seen.account.to_string(), seen.model, seen.stream);
            bounds.entry(key).or_default().push(self.written(&seen.tag));
        }
        for (key, mut charges) in charges {
            let mut bounds = bounds.remove(&key).unwrap_or_default();
            charges.sort_unstable_by(|a, b| b.cmp(a));
            bounds.sort_unstable_by(|a, b| b.cmp(a));
            let fits =
                charges.len() <= bounds.len() && charges.iter().zip(&bounds).all(|(charge, most)| charge <= most);
            assert!(fits, "{key:?} was charged {charges:?} for at most {bounds:?}");
        }
    }

    /// Each charge moved exactly its money, and no money moved without one.
    fn check_transfers(&self, rows: &HashMap<&str, &Row>) {
        for row in rows.values() {
            let moved = self.book.moved.get(&row.id).copied().unwrap_or_default();
            assert_eq!(moved, -row.charged, "{row:?}");
        }
        for id in self.book.moved.keys() {
            assert!(rows.contains_key(id.as_str()), "{id} moved money for no request");
        }
    }

    /// A payment that was acknowledged is there, once; any other wholly or not at all.
    fn check_payments(&self) {
        let mut booked = self.book.payments.clone();
        for payment in self.payments {
            let payer = self.payers.iter().find(|payer| payer.email == payment.email).unwrap();
            match booked.remove(&payment.reference) {
                None => assert!(!payment.acknowledged, "lost: {payment:?}"),
                Some(found) => assert_eq!(found, (payer.account.to_string(), payment.amount.nanos()), "{payment:?}"),
            }
        }
        assert!(booked.is_empty(), "nobody paid {booked:?}");
    }

    /// A balance is what came in less what was charged, and never below nothing.
    fn check_balances(&self) {
        for payer in self.payers {
            let account = payer.account.to_string();
            let paid: i64 =
                self.book.payments.values().filter(|(of, _)| *of == account).map(|(_, amount)| amount).sum();
            let charged: i64 = self.book.usage.iter().filter(|row| row.account == account).map(|row| row.charged).sum();
            assert_eq!(self.book.posted[&account], paid - charged, "{payer:?}: paid {paid}, charged {charged}");
            assert!(charged <= paid, "{payer:?} has overspent");
        }
    }

    fn written(&self, tag: &str) -> i64 {
        self.of(tag).iter().map(written).max().unwrap_or(0)
    }

    fn of(&self, tag: &str) -> &[Served] {
        self.served.get(tag).map_or(&[], Vec::as_slice)
    }
}
