//! The rows of the book, and a book that fails.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Row as _;
use syntopen_ledger::{Ledger, LedgerSettings};
use syntopen_shared::id::RequestId;
use syntopen_shared::wire::ledger::{FinishKind, Finished, HoldRefused};

use crate::support::{Bench, START_MS, connect};

const SABOTAGE: &str =
    "CREATE TRIGGER sabotage BEFORE INSERT ON usage BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";

#[tokio::test]
async fn a_usage_row_recomputes_its_charge() {
    let bench = Bench::with(100).await;
    let id = RequestId::mint();
    bench.hold(id, 50).await.unwrap();
    bench.finish(id, FinishKind::Settle, 30).await.unwrap();

    let mut book = connect(bench.dir.path()).await;
    let row = sqlx::query("SELECT * FROM usage WHERE id = $1").bind(id.to_string()).fetch_one(&mut book).await.unwrap();

    let number = |column: &str| row.get::<i64, _>(column);
    assert_eq!((number("charged"), number("output_tokens"), number("output_price")), (30, 30, 1_000));
    assert_eq!((number("stream"), number("attempts"), number("first_byte_ms")), (1, 1, 120));
    assert_eq!((number("started_ms"), number("ended_ms")), (START_MS, START_MS));
    assert_eq!(row.get::<Option<i64>, _>("cost_price"), None);
    let text = |column: &str| row.get::<String, _>(column);
    assert_eq!((text("ended").as_str(), text("outcome").as_str()), ("settled", "completed"));
    assert_eq!((text("model").as_str(), text("source").as_str()), ("openai/gpt-4o-mini", "provider"));
}

#[tokio::test]
async fn an_expired_request_says_that_it_was_partial() {
    let bench = Bench::with(100).await;
    let id = RequestId::mint();
    bench.hold(id, 50).await.unwrap();
    bench.checkpoint(id, 50, 12).await;

    let bench = bench.killed().await;

    let mut book = connect(bench.dir.path()).await;
    let row = sqlx::query("SELECT * FROM usage WHERE id = $1").bind(id.to_string()).fetch_one(&mut book).await.unwrap();
    let text = |column: &str| row.get::<String, _>(column);
    assert_eq!(
        (text("ended"), text("outcome"), text("source")),
        ("expired".into(), "running".into(), "partial".into())
    );
    let left = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM running").fetch_one(&mut book).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn charges_wait_in_memory_while_the_book_fails() {
    let bench = Arc::new(Bench::with(100).await);
    let (first, second) = (RequestId::mint(), RequestId::mint());
    bench.hold(first, 50).await.unwrap();
    bench.hold(second, 50).await.unwrap();
    let mut book = connect(bench.dir.path()).await;
    sqlx::query(SABOTAGE).execute(&mut book).await.unwrap();

    let settling = Arc::clone(&bench);
    let settling = tokio::spawn(async move { settling.finish(first, FinishKind::Settle, 45).await });
    let waiting = tokio::time::timeout(Duration::from_millis(100), bench.finish(second, FinishKind::Release, 0)).await;

    assert!(waiting.is_err(), "nothing is booked, so nobody is told that it is");
    assert_eq!(bench.balance().await, (55, 0), "the money moves in memory all the same");
    let report = bench.ledger.reconcile().await.unwrap();
    assert_eq!((report.pending, report.drift.nanos()), (2, 0));
    sqlx::query("DROP TRIGGER sabotage").execute(&mut book).await.unwrap();
    assert_eq!(settling.await.unwrap(), Ok(Finished { booked: true }));
    assert_eq!(bench.finish(second, FinishKind::Release, 0).await, Ok(Finished { booked: true }));
    bench.assert_no_drift().await;
}

#[tokio::test]
async fn a_backlog_refuses_holds_and_closing_gives_up_in_time() {
    let mut bench = Bench::with(100).await;
    bench.ledger.clone().close().await;
    let mut settings = LedgerSettings::new(bench.dir.path().to_owned());
    (settings.journal_max, settings.drain_max) = (1, Duration::from_millis(10));
    bench.ledger = Ledger::open(settings, bench.clock.clone()).await.unwrap();
    let id = RequestId::mint();
    bench.hold(id, 50).await.unwrap();
    let mut book = connect(bench.dir.path()).await;
    sqlx::query(SABOTAGE).execute(&mut book).await.unwrap();

    let ledger = Arc::clone(&bench.ledger);
    let finish = bench.finish_command(id, FinishKind::Settle, 45);
    let waiting = tokio::spawn(async move { ledger.finish(finish).await });
    while bench.balance().await != (55, 0) {
        tokio::task::yield_now().await;
    }

    assert_eq!(bench.hold(RequestId::mint(), 1).await, Err(HoldRefused::BacklogFull));
    bench.ledger.clone().close().await;
    assert!(waiting.await.unwrap().is_err(), "whoever waits learns that nothing is known");
}
