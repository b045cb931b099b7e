//! Losses of Redis: epochs, anchors, and the way from a frozen shard to an open one.

use std::time::{Duration, Instant};

use syntopen_ledger::Unavailable;
use syntopen_ledger::account::{Charged, EndedAs};
use syntopen_ledger::balances::redis::{Meta, RedisBalances, StreamView};
use syntopen_ledger::balances::{
    Anchor, Balances as _, CheckpointOutcome, Credit, CreditOutcome, Epoch, FinishOutcome, HoldOutcome, Looked,
};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::testing::RedisServer;
use syntopen_shared::wire::ledger::{FinishKind, FinishRefused, HoldRefused, Outcome, UsageSource};

use super::Setup;
use super::redis::{balances_at, own_shards, recover, settings};
use super::script::Script;

const PATIENCE: Duration = Duration::from_secs(30);

async fn view(balances: &RedisBalances, anchor: Option<&Anchor>) -> StreamView {
    balances.read(0, anchor, 100).await.unwrap()
}

/// Ids and totals of what a view shows; nothing for a marker.
fn totals(view: &StreamView) -> Vec<Option<i64>> {
    let total = |entry: &syntopen_ledger::account::Entry| entry.charged.total.nanos();
    view.entries.iter().map(|entry| entry.entry.as_deref().map(total)).collect()
}

#[tokio::test]
async fn records_of_an_earlier_epoch_are_absent() {
    let Setup { balances, clock, server: _server } = own_shards(1).await;
    let mut script = Script::over(&*balances, &clock);
    script
        .play(
            "account A 100
             hold H1 A 10 10    = ok 10
             hold H2 A 10 10    = ok 10
             settle H2 A 10     = ok
             status A 100 version:5 key:revoked",
        )
        .await;
    assert!(recover(&balances, 0, Epoch(2)).await);
    let (account, key) = script.payer("A");
    assert_eq!(balances.account(account.into()).await, Ok(None));
    assert_eq!(balances.key(account.into(), key.into()).await, Ok(None));
    assert_eq!(balances.epoch(account.into()).await, Ok(Epoch(2)));
    script
        .play(
            "hold H3 A 1 1            = unseeded
             credit A 2 1             = unseeded
             checkpoint H1 A 10 1     = unknown
             settle H1 A 10           = unknown
             put_back H1 A 10 1       = unseeded
             account A 90
             balance A                = 90 held 0
             hold H3 A 1 1            = ok 1
             settle H2 A 10           = unknown
             unknown settle H2 A 10 settled 10 = ok
             put_back H1 A 10 1       = ok
             balance A                = 90 held 11
             tick 60
             sweep                    = 2
             balance A                = 89 held 0",
        )
        .await;
}

#[tokio::test]
async fn a_hold_of_an_earlier_epoch_is_placed_anew() {
    let Setup { balances, clock, server } = own_shards(1).await;
    let mut script = Script::over(&*balances, &clock);
    script.play("account A 100\nhold H1 A 10 10 = ok 10\nhold H2 A 10 10 = ok 10\nsettle H2 A 1 = ok").await;
    assert!(recover(&balances, 0, Epoch(2)).await);
    script.play("account A 99\nhold H1 A 7 7 = ok 7\nhold H2 A 8 8 = ok 8\nbalance A = 99 held 15").await;
    for id in ["H1", "H2"] {
        let keys = server.command(&format!("KEYS *:h:{}", script.id(id)));
        let name = keys.lines().find(|line| line.contains(":h:")).unwrap();
        assert_eq!(server.command(&format!("PTTL {name}")), ":-1\r\n", "{id} is open and must not vanish");
    }
    script.play("release H1 A = ok\nsettle H2 A 8 = ok\nbalance A = 91 held 0").await;
}

#[tokio::test]
async fn what_an_earlier_epoch_left_is_swept_away() {
    let Setup { balances, clock, server } = own_shards(1).await;
    let mut script = Script::over(&*balances, &clock);
    script.play("account A 100\nhold H1 A 10 10 = ok 10\ncheckpoint H1 A 10 9 = ok").await;
    assert!(recover(&balances, 0, Epoch(2)).await);
    script.play("account A 100\ntick 60\nsweep = 0\nbalance A = 100 held 0\nbook = ").await;
    let holds = server.command(&format!("KEYS *:h:{}", script.id("H1")));
    assert_eq!(holds, "*0\r\n");
}

#[tokio::test]
async fn what_was_prepared_in_an_earlier_epoch_is_refused() {
    let Setup { balances, clock, server: _server } = own_shards(1).await;
    let mut script = Script::over(&*balances, &clock);
    let seed = script.book_says("A", "100", &[]);
    assert!(recover(&balances, 0, Epoch(2)).await);
    balances.seed(&seed, Epoch(1)).await.unwrap();
    assert_eq!(balances.account(seed.account).await, Ok(None));
    balances.seed(&seed, Epoch(2)).await.unwrap();
    assert_eq!(balances.account(seed.account).await, Ok(Some(seed.record)));

    let finish = script.finish_command("H1", "A", FinishKind::Settle, "5");
    for booked in [None, Some(Charged { ended: EndedAs::Expired, total: NanoUsd::ZERO })] {
        let looked = Looked { booked, epoch: Epoch(1) };
        assert_eq!(balances.finish_unknown(&finish, looked).await, Ok(FinishOutcome::Unknown(Epoch(2))));
    }
    script.play("balance A = 100 held 0\nbook =").await;
    let looked = Looked { booked: None, epoch: Epoch(2) };
    assert!(matches!(balances.finish_unknown(&finish, looked).await, Ok(FinishOutcome::Done { .. })));
    // The hold has turned up: what the book said of it does not matter any more.
    let looked = Looked { booked: None, epoch: Epoch(1) };
    assert!(matches!(balances.finish_unknown(&finish, looked).await, Ok(FinishOutcome::Done { .. })));
    script.play("balance A = 95 held 0\nbook = 5").await;
}

#[tokio::test]
async fn a_frozen_shard_takes_nothing_and_goes_on_where_it_was() {
    let Setup { balances, clock, server: _server } = own_shards(1).await;
    let mut script = Script::over(&*balances, &clock);
    script.play("account A 100\nhold H1 A 10 10 = ok 10\nhold H2 A 10 10 = ok 10\nsettle H2 A 4 = ok").await;
    assert!(!balances.freeze(0, Epoch(1)).await.unwrap(), "it is in epoch 1");
    assert!(balances.freeze(0, Epoch(3)).await.unwrap());
    assert!(!balances.freeze(0, Epoch(2)).await.unwrap(), "freezing never lowers the epoch");

    let hold = script.hold_command("H3", "A", ["1", "1"]);
    assert_eq!(balances.hold(&hold).await, Ok(HoldOutcome::Refused(HoldRefused::Frozen)));
    let finish = script.finish_command("H1", "A", FinishKind::Settle, "5");
    assert_eq!(balances.finish(&finish).await, Ok(FinishOutcome::Refused(FinishRefused::Frozen)));
    let release = script.finish_command("H4", "A", FinishKind::Release, "0");
    assert_eq!(balances.finish(&release).await, Ok(FinishOutcome::Refused(FinishRefused::Frozen)));
    let checkpoint = script.checkpoint_command("H1", "A", ["10", "5"]);
    assert_eq!(balances.checkpoint(&checkpoint).await, Ok(CheckpointOutcome::Frozen));
    assert_eq!(balances.put_back(&checkpoint).await, Ok(CheckpointOutcome::Frozen));
    let credit = Credit { account: hold.account, number: 2, amount: NanoUsd::new(1) };
    assert_eq!(balances.credit(credit).await, Ok(CreditOutcome::Frozen));
    let seed = script.book_says("A", "100", &["version:9"]);
    assert_eq!(balances.set_status(&seed).await, Err(Unavailable), "a revocation is not acknowledged");
    assert_eq!(balances.audit(0, &[], &[]).await.unwrap().map(|audit| audit.epoch), None);
    script.play("tick 60\nsweep = 0").await;

    let seen = view(&balances, None).await;
    assert_eq!(seen.meta, Some(Meta { epoch: Epoch(3), is_open: false }));
    assert_eq!(balances.survivors(0, Epoch(2)).await, Ok(None));
    let survivors = balances.survivors(0, Epoch(3)).await.unwrap().unwrap();
    assert_eq!(survivors.entries, seen.entries);
    assert_eq!(survivors.last_id, seen.entries.last().unwrap().anchor.id);
    let marker = survivors.marker();
    assert!(!balances.open_shard(0, Epoch(2), (&survivors, &marker)).await.unwrap(), "another attempt");
    let mut others = survivors.clone();
    others.entries.pop();
    assert!(!balances.open_shard(0, Epoch(3), (&others, &marker)).await.unwrap(), "not as it was drained");
    assert!(balances.open_shard(0, Epoch(3), (&survivors, &marker)).await.unwrap());
    assert!(!balances.open_shard(0, Epoch(3), (&survivors, &marker)).await.unwrap(), "it is open");
    let seen = view(&balances, Some(&marker)).await;
    assert_eq!(seen.meta, Some(Meta { epoch: Epoch(3), is_open: true }));
    assert!(seen.is_anchored && seen.entries.is_empty());
    script.play("account A 96\ngive_up H4 A = ok").await;
    let seen = view(&balances, Some(&marker)).await;
    assert_eq!(totals(&seen), [Some(0)]);
}

#[tokio::test]
async fn the_anchor_is_that_very_entry() {
    let Setup { balances, clock, server: _server } = own_shards(1).await;
    let mut script = Script::over(&*balances, &clock);
    script.play("account A 100").await;
    for request in 0..3 {
        script.play(&format!("hold H{request} A 9 9 = ok 9\nsettle H{request} A {request} = ok")).await;
    }
    let all = view(&balances, None).await;
    assert_eq!(totals(&all), [None, Some(0), Some(1), Some(2)]);
    let anchor = all.entries[1].anchor.clone();
    let behind = view(&balances, Some(&anchor)).await;
    assert!(behind.is_anchored);
    assert_eq!(totals(&behind), [Some(1), Some(2)]);
    assert_eq!(totals(&balances.read(0, Some(&anchor), 1).await.unwrap()), [Some(1)]);

    let impostor = Anchor { nonce: "another".to_owned(), ..anchor.clone() };
    let nowhere = Anchor { id: "1-1".to_owned(), ..anchor.clone() };
    for lost in [impostor, nowhere] {
        let seen = view(&balances, Some(&lost)).await;
        assert!(!seen.is_anchored && seen.entries.is_empty());
        assert!(!balances.trim(0, &lost).await.unwrap());
    }
    assert_eq!(balances.lengths().await, [Ok(4)]);
    assert!(balances.trim(0, &anchor).await.unwrap());
    assert_eq!(balances.lengths().await, [Ok(3)], "the anchor stays");
    assert!(view(&balances, Some(&anchor)).await.is_anchored);
    let views = balances.read_all(&[(0, Some(anchor)), (0, None)], 10).await;
    assert_eq!(views.iter().map(|view| totals(view.as_ref().unwrap()).len()).collect::<Vec<_>>(), [2, 3]);
}

#[tokio::test]
async fn an_entry_tells_what_the_book_needs() {
    let Setup { balances, clock, server: _server } = own_shards(1).await;
    let mut script = Script::over(&*balances, &clock);
    script
        .play(
            "account A 100
             hold H1 A 9 9          = ok 9
             checkpoint H1 A 9 7    = ok
             tick 3600
             sweep                  = 1
             settle H1 A 9          = ok",
        )
        .await;
    let seen = view(&balances, None).await;
    let entries: Vec<_> = seen.entries[1..].iter().map(|entry| entry.entry.clone().unwrap()).collect();
    let (account, key) = script.payer("A");
    for (entry, (ended, total, amount)) in entries.iter().zip([(EndedAs::Expired, 7, 7), (EndedAs::Settled, 9, 2)]) {
        assert_eq!((entry.id, entry.account, entry.key), (script.id("H1").into(), account.into(), key.into()));
        assert_eq!(entry.charged, Charged { ended, total: NanoUsd::new(total) });
        assert_eq!((entry.amount.nanos(), entry.usage.cost.nanos()), (amount, total));
        // 2026-12-01 00:00:00 UTC.
        assert_eq!((entry.day_no, entry.month_no, entry.at_ms), (20_788, 2026 * 12 + 11, 1_796_083_200_000));
    }
    assert_eq!((entries[0].usage.outcome, entries[0].usage.source), (Outcome::Running, Some(UsageSource::Partial)));
    assert_eq!((entries[1].usage.outcome, entries[1].usage.source), (Outcome::Completed, Some(UsageSource::Provider)));
    assert!(entries[0].position < entries[1].position);
    let nonces: Vec<_> = seen.entries.iter().map(|entry| &entry.anchor.nonce).collect();
    assert!(nonces[0] != nonces[1] && nonces[1] != nonces[2]);
}

#[tokio::test]
async fn a_long_stream_survives_in_pages() {
    let Setup { balances, clock, server: _server } = own_shards(1).await;
    let mut script = Script::over(&*balances, &clock);
    let releases: Vec<_> = (0..2_300)
        .map(|request| script.finish_command(&format!("H{request}"), "A", FinishKind::Release, "0"))
        .collect();
    assert!(balances.finish_all(&releases).await.iter().all(|done| matches!(done, Ok(FinishOutcome::Done { .. }))));
    assert!(balances.freeze(0, Epoch(2)).await.unwrap());
    // A page of a thousand may take a busy machine longer than Redis has for an answer; a recovery asks again, too.
    let deadline = Instant::now() + PATIENCE;
    let survivors = loop {
        match balances.survivors(0, Epoch(2)).await {
            Ok(survivors) => break survivors.unwrap(),
            Err(Unavailable) => assert!(Instant::now() < deadline, "not read within {PATIENCE:?}"),
        }
    };
    let ids: Vec<_> = survivors.entries[1..].iter().map(|entry| entry.entry.as_ref().unwrap().id).collect();
    assert_eq!(ids, releases.iter().map(|release| release.id).collect::<Vec<_>>());
    assert!(balances.open_shard(0, Epoch(2), (&survivors, &survivors.marker())).await.unwrap());
}

#[tokio::test]
async fn a_wiped_server_takes_nothing_until_it_is_opened() {
    let server = RedisServer::start();
    let (balances, clock) = balances_at(&server.url(), settings(1)).await;
    let mut script = Script::over(&balances, &clock);
    script.play("account A 100\nhold H1 A 10 10 = ok 10").await;
    let anchor = view(&balances, None).await.entries[0].anchor.clone();
    server.command("FLUSHALL");
    let seen = view(&balances, Some(&anchor)).await;
    assert_eq!((seen.meta, seen.is_anchored), (None, false));
    let (account, _) = script.payer("A");
    assert_eq!(balances.epoch(account.into()).await, Err(Unavailable));
    script.play("hold H1 A 10 10 = frozen\nsettle H1 A 10 = frozen").await;
    assert!(recover(&balances, 0, Epoch(2)).await);
    script.play("settle H1 A 10 = unknown\naccount A 100\nput_back H1 A 10 5 = ok\nsettle H1 A 10 = ok").await;
    script.play("balance A = 90 held 0\nbook = 10").await;
}

#[tokio::test]
async fn an_audit_sums_the_holds_of_its_moment() {
    let Setup { balances, clock, server: _server } = own_shards(1).await;
    let mut script = Script::over(&*balances, &clock);
    script
        .play(
            "account A 100
             seed A/K 100
             account B 50
             hold H1 A 9 9      = ok 9
             hold H2 A/K 7 7    = ok 7
             hold H3 A/K 1 1    = ok 1
             settle H3 A/K 1    = ok
             hold H4 B 5 5      = ok 5",
        )
        .await;
    let (a, key) = script.payer("A");
    let (_, k) = script.payer("A/K");
    let (b, key_of_b) = script.payer("B");
    let nobody = script.id("nobody");
    let accounts = [a.into(), nobody.into()];
    let audit = balances.audit(0, &accounts, &[k.into(), nobody.into()]).await.unwrap().unwrap();
    assert_eq!(audit.epoch, Epoch(1));
    assert_eq!(audit.accounts.len(), 1);
    let record = &audit.accounts[&a.into()];
    assert_eq!((record.posted.nanos(), record.held.nanos(), record.moves), (99, 16, 1));
    assert_eq!(audit.keys.len(), 1);
    assert_eq!(audit.keys[&k.into()].held.nanos(), 7);
    let mut open: Vec<_> = audit.open.iter().map(|((account, key), held)| (*account, *key, held.nanos())).collect();
    open.sort_by_key(|(_, _, held)| *held);
    assert_eq!(open, [(b.into(), key_of_b.into(), 5), (a.into(), k.into(), 7), (a.into(), key.into(), 9)]);
}
