//! The book as its file has it, read behind the back of the ledger.

use std::collections::HashMap;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, Row as _, SqliteConnection};

/// A request that has ended.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) account: String,
    pub(super) model: String,
    pub(super) stream: bool,
    pub(super) ended: String,
    /// In nano-dollars, as all figures of the book.
    pub(super) charged: i64,
}

/// What a book says.
pub(super) struct Book {
    pub(super) usage: Vec<Row>,
    /// Costs so far of the requests that run.
    pub(super) running: HashMap<String, i64>,
    /// Account and amount of each payment, by reference.
    pub(super) payments: HashMap<String, (String, i64)>,
    /// Sums of transfers by request.
    pub(super) moved: HashMap<String, i64>,
    /// Balances by account, without those of the house.
    pub(super) posted: HashMap<String, i64>,
}

/// How many requests run that have cost something by their last checkpoint.
pub(super) async fn running_with_cost(data_dir: &Path) -> i64 {
    let mut connection = connect(data_dir).await;
    let count = "SELECT COUNT(*) FROM running WHERE json_extract(usage, '$.cost') > 0";
    sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap()
}

/// Takes the right to write from the gateway: until the connection is closed, no charge can be booked.
pub(super) async fn block(data_dir: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(data_dir.join("book.sqlite"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
    connection
}

impl Book {
    /// Reads the book of a gateway, which may have been killed.
    pub(super) async fn read(data_dir: &Path) -> Self {
        let mut connection = connect(data_dir).await;
        let usage = "SELECT id, account, model, stream, ended, charged FROM usage";
        let usage = sqlx::query(usage).fetch_all(&mut connection).await.unwrap().iter().map(row).collect();
        let running = "SELECT id, json_extract(usage, '$.cost') FROM running";
        let moved = "SELECT op, SUM(amount) FROM transfers WHERE credit_no IS NULL GROUP BY op";
        let posted = "SELECT id, posted FROM accounts WHERE kind = 'customer'";
        let payments = "SELECT op, account, amount FROM transfers WHERE credit_no IS NOT NULL";
        let payments = sqlx::query_as::<_, (String, String, i64)>(payments).fetch_all(&mut connection).await.unwrap();
        Self {
            usage,
            running: sums(&mut connection, running).await,
            payments: payments.into_iter().map(|(op, account, amount)| (op, (account, amount))).collect(),
            moved: sums(&mut connection, moved).await,
            posted: sums(&mut connection, posted).await,
        }
    }
}

async fn connect(data_dir: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(data_dir.join("book.sqlite")).read_only(true);
    SqliteConnection::connect_with(&options).await.unwrap()
}

async fn sums(connection: &mut SqliteConnection, query: &'static str) -> HashMap<String, i64> {
    sqlx::query_as::<_, (String, i64)>(query).fetch_all(connection).await.unwrap().into_iter().collect()
}

fn row(row: &sqlx::sqlite::SqliteRow) -> Row {
    Row {
        id: row.get("id"),
        account: row.get("account"),
        model: row.get("model"),
        stream: row.get::<i64, _>("stream") != 0,
        ended: row.get("ended"),
        charged: row.get("charged"),
    }
}
