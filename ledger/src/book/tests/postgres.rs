//! The suite over PostgreSQL.

use std::sync::Arc;
use std::time::{Duration, Instant};

use syntopen_shared::id::RequestId;
use syntopen_shared::secret::Secret;

use super::conformance;
use super::fixture::{Database, START_MS, anchor, server};
use super::suite::stream::{SHARD, book};
use crate::account::EndedAs;
use crate::book::settlements::{self, Committed, StreamBatch};
use crate::book::sql::query;
use crate::book::{Book, requests, retention, shards};

const DAY_MS: i64 = 86_400_000;

async fn postgres() -> Database {
    Database::postgres().await
}

conformance!(postgres);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_ledgers_start_at_once_over_an_empty_database() {
    let server = tokio::task::spawn_blocking(server).await.unwrap();
    let url = Secret::new(server.database().await.url);

    let books = futures_util::future::join_all((0..4).map(|_| Book::connect(&url, 1))).await;

    for book in books {
        let row = query("SELECT COUNT(*) FROM accounts").fetch_one(book.unwrap().readers()).await.unwrap();
        assert_eq!(row.get::<i64>(0).unwrap(), 4, "the accounts of the house");
    }
}

#[tokio::test]
async fn errors_never_tell_the_url() {
    let closed = syntopen_shared::testing::free_port();
    let urls = [
        format!("postgres://ada:hunter2@127.0.0.1:{closed}/book"),
        "postgres://ada:hunter2@127.0.0.1:port/book".to_owned(),
        "postgres://ada:hunter2@127.0.0.1/book?sslmode=hunter2".to_owned(),
    ];
    for url in urls {
        let Err(error) = Book::connect(&Secret::new(url), 1).await else { panic!("nobody is there") };
        let told = format!("{error:#} {error:?}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

/// Waits until so many others wait for a lock.
async fn until_waiting(book: &Book, others: i64) {
    let deadline = Instant::now() + Duration::from_secs(20);
    let count = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    loop {
        let waiting: i64 = query(count).fetch_one(book.readers()).await.unwrap().get(0).unwrap();
        if waiting == others {
            return;
        }
        assert!(Instant::now() < deadline, "{waiting} wait");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_settlement_meets_the_removal_of_its_row() {
    let database = Database::postgres().await;
    let ada = database.customer("ada").await;
    let id: RequestId = format!("{}-7000-8000-000000000001", requests::first_id_of(START_MS)).parse().unwrap();
    assert_eq!(book(&database, 1, &[ada.entry(id, EndedAs::Expired, [10, 10])]).await, Committed::Booked);
    let other = Arc::new(database.another().await);
    // The removal is held up when it has removed the row and has not committed.
    let mut writer = other.writer().await;
    let mut barrier = writer.begin_charges().await.unwrap();
    query("LOCK TABLE usage_removed IN EXCLUSIVE MODE").execute(&mut barrier).await.unwrap();
    let removing = Arc::new(database.another().await);
    let removal =
        tokio::spawn(async move { retention::remove_before(&removing, START_MS + DAY_MS, 100).await.unwrap() });
    until_waiting(&database.book, 1).await;

    let late = Arc::new(database.another().await);
    let entry = ada.entry(id, EndedAs::Settled, [45, 35]);
    let settlement = tokio::spawn(async move {
        let from = shards::read(&late, SHARD).await.unwrap();
        let batch = StreamBatch { shard: SHARD, from: &from, entries: &[entry], anchor: anchor(2) };
        settlements::commit_stream(&late, &batch).await.unwrap()
    });
    until_waiting(&database.book, 2).await;
    barrier.commit().await.unwrap();

    assert_eq!(removal.await.unwrap(), 1);
    assert_eq!(settlement.await.unwrap(), Committed::Fenced);
    database.exact().await;
    // What was charged and is removed is final: the next look sees that, and the hot state gives the rest back.
    assert_eq!(book(&database, 2, &[ada.entry(id, EndedAs::Settled, [45, 35])]).await, Committed::Off);
    assert_eq!(database.account(ada).await.0, -10);
    database.exact().await;
}
