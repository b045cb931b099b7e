//! Money that comes in.

use std::collections::HashMap;
use std::sync::Arc;

use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::CreditClass;

use crate::book::audit::Who;
use crate::book::credits::{self, NewCredit};
use crate::book::sql::query;
use crate::book::tests::fixture::{Database, START_MS, credit};

const REFERENCES: i64 = 12;

pub(in crate::book::tests) async fn credits_are_numbered_and_idempotent_by_reference(database: &Database) {
    let book = &database.book;
    let ada = database.customer("ada").await;

    let first = credit(book, ada.account, (100, "one")).await;
    let second = credit(book, ada.account, (20, "two")).await;
    let again = credit(book, ada.account, (100, "one")).await;

    assert_eq!(again.receipt, first.receipt);
    assert_eq!((first.receipt.balance.nanos(), second.receipt.balance.nanos()), (100, 120));
    assert_eq!(database.account(ada).await, (120, 2, 0));
    for (have, missing) in [(0, vec![(1, 100), (2, 20)]), (1, vec![(2, 20)]), (2, vec![])] {
        let found = credits::after(book.readers(), ada.account, have, 10).await.unwrap();
        assert_eq!(found.iter().map(|credit| (credit.number, credit.amount.nanos())).collect::<Vec<_>>(), missing);
    }
    let (class, amount) = (CreditClass::Adjustment, NanoUsd::MAX);
    let much =
        NewCredit { account: ada.account, amount, class, reference: "three", created_ms: START_MS, who: Who::Cli };
    assert!(credits::book(book, &much).await.unwrap().is_none(), "more than can be stored");
    let audited = query("SELECT COUNT(*) FROM audit_log WHERE act = 'account.credit'").fetch_one(book.readers());
    assert_eq!(audited.await.unwrap().get::<i64>(0).unwrap(), 2);
    assert_eq!(database.exact().await.posted["house:cash"], -120);
}

pub(in crate::book::tests) async fn parallel_credits_count_once(database: &Database) {
    let ada = database.customer("ada").await;
    let books = [Arc::new(database.another().await), Arc::new(database.another().await)];
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..8 {
        let book = Arc::clone(&books[worker % 2]);
        tasks.spawn(async move {
            let mut booked = Vec::new();
            for reference in 0..REFERENCES {
                let credited = credit(&book, ada.account, (1 << reference, &reference.to_string())).await;
                booked.push((credited.receipt.reference, credited.receipt.transfer));
            }
            booked
        });
    }

    let mut by_reference = HashMap::new();
    for (reference, booked) in tasks.join_all().await.into_iter().flatten() {
        let known = *by_reference.entry(reference).or_insert(booked);
        assert_eq!(known, booked, "whoever credits by one reference is told of the same transfer");
    }

    let numbered = credits::after(database.book.readers(), ada.account, 0, 100).await.unwrap();
    let numbers: Vec<_> = numbered.iter().map(|credit| credit.number).collect();
    assert_eq!(numbers, (1..=REFERENCES).collect::<Vec<_>>());
    assert_eq!(database.account(ada).await, ((1 << REFERENCES) - 1, REFERENCES, 0));
    database.exact().await;
}

pub(in crate::book::tests) async fn a_reference_belongs_to_one_account(database: &Database) {
    let (ada, eve) = (database.customer("ada").await, database.customer("eve").await);
    let books = [database.another().await, database.another().await];
    for round in 0..20 {
        let reference = format!("round {round}");

        let (one, other) = tokio::join!(
            credit(&books[0], ada.account, (5, &reference)),
            credit(&books[1], eve.account, (5, &reference))
        );

        assert_eq!(one.receipt, other.receipt, "both are told who has it");
    }
    let both = database.account(ada).await.0 + database.account(eve).await.0;
    assert_eq!(both, 5 * 20);
    database.exact().await;
}
