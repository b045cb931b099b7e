//! Links, invitations, members, alerts, and the end of an account.

use syntopen_shared::id::{AccountId, InvitationId, UserId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::token::Token;
use syntopen_shared::wire::ledger::AccountStatus;
use syntopen_shared::wire::office::identity::Role;
use syntopen_shared::wire::office::links::Purpose;
use syntopen_shared::wire::office::members::{Invitation, ListInvitedCustomers};
use syntopen_shared::wire::office::paging::Place;

use crate::book::alerts::{self, Claim};
use crate::book::invitations::{self, NewInvitation};
use crate::book::links::{self, NewLink};
use crate::book::members::{self, NewMember};
use crate::book::tests::fixture::{Database, START_MS, credit};
use crate::book::{accounts, balances, closing, keys};

const HOUR_MS: i64 = 3_600_000;

pub(in crate::book::tests) async fn a_link_is_of_one_purpose_and_used_once(database: &Database) {
    let book = &database.book;
    database.customer("ada").await;
    let user = members::by_email(book.readers(), "ada@example.com").await.unwrap().unwrap().user;
    let hash = Token::generate().hash();
    let (created_ms, expires_ms) = (START_MS, START_MS + HOUR_MS);
    let email = "ada@example.com";
    let new = NewLink { hash: &hash, purpose: Purpose::Reset, email, user: Some(user), created_ms, expires_ms };
    let mut writer = book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    links::insert(&mut transaction, new).await.unwrap();
    assert_eq!(links::count(&mut transaction, (Purpose::Reset, email), START_MS).await.unwrap(), 1);
    assert_eq!(links::count(&mut transaction, (Purpose::Verify, email), START_MS).await.unwrap(), 0);

    for (purpose, now_ms) in [(Purpose::Verify, START_MS), (Purpose::SignUp, START_MS), (Purpose::Reset, expires_ms)] {
        assert!(links::find(&mut transaction, (purpose, &hash), now_ms).await.unwrap().is_none());
        assert!(links::take(&mut transaction, (purpose, &hash), now_ms).await.unwrap().is_none());
    }
    let other = Token::generate().hash();
    assert!(links::take(&mut transaction, (Purpose::Reset, &other), START_MS).await.unwrap().is_none());
    let taken = links::take(&mut transaction, (Purpose::Reset, &hash), START_MS).await.unwrap().unwrap();
    assert_eq!((taken.email.as_str(), taken.user), (email, Some(user)));
    assert!(links::take(&mut transaction, (Purpose::Reset, &hash), START_MS).await.unwrap().is_none());

    links::insert(&mut transaction, new).await.unwrap();
    links::prune(&mut transaction, expires_ms - 1).await.unwrap();
    assert!(links::find(&mut transaction, (Purpose::Reset, &hash), START_MS).await.unwrap().is_some());
    links::prune(&mut transaction, expires_ms).await.unwrap();
    assert!(links::find(&mut transaction, (Purpose::Reset, &hash), START_MS).await.unwrap().is_none());
}

pub(in crate::book::tests) async fn an_invitation_is_of_one_account_and_used_once(database: &Database) {
    let book = &database.book;
    let (ada, eve) = (database.customer("ada").await, database.customer("eve").await);
    let by = members::by_email(book.readers(), "ada@example.com").await.unwrap().unwrap().user;
    let (first, second, open) = (Token::generate().hash(), Token::generate().hash(), Token::generate().hash());
    let invited = |email: &str| Invitation {
        id: InvitationId::mint(),
        email: email.to_owned(),
        role: Role::Member,
        created_ms: START_MS,
        expires_ms: START_MS + HOUR_MS,
    };
    let mut writer = book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    let again = invited("bob@example.com");
    for (hash, invitation) in [(&first, &invited("bob@example.com")), (&second, &again)] {
        let new = NewInvitation { invitation, account: Some(ada.account), hash, mailed: true, by };
        invitations::insert(&mut transaction, &new).await.unwrap();
    }
    let customer = invited("bob@example.com");
    let new = NewInvitation { invitation: &customer, account: None, hash: &open, mailed: false, by };
    invitations::insert(&mut transaction, &new).await.unwrap();

    assert_eq!(invitations::of_account(&mut transaction, ada.account).await.unwrap(), std::slice::from_ref(&again));
    assert_eq!(invitations::of_account(&mut transaction, eve.account).await.unwrap(), []);
    let list = ListInvitedCustomers { user: by, place: Place::First, limit: 10 };
    let listed = invitations::of_customers(&mut transaction, &list).await.unwrap();
    assert_eq!(listed.rows, std::slice::from_ref(&customer));
    assert!(invitations::find(&mut transaction, &first, START_MS).await.unwrap().is_none(), "it was replaced");
    assert!(invitations::take(&mut transaction, &second, again.expires_ms).await.unwrap().is_none(), "expired");
    for account in [Some(eve.account), None] {
        assert_eq!(invitations::withdraw(&mut transaction, account, again.id).await.unwrap(), None, "another's");
    }
    let taken = invitations::take(&mut transaction, &second, START_MS).await.unwrap().unwrap();
    assert_eq!((taken.account, taken.email.as_str(), taken.mailed), (Some(ada.account), "bob@example.com", true));
    assert!(invitations::take(&mut transaction, &second, START_MS).await.unwrap().is_none());
    let withdrawn = invitations::withdraw(&mut transaction, None, customer.id).await.unwrap();
    assert_eq!(withdrawn.as_deref(), Some("bob@example.com"));
    assert!(invitations::find(&mut transaction, &open, START_MS).await.unwrap().is_none());
}

pub(in crate::book::tests) async fn members_come_and_go(database: &Database) {
    let book = &database.book;
    let ada = database.customer("ada").await;
    let owner = members::by_email(book.readers(), "ada@example.com").await.unwrap().unwrap().user;
    let (account, user) = (ada.account, UserId::mint());
    let new = NewMember {
        account,
        user,
        email: "bob@example.com",
        role: Role::Member,
        password_hash: "hash",
        verified_ms: Some(START_MS),
        created_ms: START_MS,
    };
    let mut writer = book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    members::insert(&mut transaction, &new).await.unwrap();
    assert_eq!(members::role_of(&mut transaction, (account, user)).await.unwrap(), Some(Role::Member));
    assert_eq!(members::owners(&mut transaction, account).await.unwrap(), 1);
    assert_eq!(alerts::owners(&mut transaction, account).await.unwrap(), ["ada@example.com"]);
    members::set_role(&mut transaction, (account, user), Role::Owner).await.unwrap();
    assert_eq!(members::owners(&mut transaction, account).await.unwrap(), 2);
    let list = members::list(&mut transaction, account).await.unwrap();
    assert_eq!(list.iter().map(|member| member.user).collect::<Vec<_>>(), [owner, user]);
    assert!(!list[0].verified && list[1].verified);

    members::remove(&mut transaction, (account, user), START_MS).await.unwrap();
    assert_eq!(members::role_of(&mut transaction, (account, user)).await.unwrap(), None);
    assert_eq!(members::count(&mut transaction, account).await.unwrap(), 1);
    assert!(members::by_email(&mut transaction, "bob@example.com").await.unwrap().is_none());
    assert!(!members::verify(&mut transaction, (user, "bob@example.com"), START_MS).await.unwrap());
    members::insert(&mut transaction, &NewMember { user: UserId::mint(), ..new }).await.unwrap();
    transaction.commit().await.unwrap();
}

pub(in crate::book::tests) async fn an_alert_is_claimed_by_one_and_sent_once(database: &Database) {
    let book = &database.book;
    let ada = database.customer("ada").await;
    credit(book, ada.account, (100, "first")).await;
    let now = |minutes: i64| START_MS + minutes * 60_000;
    set_alert(database, ada.account, Some(NanoUsd::new(100))).await;
    assert_eq!(claimed(database, now(0)).await, [], "not below it");

    set_alert(database, ada.account, Some(NanoUsd::new(150))).await;
    assert_eq!(alerts::threshold(book.readers(), ada.account).await.unwrap(), Some(NanoUsd::new(150)));
    let racing = futures_util::future::join_all((0..8).map(|_| claimed(database, now(0)))).await;
    assert_eq!(racing.concat(), [ada.account], "one of all who ask gets it");
    assert_eq!(claimed(database, now(14)).await, []);
    assert_eq!(claimed(database, now(15)).await, [ada.account], "a claim that is not confirmed lapses");
    confirm(database, ada.account, now(0)).await;
    assert_eq!(claimed(database, now(30)).await, [ada.account], "that claim had lapsed");
    confirm(database, ada.account, now(30)).await;
    assert_eq!(claimed(database, now(90)).await, []);

    credit(book, ada.account, (10, "too little")).await;
    assert_eq!(claimed(database, now(90)).await, []);
    credit(book, ada.account, (40, "enough")).await;
    credit(book, ada.account, (-1, "taken back")).await;
    assert_eq!(claimed(database, now(91)).await, [ada.account], "it was above in between");
    set_alert(database, ada.account, None).await;
    assert_eq!(claimed(database, now(200)).await, []);
}

pub(in crate::book::tests) async fn an_account_is_closed_for_good(database: &Database) {
    let book = &database.book;
    let (ada, eve) = (database.customer("ada").await, database.customer("eve").await);
    credit(book, ada.account, (100, "first")).await;
    let mut writer = book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    assert_eq!(closing::active_keys(&mut transaction, ada.account).await.unwrap(), 1);

    closing::close(&mut transaction, ada.account, START_MS).await.unwrap();

    assert!(accounts::is_closed(&mut transaction, ada.account).await.unwrap());
    assert!(!accounts::is_closed(&mut transaction, eve.account).await.unwrap());
    assert_eq!(closing::active_keys(&mut transaction, ada.account).await.unwrap(), 0);
    assert!(!alerts::set(&mut transaction, ada.account, None).await.unwrap());
    transaction.commit().await.unwrap();
    drop(writer);
    let seed = balances::of_key(book.readers(), ada.key).await.unwrap().unwrap();
    assert_eq!(
        (seed.record.status, seed.record.version, seed.record.posted.nanos()),
        (AccountStatus::Suspended, 2, 100)
    );
    assert_eq!(keys::by_id(book.readers(), eve.key).await.unwrap(), Some(eve.record()));
    assert!(members::by_email(book.readers(), "ada@example.com").await.unwrap().unwrap().closed);
    database.exact().await;
}

async fn set_alert(database: &Database, account: AccountId, below: Option<NanoUsd>) {
    let mut writer = database.book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    assert!(alerts::set(&mut transaction, account, below).await.unwrap());
    transaction.commit().await.unwrap();
}

async fn confirm(database: &Database, account: AccountId, claimed_ms: i64) {
    let mut writer = database.book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    alerts::confirm(&mut transaction, (account, claimed_ms), claimed_ms).await.unwrap();
    transaction.commit().await.unwrap();
}

/// Claims what is due at this moment, where claims lapse after a quarter of an hour.
async fn claimed(database: &Database, now_ms: i64) -> Vec<AccountId> {
    let lapsed_ms = now_ms - 15 * 60_000;
    let mut writer = database.book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    alerts::arm(&mut transaction).await.unwrap();
    let due = alerts::claim(&mut transaction, Claim { now_ms, lapsed_ms, limit: 10 }).await.unwrap();
    transaction.commit().await.unwrap();
    due.into_iter().map(|due| due.account).collect()
}
