//! The book as the database has it, read behind the back of the ledgers.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection, Row as _};

const START_MAX: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);

/// A request that has ended.
#[derive(Clone, Debug)]
pub struct Row {
    /// The request.
    pub id: String,
    /// Who paid.
    pub account: String,
    /// The model.
    pub model: String,
    /// Whether it was streamed.
    pub stream: bool,
    /// How its hold ended.
    pub ended: String,
    /// In nano-dollars, as all figures of the book.
    pub charged: i64,
}

/// What a book says.
pub struct Book {
    /// Requests that have ended.
    pub usage: Vec<Row>,
    /// Account and amount of each payment, by reference.
    pub payments: HashMap<String, (String, i64)>,
    /// Sums of movements by request.
    pub moved: HashMap<String, i64>,
    /// Requests that were charged once more than once: what was booked later differed.
    pub late: Vec<String>,
    /// Balances by account, without those of the house.
    pub posted: HashMap<String, i64>,
    /// Sums of movements by account.
    pub folded: HashMap<String, i64>,
    /// All balances together.
    pub everything: i64,
    /// The epochs of all shards, added up: each recovery makes it greater.
    pub epochs: i64,
}

impl Book {
    /// Reads the book.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn read(url: &str) -> Self {
        let mut connection = PgConnection::connect(url).await.unwrap();
        let usage = "SELECT id, account, model, stream, ended, charged FROM usage";
        let usage = sqlx::query(usage).fetch_all(&mut connection).await.unwrap().iter().map(row).collect();
        let payments = "SELECT op, account, amount FROM transfers WHERE credit_no IS NOT NULL";
        let payments = sqlx::query_as::<_, (String, String, i64)>(payments).fetch_all(&mut connection).await.unwrap();
        let late = "SELECT DISTINCT op FROM transfers WHERE class = 'late'";
        let everything = "SELECT COALESCE(SUM(posted), 0)::BIGINT FROM accounts";
        let moved = "SELECT op, SUM(amount)::BIGINT FROM transfers WHERE credit_no IS NULL GROUP BY op";
        let folded = "SELECT account, SUM(amount)::BIGINT FROM transfers GROUP BY account";
        let posted = "SELECT id, posted FROM accounts WHERE kind = 'customer'";
        let epochs = "SELECT COALESCE(SUM(epoch), 0)::BIGINT FROM shards";
        Self {
            usage,
            payments: payments.into_iter().map(|(op, account, amount)| (op, (account, amount))).collect(),
            moved: sums(&mut connection, moved).await,
            late: sqlx::query_scalar(late).fetch_all(&mut connection).await.unwrap(),
            posted: sums(&mut connection, posted).await,
            folded: sums(&mut connection, folded).await,
            everything: sqlx::query_scalar(everything).fetch_one(&mut connection).await.unwrap(),
            epochs: sqlx::query_scalar(epochs).fetch_one(&mut connection).await.unwrap(),
        }
    }
}

/// Waits until every shard has its first epoch, and adds them up.
///
/// # Panics
/// When the book cannot be read, or they have none in time.
pub async fn epochs(url: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let deadline = Instant::now() + START_MAX;
    loop {
        let epochs = "SELECT epoch FROM shards";
        let epochs: Vec<i64> = sqlx::query_scalar(epochs).fetch_all(&mut connection).await.unwrap();
        if !epochs.is_empty() && epochs.iter().all(|epoch| 0 < *epoch) {
            return epochs.iter().sum();
        }
        assert!(Instant::now() < deadline, "no ledger has opened the shards: {epochs:?}");
        actix_rt::time::sleep(POLL).await;
    }
}

async fn sums(connection: &mut PgConnection, query: &'static str) -> HashMap<String, i64> {
    sqlx::query_as::<_, (String, i64)>(query).fetch_all(connection).await.unwrap().into_iter().collect()
}

fn row(row: &sqlx::postgres::PgRow) -> Row {
    Row {
        id: row.get("id"),
        account: row.get("account"),
        model: row.get("model"),
        stream: row.get::<i16, _>("stream") != 0,
        ended: row.get("ended"),
        charged: row.get("charged"),
    }
}
