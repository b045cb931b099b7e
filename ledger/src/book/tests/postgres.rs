//! The suite over PostgreSQL.

use syntopen_shared::secret::Secret;

use super::conformance;
use super::fixture::{Database, server};
use crate::book::Book;
use crate::book::sql::query;

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
