//! What the drainer books of a shard's stream.

use std::sync::Arc;

use syntopen_shared::id::RequestId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::Confirm;

use crate::account::{EndedAs, Entry};
use crate::balances::Epoch;
use crate::book::settlements::{self, Committed, StreamBatch, Survivors};
use crate::book::shards::{self, ShardRow};
use crate::book::tests::fixture::{Customer, Database, anchor, credit};
use crate::book::{Book, usage};

pub(in crate::book::tests) const SHARD: u32 = 2;

/// Books entries after the anchor that the book has, up to a new one.
pub(in crate::book::tests) async fn book(database: &Database, place: u32, entries: &[Arc<Entry>]) -> Committed {
    let from = shards::read(&database.book, SHARD).await.unwrap();
    commit(&database.book, &from, (place, entries)).await
}

async fn commit(book: &Book, from: &ShardRow, (place, entries): (u32, &[Arc<Entry>])) -> Committed {
    let batch = StreamBatch { shard: SHARD, from, entries, anchor: anchor(place) };
    settlements::commit_stream(book, &batch).await.unwrap()
}

async fn charged(database: &Database, id: RequestId) -> Option<(EndedAs, i64)> {
    let charged = usage::charged(database.book.readers(), id).await.unwrap();
    charged.map(|(_, charged)| (charged.ended, charged.total.nanos()))
}

pub(in crate::book::tests) async fn a_stream_is_booked_by_differences_of_totals(database: &Database) {
    let ada = database.customer("ada").await;
    let (id, other) = (RequestId::mint(), RequestId::mint());
    let expired = ada.entry(id, EndedAs::Expired, [10, 10]);

    let first = book(database, 1, &[Arc::clone(&expired), ada.entry(other, EndedAs::Released, [0, 0])]).await;
    // Two settlements in one batch, told apart by their totals, as two gateways may have it.
    let lates = [ada.entry(id, EndedAs::Settled, [30, 20]), ada.entry(id, EndedAs::Settled, [45, 15])];
    let second = book(database, 2, &lates).await;

    assert_eq!((first, second), (Committed::Booked, Committed::Booked));
    assert_eq!(charged(database, id).await, Some((EndedAs::Settled, 45)));
    assert_eq!(charged(database, other).await, Some((EndedAs::Released, 0)));
    assert_eq!(database.account(ada).await, (-45, 0, 3));
    let folds = database.exact().await;
    assert_eq!((folds.transfers, folds.requests, folds.posted["house:revenue:2"]), (3, 2, 45));
    assert_eq!(shards::read(&database.book, SHARD).await.unwrap().anchor, Some(anchor(2)));
}

pub(in crate::book::tests) async fn ends_of_booked_requests_change_nothing(database: &Database) {
    let ada = database.customer("ada").await;
    let id = RequestId::mint();
    assert_eq!(book(database, 1, &[ada.entry(id, EndedAs::Settled, [30, 30])]).await, Committed::Booked);

    let again = [
        ada.entry(id, EndedAs::Settled, [30, 0]),
        ada.entry(id, EndedAs::Expired, [10, 0]),
        ada.entry(id, EndedAs::Expired, [40, 0]),
        ada.entry(id, EndedAs::Released, [0, 0]),
        ada.entry(id, EndedAs::Settled, [20, 0]),
    ];

    assert_eq!(book(database, 2, &again).await, Committed::Booked);
    assert_eq!(charged(database, id).await, Some((EndedAs::Settled, 30)));
    assert_eq!(database.account(ada).await, (-30, 0, 1));
    database.exact().await;
}

pub(in crate::book::tests) async fn another_amount_than_applied_unsets_the_anchor(database: &Database) {
    let ada = database.customer("ada").await;
    let (known, new) = (RequestId::mint(), RequestId::mint());
    assert_eq!(book(database, 1, &[ada.entry(known, EndedAs::Settled, [30, 30])]).await, Committed::Booked);

    // Redis has lost that it charged the first, and charged it again.
    let batch = [ada.entry(known, EndedAs::Settled, [30, 30]), ada.entry(new, EndedAs::Settled, [7, 7])];

    assert_eq!(book(database, 2, &batch).await, Committed::Off);
    let row = shards::read(&database.book, SHARD).await.unwrap();
    assert_eq!(row, ShardRow { epoch: Epoch(0), anchor: None });
    assert_eq!(database.account(ada).await, (-37, 0, 2), "each is charged once all the same");
    database.exact().await;
}

pub(in crate::book::tests) async fn a_row_that_moved_on_fences(database: &Database) {
    let ada = database.customer("ada").await;
    let before = shards::read(&database.book, SHARD).await.unwrap();
    assert_eq!(book(database, 1, &[ada.entry(RequestId::mint(), EndedAs::Settled, [1, 1])]).await, Committed::Booked);
    let row = shards::read(&database.book, SHARD).await.unwrap();
    let stale = [
        before,
        ShardRow { epoch: Epoch(1), ..row.clone() },
        ShardRow { anchor: Some(anchor(2)), ..row.clone() },
        ShardRow { anchor: None, ..row.clone() },
    ];
    let entries = [ada.entry(RequestId::mint(), EndedAs::Settled, [5, 5])];

    for seen in &stale {
        assert_eq!(commit(&database.book, seen, (9, &entries)).await, Committed::Fenced, "{seen:?}");
    }

    assert_eq!(shards::read(&database.book, SHARD).await.unwrap(), row);
    assert_eq!(charged(database, entries[0].id).await, None);
    assert_eq!(database.account(ada).await, (-1, 0, 1));
    assert_eq!(database.exact().await.transfers, 1);
}

pub(in crate::book::tests) async fn one_of_two_drainers_books(database: &Database) {
    let ada = database.customer("ada").await;
    let books = [database.another().await, database.another().await];
    for place in 1..=20 {
        let from = shards::read(&database.book, SHARD).await.unwrap();
        let entries: Vec<_> = (0..5).map(|_| ada.entry(RequestId::mint(), EndedAs::Settled, [3, 3])).collect();

        let (one, other) = tokio::join!(
            commit(&books[0], &from, (2 * place, &entries)),
            commit(&books[1], &from, (2 * place + 1, &entries))
        );

        assert!(
            matches!((one, other), (Committed::Booked, Committed::Fenced) | (Committed::Fenced, Committed::Booked)),
            "{one:?} {other:?}"
        );
    }
    assert_eq!(database.account(ada).await, (-15 * 20, 0, 5 * 20));
    database.exact().await;
}

pub(in crate::book::tests) async fn survivors_are_booked_with_their_marker(database: &Database) {
    let ada = database.customer("ada").await;
    let (booked, survived) = (RequestId::mint(), RequestId::mint());
    assert_eq!(book(database, 1, &[ada.entry(booked, EndedAs::Settled, [4, 4])]).await, Committed::Booked);
    let seen = shards::read(&database.book, SHARD).await.unwrap();
    // More than one statement takes.
    let mut entries: Vec<_> = (0..1_500).map(|_| ada.entry(RequestId::mint(), EndedAs::Settled, [2, 2])).collect();
    entries.push(ada.entry(booked, EndedAs::Settled, [4, 4]));
    entries.push(ada.entry(survived, EndedAs::Expired, [6, 6]));
    let of = |epoch| Survivors { shard: SHARD, epoch: Epoch(epoch), entries: &entries, marker: anchor(2) };

    assert!(!settlements::commit_survivors(&database.book, &of(0)).await.unwrap(), "it has an anchor");
    assert_eq!(shards::begin_recovery(&database.book, SHARD, &seen).await.unwrap(), Some(Epoch(1)));
    assert!(!settlements::commit_survivors(&database.book, &of(0)).await.unwrap(), "an epoch that is over");
    assert_eq!(database.account(ada).await, (-4, 0, 1), "nothing was written");
    assert!(settlements::commit_survivors(&database.book, &of(1)).await.unwrap());
    assert!(!settlements::commit_survivors(&database.book, &of(1)).await.unwrap(), "it has been done");

    let row = shards::read(&database.book, SHARD).await.unwrap();
    assert_eq!(row, ShardRow { epoch: Epoch(1), anchor: Some(anchor(2)) });
    assert_eq!(charged(database, survived).await, Some((EndedAs::Expired, 6)));
    assert_eq!(database.account(ada).await, (-4 - 3_000 - 6, 0, 1_502));
    database.exact().await;
}

pub(in crate::book::tests) async fn the_book_confirms_totals(database: &Database) {
    let ada = database.customer("ada").await;
    let [settled, released, expired, unknown] = [(); 4].map(|()| RequestId::mint());
    let entries = [
        ada.entry(settled, EndedAs::Settled, [9, 9]),
        ada.entry(released, EndedAs::Released, [0, 0]),
        ada.entry(expired, EndedAs::Expired, [9, 9]),
    ];
    assert_eq!(book(database, 1, &entries).await, Committed::Booked);
    let ask = |(id, total)| Confirm { id, total: NanoUsd::new(total) };
    let asked = [(unknown, 0), (settled, 9), (settled, 8), (released, 0), (settled, 9), (expired, 8), (expired, 10)];
    let asked = asked.map(ask);

    let confirmed = usage::confirmed(&database.book, &asked).await.unwrap();

    // What expired for more is final; a settlement of more than that is still to come.
    assert_eq!(confirmed, [false, true, false, true, true, true, false]);
    assert!(usage::confirmed(&database.book, &[]).await.unwrap().is_empty());
}

pub(in crate::book::tests) async fn charges_and_credits_meet_on_one_account(database: &Database) {
    const ROUNDS: i64 = 40;
    let ada = database.customer("ada").await;
    let books = [Arc::new(database.another().await), Arc::new(database.another().await)];
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..4 {
        let book = Arc::clone(&books[worker % 2]);
        tasks.spawn(async move {
            for round in 0..ROUNDS {
                credit(&book, ada.account, (10, &format!("{worker} {round}"))).await;
            }
        });
    }
    let drained = Arc::clone(&books[0]);
    tasks.spawn(async move { drain(&drained, ada, ROUNDS).await });

    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }

    assert_eq!(database.account(ada).await, (4 * ROUNDS * 10 - ROUNDS * 6, 4 * ROUNDS, 2 * ROUNDS));
    database.exact().await;
}

async fn drain(book: &Book, ada: Customer, rounds: i64) {
    for place in 1..=u32::try_from(rounds).unwrap() {
        let from = shards::read(book, SHARD).await.unwrap();
        let entries = [3, 3].map(|cost| ada.entry(RequestId::mint(), EndedAs::Settled, [cost, cost]));
        assert_eq!(commit(book, &from, (place, &entries)).await, Committed::Booked);
    }
}
