//! Random commands, given to memory and to Redis, are answered alike and leave the same balances.

use proptest::prelude::*;
use syntopen_ledger::account::{Account, Charged, EndedAs, Key, Spending};
use syntopen_ledger::balances::memory::{Bounds, MemoryBalances};
use syntopen_ledger::balances::redis::RedisBalances;
use syntopen_ledger::balances::{
    CheckpointOutcome, Credit, CreditOutcome, Epoch, FinishOutcome, HoldOutcome, Looked, Seed,
};
use syntopen_shared::clock::{Clock as _, ManualClock};
use syntopen_shared::id::{AccountId, KeyId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::testing::RedisServer;
use syntopen_shared::wire::ledger::{
    AccountStatus, Checkpoint, Finish, FinishKind, Hold, KeyStatus, SpendLimits, Spent,
};

use super::redis::{balances_at, settings};
use super::script::Backend;
use super::suite::JOURNAL_MAX;
use crate::support::usage;

const REQUESTS: usize = 8;
const ACCOUNTS: usize = 2;
const KEYS: usize = 3;
/// Near the end of what can be stored, with room for what the other steps add.
const HUGE: i64 = NanoUsd::MAX.nanos() - 1_000_000;

#[derive(Clone, Debug)]
enum Step {
    Hold { request: usize, account: usize, key: usize, min: i64, more: i64 },
    Checkpoint { request: usize, cost: i64 },
    PutBack { request: usize, key: usize, amount: i64, cost: i64 },
    Finish { request: usize, key: usize, kind: FinishKind, cost: i64 },
    FinishUnknown { request: usize, key: usize, kind: FinishKind, cost: i64, booked: Option<(EndedAs, i64)> },
    Credit { account: usize, number: i64, amount: i64 },
    Status { key: usize, version: i64, change: Change },
    Tick { ms: i64 },
    Sweep,
    Book,
    Forget,
}

/// What a newer record says.
#[derive(Clone, Copy, Debug)]
struct Change {
    suspends: bool,
    revokes: bool,
    expires_in_ms: Option<i64>,
    limits: [Option<i64>; 3],
}

fn kind() -> impl Strategy<Value = FinishKind> {
    prop_oneof![
        3 => Just(FinishKind::Settle),
        1 => Just(FinishKind::Release),
        1 => Just(FinishKind::Expire),
    ]
}

/// What a request costs: seldom something that no honest gateway sends.
fn cost() -> impl Strategy<Value = i64> {
    prop_oneof![30 => 0..60_i64, 1 => Just(HUGE), 2 => odd_cost()]
}

/// What a request has cost so far.
fn cost_so_far() -> impl Strategy<Value = i64> {
    prop_oneof![15 => 0..60_i64, 1 => odd_cost()]
}

fn odd_cost() -> impl Strategy<Value = i64> {
    prop_oneof![Just(-1), Just(NanoUsd::MAX.nanos() + 1), Just(i64::MAX)]
}

fn change() -> impl Strategy<Value = Change> {
    let seldom = prop::bool::weighted(0.2);
    let limit = || prop::option::weighted(0.3, 0..200_i64);
    let limits = [limit(), limit(), limit()];
    (seldom, seldom, prop::option::weighted(0.2, 0..100_000_i64), limits)
        .prop_map(|(suspends, revokes, expires_in_ms, limits)| Change { suspends, revokes, expires_in_ms, limits })
}

fn step() -> impl Strategy<Value = Step> {
    let (request, account, key) = (0..REQUESTS, 0..ACCOUNTS, 0..KEYS);
    let booked = prop::option::of((
        prop_oneof![Just(EndedAs::Settled), Just(EndedAs::Released), Just(EndedAs::Expired)],
        0..60_i64,
    ));
    let odd_amount = prop_oneof![20 => 0..60_i64, 1 => Just(-1), 1 => Just(NanoUsd::MAX.nanos() + 1)];
    let more = prop_oneof![6 => Just(0), 4 => 0..200_i64, 1 => Just(-1), 1 => Just(NanoUsd::MAX.nanos())];
    prop_oneof![
        12 => (request.clone(), account.clone(), key.clone(), -1..60_i64, more)
            .prop_map(|(request, account, key, min, more)| Step::Hold { request, account, key, min, more }),
        5 => (request.clone(), cost_so_far()).prop_map(|(request, cost)| Step::Checkpoint { request, cost }),
        3 => (request.clone(), key.clone(), odd_amount, cost_so_far())
            .prop_map(|(request, key, amount, cost)| Step::PutBack { request, key, amount, cost }),
        8 => (request.clone(), key.clone(), kind(), cost())
            .prop_map(|(request, key, kind, cost)| Step::Finish { request, key, kind, cost }),
        3 => (request, key.clone(), kind(), cost(), booked)
            .prop_map(|(request, key, kind, cost, booked)| Step::FinishUnknown { request, key, kind, cost, booked }),
        3 => (account, 0..6_i64, -40..90_i64)
            .prop_map(|(account, number, amount)| Step::Credit { account, number, amount }),
        2 => (key, 2..7_i64, change()).prop_map(|(key, version, change)| Step::Status { key, version, change }),
        3 => (0..70_000_i64).prop_map(|ms| Step::Tick { ms }),
        1 => prop_oneof![Just(86_400_000_i64), Just(31 * 86_400_000)].prop_map(|ms| Step::Tick { ms }),
        2 => Just(Step::Sweep),
        1 => Just(Step::Book),
        1 => Just(Step::Forget),
    ]
}

/// A backend, asked as the ledger asks it: what is not seeded is seeded from the book, and the command is sent again.
struct Side<'a> {
    balances: &'a dyn Backend,
    payers: &'a Payers,
}

/// Two accounts; the first has two keys.
struct Payers {
    accounts: [AccountId; ACCOUNTS],
    keys: [KeyId; KEYS],
}

impl Payers {
    fn account_of(&self, key: usize) -> AccountId {
        self.accounts[if key == 2 { 1 } else { 0 }]
    }

    fn book_says(&self, key: usize) -> Seed {
        let account = self.account_of(key);
        let record = Account {
            posted: NanoUsd::new(150),
            held: NanoUsd::ZERO,
            credit_no: 1,
            moves: 3,
            status: AccountStatus::Active,
            version: 1,
        };
        let spent = Spent { day: NanoUsd::new(10), month: NanoUsd::new(30), total: NanoUsd::new(60) };
        // 2026-11-29, a day before all that is tested.
        let spending = Spending { day_no: 20_786, month_no: 2026 * 12 + 10, spent };
        let of_key = Key {
            account,
            version: 1,
            status: KeyStatus::Active,
            expires_ms: None,
            limits: SpendLimits::default(),
            held: NanoUsd::ZERO,
            spending,
        };
        Seed { account, record, key: Some((self.keys[key], of_key)) }
    }

    fn newer(&self, key: usize, version: i64, change: Change, now_ms: i64) -> Seed {
        let mut seed = self.book_says(key);
        seed.record.version = version;
        seed.record.status = if change.suspends { AccountStatus::Suspended } else { AccountStatus::Active };
        if let Some((_, record)) = &mut seed.key {
            record.version = version;
            record.status = if change.revokes { KeyStatus::Revoked } else { KeyStatus::Active };
            record.expires_ms = change.expires_in_ms.map(|ms| now_ms + ms);
            let [day, month, total] = change.limits.map(|limit| limit.map(NanoUsd::new));
            record.limits = SpendLimits { day, month, total };
        }
        seed
    }
}

impl Side<'_> {
    async fn seed_all(&self) {
        for key in 0..KEYS {
            let seed = self.payers.book_says(key);
            let epoch = self.balances.epoch(seed.account).await.unwrap();
            self.balances.seed(&seed, epoch).await.unwrap();
        }
    }

    async fn hold(&self, hold: &Hold) -> HoldOutcome {
        match self.balances.hold(hold).await.unwrap() {
            HoldOutcome::Unseeded(_) => {
                self.seed_all().await;
                self.balances.hold(hold).await.unwrap()
            }
            told => told,
        }
    }

    async fn checkpoint(&self, checkpoint: &Checkpoint, puts_back: PutsBack) -> CheckpointOutcome {
        loop {
            let told = match puts_back {
                PutsBack::Lost => self.balances.put_back(checkpoint).await.unwrap(),
                PutsBack::Nothing => self.balances.checkpoint(checkpoint).await.unwrap(),
            };
            match told {
                CheckpointOutcome::Unseeded(_) => self.seed_all().await,
                CheckpointOutcome::Recorded { .. } => return CheckpointOutcome::Recorded { position: 0 },
                told => return told,
            }
        }
    }

    async fn finish(&self, finish: &Finish, booked: Option<Option<Charged>>) -> FinishOutcome {
        let epoch = self.balances.epoch(finish.account).await.unwrap();
        let mut booked = booked;
        loop {
            let told = match booked {
                Some(booked) => self.balances.finish_unknown(finish, Looked { booked, epoch }).await.unwrap(),
                None => self.balances.finish(finish).await.unwrap(),
            };
            match told {
                FinishOutcome::Unseeded(_) => self.seed_all().await,
                FinishOutcome::Done { .. } => return FinishOutcome::Done { position: 0 },
                // Redis leaves a tombstone without asking the book, which has nothing here.
                FinishOutcome::Unknown(_) if finish.kind == FinishKind::Release => booked = Some(None),
                FinishOutcome::Unknown(_) => return FinishOutcome::Unknown(Epoch(0)),
                told => return told,
            }
        }
    }

    async fn credit(&self, credit: Credit) -> CreditOutcome {
        match self.balances.credit(credit).await.unwrap() {
            CreditOutcome::Unseeded(_) => {
                self.seed_all().await;
                self.balances.credit(credit).await.unwrap()
            }
            told => told,
        }
    }

    /// Amounts in no order: a sweep ends holds in the order in which the backend finds them.
    async fn book(&self) -> Vec<i64> {
        let mut amounts = self.balances.book().await;
        amounts.sort_unstable();
        amounts
    }

    /// What can be seen of all accounts and keys.
    async fn balances(&self, now_ms: i64) -> String {
        self.seed_all().await;
        let mut seen = String::new();
        for account in self.payers.accounts {
            seen += &format!("{:?}\n", self.balances.account(account).await.unwrap().unwrap());
        }
        for (place, key) in self.payers.keys.iter().enumerate() {
            let mut key = self.balances.key(self.payers.account_of(place), *key).await.unwrap().unwrap();
            key.spending = key.spending.at(now_ms);
            seen += &format!("{key:?}\n");
        }
        seen
    }
}

#[derive(Clone, Copy)]
enum PutsBack {
    Lost,
    Nothing,
}

/// Two backends that must agree.
struct Both<'a> {
    sides: [Side<'a>; 2],
    payers: &'a Payers,
    clocks: [&'a ManualClock; 2],
    ids: Vec<RequestId>,
    server: &'a RedisServer,
}

/// Gives a command to both sides and compares what they say.
macro_rules! agree {
    ($both:expr, |$side:ident| $answer:expr) => {{
        let [$side, other] = &$both.sides;
        let memory = $answer.await;
        let $side = other;
        let redis = $answer.await;
        assert_eq!(memory, redis, "memory and Redis");
    }};
}

impl Both<'_> {
    async fn apply(&mut self, step: Step) {
        let now_ms = self.clocks[0].unix_ms();
        match step {
            Step::Hold { request, account, key, min, more } => {
                let (account, key) = (self.payers.accounts[account], self.payers.keys[key]);
                let (min, want) = (NanoUsd::new(min), NanoUsd::new(min + more));
                let hold = Hold { id: self.ids[request], account, key, min, want, usage: usage(0) };
                agree!(self, |side| side.hold(&hold));
            }
            Step::Checkpoint { request, cost } => {
                let checkpoint = self.checkpoint(request, 0, [1, cost]);
                agree!(self, |side| side.checkpoint(&checkpoint, PutsBack::Nothing));
            }
            Step::PutBack { request, key, amount, cost } => {
                let checkpoint = self.checkpoint(request, key, [amount, cost]);
                agree!(self, |side| side.checkpoint(&checkpoint, PutsBack::Lost));
            }
            Step::Finish { request, key, kind, cost } => {
                let finish = self.finish(request, key, kind, cost);
                agree!(self, |side| side.finish(&finish, None));
            }
            Step::FinishUnknown { request, key, kind, cost, booked } => {
                let finish = self.finish(request, key, kind, cost);
                let booked = booked.map(|(ended, total)| Charged { ended, total: NanoUsd::new(total) });
                agree!(self, |side| side.finish(&finish, Some(booked)));
            }
            Step::Credit { account, number, amount } => {
                let amount = NanoUsd::new(amount);
                let credit = Credit { account: self.payers.accounts[account], number, amount };
                agree!(self, |side| side.credit(credit));
            }
            Step::Status { key, version, change } => {
                let seed = self.payers.newer(key, version, change, now_ms);
                agree!(self, |side| side.balances.set_status(&seed));
            }
            Step::Tick { ms } => self.clocks.iter().for_each(|clock| clock.advance_ms(ms)),
            Step::Sweep => agree!(self, |side| side.balances.expire_overdue(100)),
            Step::Book => agree!(self, |side| side.book()),
            Step::Forget => drop(self.server.command("SCRIPT FLUSH")),
        }
    }

    fn checkpoint(&self, request: usize, key: usize, [amount, cost]: [i64; 2]) -> Checkpoint {
        Checkpoint {
            id: self.ids[request],
            account: self.payers.account_of(key),
            key: self.payers.keys[key],
            amount: NanoUsd::new(amount),
            usage: usage(cost),
        }
    }

    fn finish(&self, request: usize, key: usize, kind: FinishKind, cost: i64) -> Finish {
        let account = self.payers.account_of(key);
        Finish { id: self.ids[request], account, key: self.payers.keys[key], kind, usage: usage(cost) }
    }
}

async fn agrees(server: &RedisServer, steps: Vec<Step>) {
    // One shard: requests are known by their id within a shard, and in memory everywhere.
    let (redis, redis_clock): (RedisBalances, _) = balances_at(&server.url(), settings(1)).await;
    let memory_clock = std::sync::Arc::new(ManualClock::at(redis_clock.unix_ms()));
    let bounds = Bounds { journal_max: JOURNAL_MAX, ended_max: 1_000 };
    let memory = MemoryBalances::new(bounds, memory_clock.clone());
    let payers =
        Payers { accounts: std::array::from_fn(|_| AccountId::mint()), keys: std::array::from_fn(|_| KeyId::mint()) };
    let sides = [Side { balances: &memory, payers: &payers }, Side { balances: &redis, payers: &payers }];
    let ids = (0..REQUESTS).map(|_| RequestId::mint()).collect();
    let mut both = Both { sides, payers: &payers, clocks: [&memory_clock, &redis_clock], ids, server };
    for step in steps {
        both.apply(step).await;
    }
    let now_ms = redis_clock.unix_ms();
    agree!(both, |side| side.balances(now_ms));
    agree!(both, |side| side.book());

    // Every hold that Redis counts is one that it knows.
    let audit = redis.audit(0, &payers.accounts, &[]).await.unwrap().unwrap();
    for (account, record) in audit.accounts {
        let open: i64 = audit.open.iter().filter(|((of, _), _)| *of == account).map(|(_, held)| held.nanos()).sum();
        assert_eq!(record.held.nanos(), open, "held is the sum of open holds");
    }
}

#[test]
fn random_scripts_are_answered_alike_by_memory_and_redis() {
    let server = RedisServer::start();
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..120))| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(agrees(&server, steps));
    });
}
