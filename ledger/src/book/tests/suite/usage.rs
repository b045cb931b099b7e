//! Pages of requests, sums of days, and what stays of requests that are too old.

use std::collections::BTreeSet;
use std::sync::Arc;

use syntopen_shared::clock::utc_day;
use syntopen_shared::id::{KeyId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::{Confirm, Outcome};
use syntopen_shared::wire::office::usage::{Filter, ListRequests};

use super::lists::walked;
use super::stream::book;
use crate::account::{Charged, EndedAs, Entry};
use crate::book::settlements::Committed;
use crate::book::tests::fixture::{Customer, Database, START_MS};
use crate::book::{days, keys, requests, retention, usage};

const DAY_MS: i64 = 86_400_000;
const MODELS: [&str; 2] = ["openai/gpt-4o-mini", "anthropic/modèle"];

/// A request that began at this moment.
fn id_at(unix_ms: i64, number: u32) -> RequestId {
    format!("{}-7000-8000-{number:012x}", requests::first_id_of(unix_ms)).parse().unwrap()
}

/// One request of each kind that pages tell apart, a day after the other.
async fn populate(database: &Database, customers: &[Customer]) -> Vec<Arc<Entry>> {
    let mut entries = Vec::new();
    for number in 0..40_u32 {
        let place = number as usize;
        let at_ms = START_MS + i64::from(number / 10) * DAY_MS;
        let of = customers[place % customers.len()];
        let entry = of.entry(id_at(at_ms, number), EndedAs::Settled, [i64::from(number), i64::from(number)]);
        let mut entry = Entry::clone(&entry);
        (entry.at_ms, entry.day_no) = (at_ms, utc_day(at_ms));
        entry.usage.model = MODELS[place / 3 % 2].into();
        entry.usage.outcome = Outcome::ALL[place % 5];
        entries.push(Arc::new(entry));
    }
    assert_eq!(book(database, 1, &entries).await, Committed::Booked);
    entries
}

/// Two keys of one account, and another account.
async fn customers(database: &Database) -> [Customer; 3] {
    let (ada, eve) = (database.customer("ada").await, database.customer("eve").await);
    let second = Customer { key: KeyId::mint(), ..ada };
    let mut writer = database.book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    let hash = syntopen_shared::api_key::ApiKey::generate().hash();
    keys::insert(&mut transaction, &second.record(), hash, START_MS).await.unwrap();
    transaction.commit().await.unwrap();
    [ada, second, eve]
}

/// All requests that the pages show, newest first, on and back.
async fn walk(database: &Database, (of, filter): (Customer, &Filter)) -> [Vec<RequestId>; 2] {
    let (account, limit) = (of.account, 3);
    let look = async |place| {
        let list = ListRequests { account, filter: filter.clone(), place, limit };
        requests::page(database.book.readers(), &list).await.unwrap()
    };
    walked(limit, look).await.map(|rows| rows.iter().map(|request| request.id).collect())
}

pub(in crate::book::tests) async fn pages_have_each_request_once_by_every_filter(database: &Database) {
    let customers = customers(database).await;
    let entries = populate(database, &customers).await;
    let (ada, second) = (customers[0], customers[1]);
    let keys = [None, Some(ada.key), Some(second.key), Some(customers[2].key)];
    let models = [None, Some(MODELS[0]), Some(MODELS[1]), Some("none")];
    let outcomes = [None, Some(Outcome::Completed), Some(Outcome::Aborted), Some(Outcome::Running)];
    let times = [(None, None), (Some(START_MS + DAY_MS), Some(START_MS + 2 * DAY_MS)), (Some(START_MS + 1), None)];
    for (key, model, outcome, (from_ms, until_ms)) in keys.into_iter().flat_map(|key| {
        models.into_iter().flat_map(move |model| {
            outcomes.into_iter().flat_map(move |outcome| times.map(move |times| (key, model, outcome, times)))
        })
    }) {
        let filter = Filter { key, model: model.map(str::to_owned), outcome, from_ms, until_ms };
        let is_wanted = |entry: &&Arc<Entry>| {
            entry.account == ada.account
                && key.is_none_or(|key| key == entry.key)
                && model.is_none_or(|model| *model == *entry.usage.model)
                && outcome.is_none_or(|outcome| outcome == entry.usage.outcome)
                && from_ms.is_none_or(|from| from <= entry.at_ms)
                && until_ms.is_none_or(|until| entry.at_ms < until)
        };
        let wanted: Vec<_> = entries.iter().rev().filter(is_wanted).map(|entry| entry.id).collect();
        assert_eq!(walk(database, (ada, &filter)).await, [wanted.clone(), wanted], "{filter:?}");
    }
}

pub(in crate::book::tests) async fn a_request_is_told_as_it_was_booked(database: &Database) {
    let ada = database.customer("ada").await;
    let eve = database.customer("eve").await;
    let id = id_at(START_MS, 1);
    assert_eq!(book(database, 1, &[ada.entry(id, EndedAs::Expired, [10, 10])]).await, Committed::Booked);
    let late = ada.entry(id, EndedAs::Settled, [45, 35]);
    assert_eq!(book(database, 2, &[Arc::clone(&late)]).await, Committed::Booked);
    let readers = database.book.readers();

    let request = requests::one(readers, (ada.account, id)).await.unwrap().unwrap();
    let transfers = requests::transfers(readers, (ada.account, id)).await.unwrap();

    assert_eq!((&request.usage, request.key_name.as_str()), (&late.usage, "test"));
    let moved: Vec<_> = transfers.iter().map(|moved| (moved.class.as_str(), moved.amount.nanos())).collect();
    assert_eq!(moved, [("charge", -10), ("late", -35)]);
    assert!(requests::one(readers, (eve.account, id)).await.unwrap().is_none());
    assert!(requests::transfers(readers, (eve.account, id)).await.unwrap().is_empty());
    let sums = days::since(readers, (ada.account, 0)).await.unwrap();
    assert_eq!((sums.len(), sums[0].figures.requests, sums[0].figures.cost.nanos()), (1, 1, 45));
    assert_eq!(days::spent(readers, (ada.account, utc_day(START_MS))).await.unwrap().nanos(), 45);
    assert!(!days::are_any(readers, eve.account).await.unwrap());
    assert_eq!(days::models(readers, ada.account).await.unwrap(), [MODELS[0]]);
}

pub(in crate::book::tests) async fn sums_survive_the_requests_they_are_of(database: &Database) {
    let customers = customers(database).await;
    let entries = populate(database, &customers).await;
    let released = customers[0].entry(id_at(START_MS, 99), EndedAs::Released, [0, 0]);
    assert_eq!(book(database, 2, &[released]).await, Committed::Booked);
    let before = database.exact().await;

    // The first two days, some at a time; two ledgers at once.
    let before_ms = START_MS + 2 * DAY_MS;
    let other = database.another().await;
    let mut removed = 0;
    loop {
        let one = retention::remove_before(&database.book, before_ms, 4).await.unwrap();
        let two = retention::remove_before(&other, before_ms, 4).await.unwrap();
        removed += one + two;
        database.exact().await;
        if one + two == 0 {
            break;
        }
    }

    assert_eq!(removed, 21);
    let after = database.exact().await;
    assert_eq!((after.requests, after.counted, after.transfers), (before.requests, before.counted, before.transfers));
    assert_eq!((after.used_by_key, after.account_daily), (before.used_by_key, before.account_daily));
    let left = walk(database, (customers[0], &Filter::default())).await;
    let rest = entries[20..].iter().filter(|entry| entry.account == customers[0].account);
    let wanted: BTreeSet<_> = rest.map(|entry| entry.id).collect();
    assert_eq!(left[0].iter().copied().collect::<BTreeSet<_>>(), wanted);
}

pub(in crate::book::tests) async fn a_removed_request_is_not_charged_again(database: &Database) {
    let ada = database.customer("ada").await;
    let (settled, expired) = (id_at(START_MS, 1), id_at(START_MS, 2));
    let first = [ada.entry(settled, EndedAs::Settled, [30, 30]), ada.entry(expired, EndedAs::Expired, [10, 10])];
    assert_eq!(book(database, 1, &first).await, Committed::Booked);
    assert_eq!(retention::remove_before(&database.book, START_MS + DAY_MS, 100).await.unwrap(), 2);

    // An outbox that was cut off for days asks, and sends again; a stream is put back from a copy of long ago.
    let asked = [30, 31].map(|total| Confirm { id: settled, total: NanoUsd::new(total) });
    assert_eq!(usage::confirmed(&database.book, &asked).await.unwrap(), [true, false]);
    let known = usage::charged(database.book.readers(), settled).await.unwrap();
    let charged = Charged { ended: EndedAs::Settled, total: NanoUsd::new(30) };
    assert_eq!(known, Some((ada.account, charged)));
    let again = [ada.entry(settled, EndedAs::Settled, [30, 0]), ada.entry(expired, EndedAs::Expired, [10, 0])];
    assert_eq!(book(database, 2, &again).await, Committed::Booked);
    // Hot state that had forgotten, and charged once more, is recovered from the book.
    let twice = [ada.entry(settled, EndedAs::Settled, [30, 30])];
    assert_eq!(book(database, 3, &twice).await, Committed::Off);

    assert_eq!(database.account(ada).await, (-40, 0, 2));
    let folds = database.exact().await;
    assert_eq!((folds.requests, folds.transfers), (2, 2));
}
