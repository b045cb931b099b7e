use std::sync::Arc;
use std::time::{Duration, Instant};

use syntopen_shared::id::{AccountId, KeyId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::price::{Prices, Tokens};
use syntopen_shared::wire::ledger::{Confirm, Finish, FinishKind, Outcome, Usage};

use super::table::{RETRY_FIRST, Table, Unapplied};

fn finish(kind: FinishKind) -> Arc<Finish> {
    let usage = Usage {
        model: "m".into(),
        provider: "p".into(),
        upstream: "u".into(),
        tokens: Tokens::default(),
        prices: Prices::default(),
        cost_price: None,
        cost: NanoUsd::new(7),
        source: None,
        outcome: Outcome::Completed,
        stream: false,
        attempts: 1,
        started_ms: 0,
        first_byte_ms: None,
        duration_ms: 1,
    };
    Arc::new(Finish { id: RequestId::mint(), account: AccountId::mint(), key: KeyId::mint(), kind, usage })
}

fn unapplied(ticket: u32) -> Unapplied<u32> {
    Unapplied { finish: finish(FinishKind::Settle), wait: RETRY_FIRST, ticket }
}

fn tickets(due: &[Unapplied<u32>]) -> Vec<u32> {
    due.iter().map(|entry| entry.ticket).collect()
}

#[test]
fn what_is_not_applied_waits_twice_as_long_each_time_but_no_longer_than_five_seconds() {
    let (mut table, mut now) = (Table::default(), Instant::now());
    table.retry(unapplied(1), now);
    let mut wait = RETRY_FIRST;
    for _ in 0..12 {
        assert!(table.take_due(9, now + wait - Duration::from_millis(1)).is_empty());
        now += wait;
        let due = table.take_due(9, now).pop().unwrap();
        table.retry(due, now);
        wait = (wait * 2).min(Duration::from_secs(5));
    }
    assert_eq!(wait, Duration::from_secs(5));
}

#[test]
fn the_earliest_go_first_and_no_more_than_asked_for() {
    let (mut table, now) = (Table::default(), Instant::now());
    for ticket in 0..5 {
        table.retry(unapplied(ticket), now);
    }
    let later = now + RETRY_FIRST;
    assert_eq!(tickets(&table.take_due(3, later)), [0, 1, 2]);
    assert_eq!(tickets(&table.take_due(3, later)), [3, 4]);
    assert!(table.take_due(3, later).is_empty());
}

#[test]
fn nothing_waits_when_the_ledger_is_back_and_not_for_long_when_the_gateway_ends() {
    let (mut table, now) = (Table::default(), Instant::now());
    table.retry(Unapplied { wait: Duration::from_secs(5), ..unapplied(1) }, now);
    table.retry_now(now);
    let due = table.take_due(9, now);
    assert_eq!(tickets(&due), [1]);
    table.hurry(now);
    table.retry(Unapplied { wait: Duration::from_secs(5), ..unapplied(2) }, now);
    assert_eq!(tickets(&table.take_due(9, now + Duration::from_millis(500))), [2]);
}

#[test]
fn the_book_is_asked_for_totals_in_rounds() {
    let (mut table, now) = (Table::<u32>::default(), Instant::now());
    let finishes = [FinishKind::Settle, FinishKind::Release, FinishKind::Settle].map(finish);
    for finish in &finishes {
        table.applied(Arc::clone(finish), now);
    }
    let first = table.ask(2);
    let confirms: Vec<_> = first.iter().map(|question| question.confirm).collect();
    let expected =
        [Confirm { id: finishes[0].id, total: NanoUsd::new(7) }, Confirm { id: finishes[1].id, total: NanoUsd::ZERO }];
    assert_eq!(confirms, expected);
    table.confirmed(first[0].number);
    assert_eq!(table.ask(2)[0].confirm.id, finishes[2].id);
    assert!(table.ask(2).is_empty(), "the round is over");
    assert_eq!(table.ask(2)[0].confirm.id, finishes[1].id, "and begins anew");
    assert_eq!(table.unbooked(), 2);
}

#[test]
fn what_is_not_confirmed_is_sent_again_but_not_at_once() {
    let (mut table, now) = (Table::<u32>::default(), Instant::now());
    let sent = finish(FinishKind::Settle);
    table.applied(Arc::clone(&sent), now);
    let number = table.ask(1)[0].number;
    let seconds = |seconds| now + Duration::from_secs(seconds);
    assert_eq!(table.unconfirmed(number, seconds(4)), None);
    assert_eq!(table.unconfirmed(number, seconds(5)), Some(sent));
    assert_eq!(table.unconfirmed(number, seconds(14)), None, "its wait has doubled");
    assert!(table.unconfirmed(number, seconds(15)).is_some());
    table.confirmed(number);
    assert_eq!(table.unconfirmed(number, seconds(100)), None);
    assert_eq!(table.unbooked(), 0);
}

#[test]
fn the_oldest_of_what_is_applied_is_forgotten_first() {
    let (mut table, now) = (Table::<u32>::default(), Instant::now());
    let finishes: Vec<_> = (0..5).map(|_| finish(FinishKind::Settle)).collect();
    for finish in &finishes {
        table.applied(Arc::clone(finish), now);
    }
    assert_eq!(table.keep(5), 0);
    assert_eq!(table.keep(2), 3);
    let left: Vec<_> = table.ask(9).iter().map(|question| question.confirm.id).collect();
    assert_eq!(left, [finishes[3].id, finishes[4].id]);
}
