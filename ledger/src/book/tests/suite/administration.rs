//! Accounts and keys.

use syntopen_shared::api_key::ApiKey;
use syntopen_shared::id::{AccountId, KeyId, UserId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::UpdateKey;
use syntopen_shared::wire::ledger::{KeyRecord, KeyStatus, SpendLimits};

use crate::book::accounts::{self, NewAccount};
use crate::book::tests::fixture::{Customer, Database, START_MS};
use crate::book::{balances, keys};

pub(in crate::book::tests) async fn accounts_are_found_by_email(database: &Database) {
    let book = &database.book;
    let (account, user) = (AccountId::mint(), UserId::mint());
    let new = NewAccount {
        account,
        user,
        email: "ada@example.com",
        password_hash: Some("hash"),
        operator: true,
        created_ms: START_MS,
    };
    let mut writer = book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    accounts::insert(&mut transaction, &new).await.unwrap();
    transaction.commit().await.unwrap();

    let mut transaction = writer.begin_durable().await.unwrap();
    let again = NewAccount { account: AccountId::mint(), user: UserId::mint(), ..new };
    let error = accounts::insert(&mut transaction, &again).await.unwrap_err();
    assert!(error.as_database_error().is_some_and(|error| error.is_unique_violation()), "{error}");
    drop(transaction);
    drop(writer);

    let found = accounts::by_email(book.readers(), "ada@example.com").await.unwrap().unwrap();
    assert_eq!((found.account, found.user, found.operator, found.created_ms), (account, user, true, START_MS));
    assert_eq!(accounts::by_email(book.readers(), "eve@example.com").await.unwrap(), None);
    let page = accounts::page(book.readers(), None, 10).await.unwrap();
    assert_eq!(page.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [account], "the second one was taken back");
}

pub(in crate::book::tests) async fn keys_are_found_changed_and_revoked(database: &Database) {
    let book = &database.book;
    let customer = database.customer("ada").await;
    let (second, plain) = (KeyRecord { key: KeyId::mint(), ..customer.record() }, ApiKey::generate());
    let mut writer = book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    assert_eq!(keys::count(&mut transaction, customer.account).await.unwrap(), 1);
    keys::insert(&mut transaction, &second, plain.hash(), START_MS).await.unwrap();
    transaction.commit().await.unwrap();

    assert_eq!(keys::by_hash(book.readers(), plain.hash()).await.unwrap(), Some(second.clone()));
    assert_eq!(keys::by_hash(book.readers(), ApiKey::generate().hash()).await.unwrap(), None);
    let newest_first = [second.clone(), customer.record()];
    assert_eq!(keys::of_account(book.readers(), customer.account, 10).await.unwrap(), newest_first);
    let found = keys::by_ids(book.readers(), &[customer.key, KeyId::mint()]).await.unwrap();
    assert_eq!(found, [customer.record()]);

    let limits = SpendLimits { day: None, month: Some(NanoUsd::new(7)), total: Some(NanoUsd::new(9)) };
    let mut transaction = writer.begin_durable().await.unwrap();
    assert!(keys::update(&mut transaction, &UpdateKey { rpm: Some(5), ..UpdateKey::of(customer.key) }).await.unwrap());
    let limit = UpdateKey { limits: Some(limits), ..UpdateKey::of(second.key) };
    assert!(keys::update(&mut transaction, &limit).await.unwrap());
    assert!(!keys::update(&mut transaction, &UpdateKey::of(KeyId::mint())).await.unwrap());
    for _ in 0..2 {
        assert!(keys::revoke(&mut transaction, second.key).await.unwrap());
    }
    assert!(!keys::revoke(&mut transaction, KeyId::mint()).await.unwrap());
    transaction.commit().await.unwrap();

    let changed = KeyRecord { rpm: 5, version: 2, ..customer.record() };
    assert_eq!(keys::by_id(book.readers(), customer.key).await.unwrap(), Some(changed));
    let changed = KeyRecord { limits, status: KeyStatus::Revoked, version: 3, ..second };
    assert_eq!(keys::by_id(book.readers(), changed.key).await.unwrap(), Some(changed));
}

pub(in crate::book::tests) async fn lists_go_on_where_they_stopped(database: &Database) {
    let book = &database.book;
    let mut customers = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        customers.push(database.customer(name).await);
    }
    customers.sort_by_key(|customer| customer.account.to_string());

    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = accounts::page(book.readers(), after, 2).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        seen.extend(page.into_iter().map(|(id, _)| id));
    }

    let accounts: Vec<_> = customers.iter().map(|customer| customer.account).collect();
    assert_eq!(seen, accounts, "all customers, once, and no account of the house");
    let keys = balances::keys_of(book.readers(), &accounts[1..3]).await.unwrap();
    let expected: Vec<_> = customers[1..3].iter().map(|Customer { account, key }| (*key, *account, 1)).collect();
    let found: Vec<_> = keys.iter().map(|(id, key)| (*id, key.account, key.version)).collect();
    assert_eq!(found, expected);
    assert_eq!(keys[0].1.limits, customers[1].record().limits);
}
