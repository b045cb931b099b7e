//! The same random batches make the same book in both databases.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use syntopen_shared::api_key::ApiKey;
use syntopen_shared::clock::utc_month;
use syntopen_shared::id::{KeyId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::Outcome;

use super::fixture::{Customer, Database, anchor, credit};
use crate::account::{EndedAs, Entry};
use crate::book::settlements::{self, Committed, StreamBatch, Survivors};
use crate::book::sql::query;
use crate::book::{Result, keys, shards};

const BATCHES: u32 = 120;
const SHARD: u32 = 3;

/// All that the books must agree in: everything but the ids that each mints for itself.
const TABLES: [&str; 8] = [
    "SELECT id, CAST(posted AS TEXT) || ' ' || CAST(credit_no AS TEXT) || ' ' || CAST(moves AS TEXT) FROM accounts \
     ORDER BY id",
    "SELECT id, CAST(spent_total AS TEXT) || ' ' || CAST(spent_day AS TEXT) || ' ' || CAST(spent_day_no AS TEXT) \
     || ' ' || CAST(spent_month AS TEXT) || ' ' || CAST(spent_month_no AS TEXT) || ' ' \
     || COALESCE(CAST(last_used_ms AS TEXT), '-') FROM api_keys ORDER BY id",
    "SELECT op, class || ' ' || account || ' ' || house || ' ' || CAST(total AS TEXT) || ' ' || CAST(amount AS TEXT) \
     || ' ' || CAST(created_ms AS TEXT) || ' ' || COALESCE(CAST(posted_after AS TEXT), '-') FROM transfers \
     ORDER BY op, class, total",
    "SELECT id, account || ' ' || api_key || ' ' || ended || ' ' || CAST(charged AS TEXT) || ' ' || model || ' ' \
     || provider || ' ' || upstream || ' ' || CAST(input_tokens AS TEXT) || ' ' || CAST(cached_input_tokens AS TEXT) \
     || ' ' || CAST(cache_write_tokens AS TEXT) || ' ' || CAST(cache_write_1h_tokens AS TEXT) || ' ' \
     || CAST(output_tokens AS TEXT) || ' ' || CAST(reasoning_tokens AS TEXT) || ' ' || CAST(input_price AS TEXT) \
     || ' ' || CAST(cached_input_price AS TEXT) || ' ' || CAST(cache_write_price AS TEXT) || ' ' \
     || CAST(cache_write_1h_price AS TEXT) || ' ' || CAST(output_price AS TEXT) || ' ' \
     || COALESCE(CAST(cost_price AS TEXT), '-') || ' ' || COALESCE(source, '-') || ' ' || outcome || ' ' \
     || CAST(stream AS TEXT) || ' ' || CAST(attempts AS TEXT) || ' ' || CAST(started_ms AS TEXT) || ' ' \
     || COALESCE(CAST(first_byte_ms AS TEXT), '-') || ' ' || CAST(duration_ms AS TEXT) || ' ' \
     || CAST(ended_ms AS TEXT) FROM usage ORDER BY id",
    "SELECT account || ' ' || api_key || ' ' || CAST(day AS TEXT) || ' ' || model, CAST(requests AS TEXT) || ' ' \
     || CAST(input_tokens AS TEXT) || ' ' || CAST(cached_input_tokens AS TEXT) || ' ' \
     || CAST(cache_write_tokens AS TEXT) || ' ' || CAST(cache_write_1h_tokens AS TEXT) || ' ' \
     || CAST(output_tokens AS TEXT) || ' ' || CAST(reasoning_tokens AS TEXT) || ' ' || CAST(cost AS TEXT) \
     FROM usage_daily ORDER BY 1",
    "SELECT account || ' ' || CAST(day AS TEXT) || ' ' || model, \
     CAST(requests AS TEXT) || ' ' || CAST(failed AS TEXT) || ' ' || CAST(timed AS TEXT) \
     || ' ' || CAST(duration_ms AS TEXT) || ' ' || CAST(first_bytes AS TEXT) \
     || ' ' || CAST(first_byte_ms AS TEXT) || ' ' || CAST(input_tokens AS TEXT) \
     || ' ' || CAST(cached_input_tokens AS TEXT) || ' ' || CAST(cache_write_tokens AS TEXT) \
     || ' ' || CAST(cache_write_1h_tokens AS TEXT) || ' ' || CAST(output_tokens AS TEXT) \
     || ' ' || CAST(reasoning_tokens AS TEXT) || ' ' || CAST(cost AS TEXT) \
     || ' ' || CAST(cost_price AS TEXT) || ' ' || CAST(priced_cost AS TEXT) \
     FROM account_daily ORDER BY 1",
    "SELECT CAST(day AS TEXT) || ' ' || model || ' ' || upstream, \
     CAST(requests AS TEXT) || ' ' || CAST(failed AS TEXT) || ' ' || CAST(timed AS TEXT) \
     || ' ' || CAST(duration_ms AS TEXT) || ' ' || CAST(first_bytes AS TEXT) \
     || ' ' || CAST(first_byte_ms AS TEXT) || ' ' || CAST(input_tokens AS TEXT) \
     || ' ' || CAST(cached_input_tokens AS TEXT) || ' ' || CAST(cache_write_tokens AS TEXT) \
     || ' ' || CAST(cache_write_1h_tokens AS TEXT) || ' ' || CAST(output_tokens AS TEXT) \
     || ' ' || CAST(reasoning_tokens AS TEXT) || ' ' || CAST(cost AS TEXT) \
     || ' ' || CAST(cost_price AS TEXT) || ' ' || CAST(priced_cost AS TEXT) \
     FROM operator_daily ORDER BY 1",
    "SELECT CAST(shard AS TEXT), CAST(epoch AS TEXT) || ' ' || COALESCE(anchor_id, '-') || ' ' \
     || COALESCE(anchor_nonce, '-') FROM shards ORDER BY shard",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_batches_make_the_same_book_in_both_databases() {
    let books = [Database::sqlite().await, Database::postgres().await];
    let mut random = StdRng::seed_from_u64(20_261_124);
    let customers = populate(&books).await;
    let requests: Vec<_> = (0..60).map(|_| (RequestId::mint(), random.random_range(0..customers.len()))).collect();
    let mut outcomes = Vec::new();

    for place in 1..=BATCHES {
        if random.random_ratio(1, 6) {
            let (account, amount) = (customers[0].account, random.random_range(1..1_000));
            for database in &books {
                credit(&database.book, account, (amount, &format!("credit {place}"))).await;
            }
        }
        let length = random.random_range(1..12);
        let entries: Vec<_> = (0..length).map(|_| entry(&mut random, &customers, &requests)).collect();
        let one = step(&books[0], place, &entries).await;
        let other = step(&books[1], place, &entries).await;
        assert_eq!(one, other, "batch {place}: {entries:?}");
        outcomes.push(one);
    }

    assert!(outcomes.contains(&Committed::Booked) && outcomes.contains(&Committed::Off), "{outcomes:?}");
    for sql in TABLES {
        assert_eq!(table(&books[0], sql).await.unwrap(), table(&books[1], sql).await.unwrap(), "{sql}");
    }
    let (one, other) = (books[0].exact().await, books[1].exact().await);
    assert_eq!((one.posted, one.moved, one.charged), (other.posted, other.moved, other.charged));
    assert_eq!((one.spent, one.daily, one.used_by_key), (other.spent, other.daily, other.used_by_key));
    assert_eq!((one.transfers, one.requests, one.credit_no), (other.transfers, other.requests, other.credit_no));
}

/// The same customers in both books: two with a key, the first with a second key.
async fn populate(books: &[Database; 2]) -> Vec<Customer> {
    let mut customers = vec![books[0].customer("ada").await, books[0].customer("eve").await];
    customers.push(Customer { key: KeyId::mint(), ..customers[0] });
    for (number, customer) in customers.iter().enumerate() {
        for (of, database) in books.iter().enumerate() {
            if of == 1 && number < 2 {
                database.adopt(*customer, &number.to_string()).await;
            } else if number == 2 {
                let mut writer = database.book.writer().await;
                let mut transaction = writer.begin_durable().await.unwrap();
                keys::insert(&mut transaction, &customer.record(), ApiKey::generate().hash(), 0).await.unwrap();
                transaction.commit().await.unwrap();
            }
        }
    }
    customers
}

/// Mostly plausible ends of requests, on days around one at which the month changes, and some that are off.
fn entry(random: &mut StdRng, customers: &[Customer], requests: &[(RequestId, usize)]) -> Arc<Entry> {
    let (id, customer) = requests[random.random_range(0..requests.len())];
    let ended = [EndedAs::Settled, EndedAs::Settled, EndedAs::Expired, EndedAs::Released][random.random_range(0..4)];
    let total = if ended == EndedAs::Released { 0 } else { random.random_range(0..50) };
    let mut entry = Entry::clone(&customers[customer].entry(id, ended, [total, total]));
    entry.day_no += random.random_range(-2..4);
    entry.month_no = utc_month(entry.day_no);
    entry.at_ms += random.random_range(0..1_000);
    entry.usage.tokens.input = random.random_range(0..1_000);
    entry.usage.tokens.reasoning = random.random_range(0..10);
    entry.usage.cost_price = random.random_bool(0.5).then(|| NanoUsd::new(total / 2));
    entry.usage.first_byte_ms = random.random_bool(0.5).then_some(77);
    entry.usage.stream = random.random_bool(0.5);
    entry.usage.outcome = Outcome::ALL[random.random_range(0..Outcome::ALL.len())];
    if random.random_bool(0.3) {
        entry.usage.upstream = "second".into();
    }
    if random.random_bool(0.3) {
        entry.usage.model = "anthropic/modèle".into();
    }
    Arc::new(entry)
}

/// Books a batch, and recovers where it was off.
async fn step(database: &Database, place: u32, entries: &[Arc<Entry>]) -> Committed {
    let book = &database.book;
    let from = shards::read(book, SHARD).await.unwrap();
    let batch = StreamBatch { shard: SHARD, from: &from, entries, anchor: anchor(place) };
    let committed = settlements::commit_stream(book, &batch).await.unwrap();
    if committed == Committed::Off {
        let seen = shards::read(book, SHARD).await.unwrap();
        let epoch = shards::begin_recovery(book, SHARD, &seen).await.unwrap().unwrap();
        let survivors = Survivors { shard: SHARD, epoch, entries, marker: anchor(1_000 + place) };
        assert!(settlements::commit_survivors(book, &survivors).await.unwrap());
    }
    committed
}

async fn table(database: &Database, sql: &'static str) -> Result<Vec<(String, String)>> {
    let rows = query(sql).fetch_all(database.book.readers()).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
