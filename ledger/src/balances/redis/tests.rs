//! What can be seen only between the steps of one method.

use std::sync::Arc;

use syntopen_shared::clock::ManualClock;
use syntopen_shared::id::RequestId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::price::{Prices, Tokens};
use syntopen_shared::testing::RedisServer;
use syntopen_shared::wire::ledger::{AccountStatus, KeyStatus, Outcome, SpendLimits, Usage};

use super::*;
use crate::account::Spending;

fn usage(cost: i64) -> Usage {
    Usage {
        model: "a/model".into(),
        provider: "openai".into(),
        upstream: "openai".into(),
        tokens: Tokens::default(),
        prices: Prices::default(),
        cost_price: None,
        cost: NanoUsd::new(cost),
        source: None,
        outcome: Outcome::Running,
        stream: true,
        attempts: 1,
        started_ms: 0,
        first_byte_ms: None,
        duration_ms: 0,
    }
}

fn seed() -> Seed {
    let account = AccountId::mint();
    let record = Account {
        posted: NanoUsd::new(100),
        held: NanoUsd::ZERO,
        credit_no: 1,
        moves: 0,
        status: AccountStatus::Active,
        version: 1,
    };
    let key = Key {
        account,
        version: 1,
        status: KeyStatus::Active,
        expires_ms: None,
        limits: SpendLimits::default(),
        held: NanoUsd::ZERO,
        spending: Spending::default(),
    };
    Seed { account, record, key: Some((KeyId::mint(), key)) }
}

#[tokio::test]
async fn a_hold_that_is_renewed_after_the_look_does_not_expire() {
    let server = RedisServer::start();
    let clock = Arc::new(ManualClock::at(1_796_079_600_000));
    let redis = Arc::new(Redis::open(&server.url().parse().unwrap()).unwrap());
    let settings = RedisSettings { shards: 1, ..RedisSettings::default() };
    let balances = RedisBalances::new(redis, settings).in_time_of(clock.clone());
    assert!(balances.freeze(0, Epoch(1)).await.unwrap());
    let survivors = balances.survivors(0, Epoch(1)).await.unwrap().unwrap();
    assert!(balances.open_shard(0, Epoch(1), (&survivors, &survivors.marker())).await.unwrap());
    let seed = seed();
    let (account, key) = (seed.account, seed.key.as_ref().unwrap().0);
    balances.seed(&seed, Epoch(1)).await.unwrap();

    let amount = NanoUsd::new(9);
    let hold = Hold { id: RequestId::mint(), account, key, min: amount, want: amount, usage: usage(0) };
    assert!(matches!(balances.hold(&hold).await, Ok(HoldOutcome::Granted(_))));
    clock.advance_ms(60_000);
    let overdue = balances.ask(balances.overdue_call(0, 10), answers::overdue).await.unwrap();
    assert_eq!(overdue.iter().map(|hold| hold.id).collect::<Vec<_>>(), [hold.id]);
    let checkpoint = Checkpoint { id: hold.id, account, key, amount, usage: usage(5) };
    assert!(matches!(balances.checkpoint(&checkpoint).await, Ok(CheckpointOutcome::Recorded { .. })));
    let expired = balances.ask(balances.expire_call(0, overdue[0]), answers::expire).await;
    assert_eq!(expired, Ok(false), "it is alive");

    clock.advance_ms(59_999);
    assert_eq!(balances.expire_overdue(10).await, Ok(0));
    clock.advance_ms(1);
    assert_eq!(balances.expire_overdue(10).await, Ok(1));
    assert_eq!(balances.account(account).await.unwrap().unwrap().posted, NanoUsd::new(95));
}
