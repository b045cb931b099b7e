//! A script of commands, one a line: `hold H1 A 60 60 = ok 60`. What stands behind `=` is what must be answered.
//!
//! Names stand for ids; the key of account `A` is `A` too, unless a line ends its name so: `A/K2`. Amounts are
//! nano-dollars.

use std::collections::HashMap;

use async_trait::async_trait;
use syntopen_ledger::account::{Account, Charged, EndedAs, Key, Spending};
use syntopen_ledger::balances::{
    Balances, CheckpointOutcome, Credit, CreditOutcome, FinishOutcome, HoldOutcome, Looked, Seed,
};
use syntopen_shared::clock::ManualClock;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::{AccountStatus, Checkpoint, Finish, FinishKind, Hold, KeyStatus, SpendLimits};
use uuid::Uuid;

use crate::support::usage;

/// A backend under test, with what the drainer does to it.
#[async_trait]
pub(super) trait Backend: Balances {
    /// Books everything that waits for the book: the amounts, oldest first.
    async fn book(&self) -> Vec<i64>;
}

pub(super) async fn run(balances: &dyn Backend, clock: &ManualClock, text: &str) {
    Script::over(balances, clock).play(text).await;
}

/// Names that go on to mean what they meant in the lines before.
pub(super) struct Script<'a> {
    balances: &'a dyn Backend,
    clock: &'a ManualClock,
    ids: HashMap<String, Uuid>,
}

impl<'a> Script<'a> {
    pub(super) fn over(balances: &'a dyn Backend, clock: &'a ManualClock) -> Self {
        Self { balances, clock, ids: HashMap::new() }
    }

    pub(super) async fn play(&mut self, text: &str) {
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (command, expected) = line.split_once('=').unwrap_or((line, "ok"));
            let words: Vec<_> = command.split_whitespace().collect();
            let answer = self.run(&words).await;
            assert_eq!(answer, expected.trim(), "{line}");
        }
    }

    async fn run(&mut self, words: &[&str]) -> String {
        match *words {
            ["account", who, posted] => self.seed(who, posted, &[]).await,
            ["seed", who, posted, ref rest @ ..] => self.seed(who, posted, rest).await,
            ["status", who, posted, ref rest @ ..] => self.set_status(who, posted, rest).await,
            ["hold", id, who, min, want] => self.hold(id, who, [min, want]).await,
            ["checkpoint", id, who, amount, cost] => self.checkpoint(id, who, [amount, cost]).await,
            ["put_back", id, who, amount, cost] => self.put_back(id, who, [amount, cost]).await,
            ["settle", id, who, cost] => self.finish(id, who, FinishKind::Settle, cost).await,
            ["release", id, who] => self.finish(id, who, FinishKind::Release, "0").await,
            ["expire", id, who] => self.finish(id, who, FinishKind::Expire, "0").await,
            ["give_up", id, who] => self.give_up(id, who).await,
            ["unknown", kind, id, who, cost, ref booked @ ..] => self.unknown(id, who, kind, cost, booked).await,
            ["credit", who, number, amount] => self.credit(who, number, amount).await,
            ["tick", seconds] => {
                self.clock.advance_ms(seconds.parse::<i64>().unwrap() * 1_000);
                "ok".to_owned()
            }
            ["sweep"] => self.balances.expire_overdue(100).await.unwrap().to_string(),
            ["book"] => {
                let booked = self.balances.book().await;
                booked.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
            }
            ["balance", who] => {
                let account = self.balances.account(self.id(who).into()).await.unwrap().unwrap();
                format!("{} held {}", account.posted.nanos(), account.held.nanos())
            }
            ["spent", key] => {
                let (account, key) = self.payer(key);
                let key = self.balances.key(account.into(), key.into()).await.unwrap().unwrap();
                let spent = key.spending.at(self.unix_ms()).spent;
                format!("{} {} {}", spent.day.nanos(), spent.month.nanos(), spent.total.nanos())
            }
            _ => format!("no such command: {words:?}"),
        }
    }

    pub(super) fn id(&mut self, name: &str) -> Uuid {
        *self.ids.entry(name.to_owned()).or_insert_with(Uuid::now_v7)
    }

    /// The account and the key of `A` or `A/K`.
    pub(super) fn payer(&mut self, who: &str) -> (Uuid, Uuid) {
        let (account, key) = who.split_once('/').map_or((who, who.to_owned() + " key"), |(a, key)| (a, key.to_owned()));
        (self.id(account), self.id(&key))
    }

    async fn seed(&mut self, who: &str, posted: &str, rest: &[&str]) -> String {
        let seed = self.book_says(who, posted, rest);
        let epoch = self.balances.epoch(seed.account).await.unwrap();
        self.balances.seed(&seed, epoch).await.unwrap();
        "ok".to_owned()
    }

    async fn set_status(&mut self, who: &str, posted: &str, rest: &[&str]) -> String {
        let seed = self.book_says(who, posted, rest);
        self.balances.set_status(&seed).await.unwrap();
        "ok".to_owned()
    }

    pub(super) fn book_says(&mut self, who: &str, posted: &str, rest: &[&str]) -> Seed {
        let (account, key) = self.payer(who);
        let mut limits = SpendLimits::default();
        let (mut status, mut version, mut expires_ms) = (AccountStatus::Active, 1, None);
        let mut key_status = KeyStatus::Active;
        for option in rest {
            let (name, value) = option.split_once(':').unwrap();
            let number = value.parse::<i64>().ok();
            match name {
                "day" => limits.day = number.map(NanoUsd::new),
                "month" => limits.month = number.map(NanoUsd::new),
                "total" => limits.total = number.map(NanoUsd::new),
                "version" => version = number.unwrap(),
                "expires_in" => expires_ms = number.map(|seconds| self.unix_ms() + seconds * 1_000),
                "account" => status = AccountStatus::Suspended,
                _ => key_status = KeyStatus::Revoked,
            }
        }
        let record = Account { posted: nanos(posted), held: NanoUsd::ZERO, credit_no: 1, moves: 0, status, version };
        let of_key = Key {
            account: account.into(),
            version,
            status: key_status,
            expires_ms,
            limits,
            held: NanoUsd::ZERO,
            spending: Spending::default(),
        };
        Seed { account: account.into(), record, key: Some((key.into(), of_key)) }
    }

    fn unix_ms(&self) -> i64 {
        syntopen_shared::clock::Clock::unix_ms(self.clock)
    }

    pub(super) fn hold_command(&mut self, id: &str, who: &str, [min, want]: [&str; 2]) -> Hold {
        let (account, key) = self.payer(who);
        let (min, want) = (nanos(min), nanos(want));
        Hold { id: self.id(id).into(), account: account.into(), key: key.into(), min, want, usage: usage(0) }
    }

    async fn hold(&mut self, id: &str, who: &str, figures: [&str; 2]) -> String {
        let hold = self.hold_command(id, who, figures);
        match self.balances.hold(&hold).await.unwrap() {
            HoldOutcome::Granted(granted) => format!("ok {}", granted.amount.nanos()),
            HoldOutcome::Refused(refused) => refused.to_string(),
            HoldOutcome::Unseeded(_) => "unseeded".to_owned(),
        }
    }

    pub(super) fn checkpoint_command(&mut self, id: &str, who: &str, [amount, cost]: [&str; 2]) -> Checkpoint {
        let (account, key) = self.payer(who);
        Checkpoint {
            id: self.id(id).into(),
            account: account.into(),
            key: key.into(),
            amount: nanos(amount),
            usage: usage(nanos(cost).nanos()),
        }
    }

    async fn checkpoint(&mut self, id: &str, who: &str, figures: [&str; 2]) -> String {
        let checkpoint = self.checkpoint_command(id, who, figures);
        recorded(self.balances.checkpoint(&checkpoint).await.unwrap())
    }

    async fn put_back(&mut self, id: &str, who: &str, figures: [&str; 2]) -> String {
        let checkpoint = self.checkpoint_command(id, who, figures);
        recorded(self.balances.put_back(&checkpoint).await.unwrap())
    }

    /// A release of a request that nobody knows; where the backend asks what the book has of it, that is nothing.
    async fn give_up(&mut self, id: &str, who: &str) -> String {
        let told = self.finish(id, who, FinishKind::Release, "0").await;
        if told == "unknown" { self.unknown(id, who, "release", "0", &[]).await } else { told }
    }

    pub(super) fn finish_command(&mut self, id: &str, who: &str, kind: FinishKind, cost: &str) -> Finish {
        let (account, key) = self.payer(who);
        let usage = usage(nanos(cost).nanos());
        Finish { id: self.id(id).into(), account: account.into(), key: key.into(), kind, usage }
    }

    async fn finish(&mut self, id: &str, who: &str, kind: FinishKind, cost: &str) -> String {
        let finish = self.finish_command(id, who, kind, cost);
        told(self.balances.finish(&finish).await.unwrap())
    }

    async fn unknown(&mut self, id: &str, who: &str, kind: &str, cost: &str, booked: &[&str]) -> String {
        let kind = if kind == "settle" { FinishKind::Settle } else { FinishKind::Release };
        let finish = self.finish_command(id, who, kind, cost);
        let booked = match *booked {
            [ended, total] => Some(Charged { ended: EndedAs::parse(ended).unwrap(), total: nanos(total) }),
            _ => None,
        };
        let epoch = self.balances.epoch(finish.account).await.unwrap();
        told(self.balances.finish_unknown(&finish, Looked { booked, epoch }).await.unwrap())
    }

    async fn credit(&mut self, who: &str, number: &str, amount: &str) -> String {
        let (account, number) = (self.id(who).into(), number.parse().unwrap());
        match self.balances.credit(Credit { account, number, amount: nanos(amount) }).await.unwrap() {
            CreditOutcome::Applied => "ok".to_owned(),
            CreditOutcome::Gap { have } => format!("gap after {have}"),
            CreditOutcome::Frozen => "frozen".to_owned(),
            CreditOutcome::Unseeded(_) => "unseeded".to_owned(),
        }
    }
}

fn recorded(outcome: CheckpointOutcome) -> String {
    match outcome {
        CheckpointOutcome::Recorded { .. } => "ok",
        CheckpointOutcome::Ended => "ended",
        CheckpointOutcome::Unknown => "unknown",
        CheckpointOutcome::Frozen => "frozen",
        CheckpointOutcome::Unseeded(_) => "unseeded",
    }
    .to_owned()
}

fn told(outcome: FinishOutcome) -> String {
    match outcome {
        FinishOutcome::Done { .. } => "ok".to_owned(),
        FinishOutcome::Alive => "alive".to_owned(),
        FinishOutcome::Unknown(_) => "unknown".to_owned(),
        FinishOutcome::Unseeded(_) => "unseeded".to_owned(),
        FinishOutcome::Refused(refused) => refused.to_string(),
    }
}

fn nanos(text: &str) -> NanoUsd {
    NanoUsd::new(text.parse().unwrap())
}
