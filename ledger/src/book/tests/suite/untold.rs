//! Changes that the hot state may not have been told of.

use syntopen_shared::wire::admin::UpdateKey;
use syntopen_shared::wire::ledger::AccountStatus;

use crate::book::tests::fixture::{Customer, Database, START_MS, credit};
use crate::book::untold::{self, Subject, Untold};
use crate::book::{accounts, closing, keys};

async fn noted(database: &Database, of: Customer) -> Vec<Untold> {
    untold::of_account(database.book.readers(), of.account).await.unwrap()
}

async fn revoke(database: &Database, of: Customer) {
    let mut writer = database.book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    assert!(keys::revoke(&mut transaction, of.key).await.unwrap());
    transaction.commit().await.unwrap();
}

pub(in crate::book::tests) async fn changes_are_noted_until_they_are_told(database: &Database) {
    let (ada, eve) = (database.customer("ada").await, database.customer("eve").await);
    assert_eq!(noted(database, ada).await, [], "what is new is read when it is touched");
    let mut writer = database.book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    assert!(accounts::set_status(&mut transaction, ada.account, AccountStatus::Suspended).await.unwrap());
    assert!(keys::update(&mut transaction, &UpdateKey { rpm: Some(1), ..UpdateKey::of(ada.key) }).await.unwrap());
    closing::close(&mut transaction, eve.account, START_MS).await.unwrap();
    transaction.commit().await.unwrap();
    drop(writer);
    credit(&database.book, ada.account, (5, "five")).await;

    let subjects = |noted: &[Untold]| noted.iter().map(|note| note.subject).collect::<Vec<_>>();
    let of_ada = noted(database, ada).await;
    assert_eq!(of_ada[0].subject, Subject::Standing);
    assert_eq!(of_ada.len(), 3);
    for subject in [Subject::Credits, Subject::Key(ada.key)] {
        assert!(subjects(&of_ada).contains(&subject), "{of_ada:?}");
    }
    assert_eq!(subjects(&noted(database, eve).await), [Subject::Standing, Subject::Key(eve.key)]);
    assert_eq!(untold::list(database.book.readers(), 100).await.unwrap().len(), 5);
    assert_eq!(untold::list(database.book.readers(), 4).await.unwrap().len(), 4);

    // Another change of the key comes while the first one is being told.
    revoke(database, ada).await;
    for told in &of_ada {
        untold::forget(&database.book, told).await.unwrap();
    }
    let left = noted(database, ada).await;
    assert_eq!(subjects(&left), [Subject::Key(ada.key)]);
    assert!(!of_ada.contains(&left[0]));
    untold::forget(&database.book, &left[0]).await.unwrap();
    assert_eq!(noted(database, ada).await, []);
}
