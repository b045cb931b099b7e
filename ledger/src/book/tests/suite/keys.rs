//! Keys as their owners see them.

use std::sync::Arc;

use syntopen_shared::api_key::ApiKey;
use syntopen_shared::clock::{utc_day, utc_month};
use syntopen_shared::id::{KeyId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::token::Token;
use syntopen_shared::wire::admin::{AllowedModels, Expiry, UpdateKey};
use syntopen_shared::wire::ledger::{KeyRecord, Spent};
use syntopen_shared::wire::office::keys::{KeyFilter, KeyPage, ListKeys};
use syntopen_shared::wire::office::paging::Place;

use super::lists::walked;
use crate::account::{EndedAs, Entry};
use crate::book::keys::{self, lines};
use crate::book::settlements::{self, StreamBatch};
use crate::book::shards;
use crate::book::tests::fixture::{Customer, Database, START_MS, anchor};

const SHARD: u32 = 1;
const DAY_MS: i64 = 86_400_000;

async fn page(database: &Database, customer: Customer, (filter, place): (KeyFilter, Place<KeyId>)) -> KeyPage {
    let asked = ListKeys { account: customer.account, filter, place };
    lines::page(database.book.readers(), &asked, (2, START_MS)).await.unwrap()
}

/// The keys of all pages, on and back.
async fn keys(database: &Database, customer: Customer, filter: KeyFilter) -> [Vec<KeyId>; 2] {
    let rows = walked(2, async |place| page(database, customer, (filter, place)).await.keys).await;
    rows.map(|rows| rows.iter().map(|line| line.record.key).collect())
}

pub(in crate::book::tests) async fn lists_show_an_accounts_own_keys(database: &Database) {
    let (ada, eve) = (database.customer("ada").await, database.customer("eve").await);
    let mut all = vec![ada.key];
    let mut writer = database.book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    for number in 0..4 {
        let record = KeyRecord { key: KeyId::mint(), name: format!("key {number}"), ..ada.record() };
        keys::insert(&mut transaction, &record, ApiKey::generate().hash(), START_MS).await.unwrap();
        all.push(record.key);
    }
    all.sort();
    all.reverse();
    // The newest has expired, and the middle one was revoked.
    let expired = UpdateKey { expiry: Some(Expiry::At(START_MS)), ..UpdateKey::of(all[0]) };
    let models = Some(AllowedModels::All);
    let renamed = UpdateKey { name: Some("ada's".to_owned()), models, ..UpdateKey::of(all[1]) };
    assert!(keys::update(&mut transaction, &expired).await.unwrap());
    assert!(keys::update(&mut transaction, &renamed).await.unwrap());
    assert!(keys::revoke(&mut transaction, all[2]).await.unwrap());
    transaction.commit().await.unwrap();
    drop(writer);

    let renamed = &page(database, ada, (KeyFilter::All, Place::First)).await.keys.rows[1].record;
    assert_eq!((renamed.name.as_str(), &renamed.allowed_models, renamed.version), ("ada's", &None, 2));
    let (active, ended) = (vec![all[1], all[3], all[4]], vec![all[0], all[2]]);
    for (filter, expected) in [(KeyFilter::All, all), (KeyFilter::Active, active), (KeyFilter::Ended, ended)] {
        assert_eq!(keys(database, ada, filter).await, [expected.clone(), expected], "{filter:?}");
    }

    assert_eq!(keys(database, eve, KeyFilter::All).await, [[eve.key], [eve.key]]);
    let none = page(database, eve, (KeyFilter::Ended, Place::First)).await;
    assert!(none.keys.rows.is_empty() && none.has_any);
    let readers = database.book.readers();
    assert!(lines::of(readers, (eve.account, ada.key), START_MS).await.unwrap().is_none());
    assert!(lines::of(readers, (ada.account, ada.key), START_MS).await.unwrap().is_some());
}

pub(in crate::book::tests) async fn a_form_makes_one_key(database: &Database) {
    let (ada, eve) = (database.customer("ada").await, database.customer("eve").await);
    let (form, other) = (Token::generate().hash(), Token::generate().hash());
    let mut writer = database.book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    assert_eq!(lines::by_form(&mut transaction, ada.account, &form).await.unwrap(), None);
    lines::made_by_form(&mut transaction, ada.key, &form).await.unwrap();
    lines::made_by_form(&mut transaction, eve.key, &form).await.unwrap();
    transaction.commit().await.unwrap();

    let mut transaction = writer.begin_durable().await.unwrap();
    assert_eq!(lines::by_form(&mut transaction, ada.account, &form).await.unwrap(), Some(ada.key));
    assert_eq!(lines::by_form(&mut transaction, ada.account, &other).await.unwrap(), None);
    let record = KeyRecord { key: KeyId::mint(), ..ada.record() };
    keys::insert(&mut transaction, &record, ApiKey::generate().hash(), START_MS).await.unwrap();
    let error = lines::made_by_form(&mut transaction, record.key, &form).await.unwrap_err();
    assert!(error.as_database_error().is_some_and(|error| error.is_unique_violation()), "{error}");
}

pub(in crate::book::tests) async fn settlements_note_the_last_use(database: &Database) {
    let (ada, eve) = (database.customer("ada").await, database.customer("eve").await);
    let ended = |customer: Customer, ended, (total, after_ms): (i64, i64)| {
        let mut entry = Entry::clone(&customer.entry(RequestId::mint(), ended, [total, total]));
        entry.at_ms += after_ms;
        entry.day_no = utc_day(entry.at_ms);
        entry.month_no = utc_month(entry.day_no);
        Arc::new(entry)
    };
    let entries = [
        ended(ada, EndedAs::Settled, (30, 2 * DAY_MS)),
        ended(ada, EndedAs::Settled, (10, 5)),
        ended(ada, EndedAs::Settled, (0, 2 * DAY_MS + 1)),
        ended(eve, EndedAs::Released, (0, 7)),
    ];
    for (place, entries) in (1..).zip(entries.chunks(3)) {
        let from = shards::read(&database.book, SHARD).await.unwrap();
        let batch = StreamBatch { shard: SHARD, from: &from, entries, anchor: anchor(place) };
        settlements::commit_stream(&database.book, &batch).await.unwrap();
    }

    let readers = database.book.readers();
    let line = async |customer: Customer, now_ms| {
        lines::of(readers, (customer.account, customer.key), now_ms).await.unwrap().unwrap()
    };
    let nanos = |[day, month, total]: [i64; 3]| Spent {
        day: NanoUsd::new(day),
        month: NanoUsd::new(month),
        total: NanoUsd::new(total),
    };
    let then = line(ada, START_MS + 2 * DAY_MS).await;
    assert_eq!(then.last_used_ms, Some(START_MS + 2 * DAY_MS + 1));
    assert_eq!(then.spent.total, NanoUsd::new(40));
    let later = line(ada, START_MS + 4 * DAY_MS).await;
    assert_eq!(later.spent, Spent { month: then.spent.month, ..nanos([0, 0, 40]) }, "the day is over");
    assert_eq!(line(ada, START_MS + 60 * DAY_MS).await.spent, nanos([0, 0, 40]), "the month is over");
    assert_eq!(line(eve, START_MS).await.last_used_ms, None, "a request that failed has used nothing");
    database.exact().await;
}
