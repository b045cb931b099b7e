//! Lists, page by page: each row is on one page, on the way on and on the way back.

use syntopen_shared::id::{InvitationId, RequestId};
use syntopen_shared::token::Token;
use syntopen_shared::wire::office::billing::{ListTransfers, Which};
use syntopen_shared::wire::office::identity::Role;
use syntopen_shared::wire::office::members::{Invitation, ListInvitedCustomers};
use syntopen_shared::wire::office::paging::{Place, Slice};
use syntopen_shared::wire::office::payments::{Event, Fact, Handled, Hints, ListUnmatched, News};

use super::stream;
use crate::account::EndedAs;
use crate::book::invitations::{self, NewInvitation};
use crate::book::tests::fixture::{Database, START_MS, credit};
use crate::book::{members, transfers, unmatched};

/// Rows of the pages of these tests.
const LIMIT: u32 = 3;

/// Every row of a list of which `look` gets a page of at most so many: on to the end, and then back again.
pub(super) async fn walked<T: Clone, C: Clone, F: Future<Output = Slice<T, C>>>(
    limit: u32,
    look: impl Fn(Place<C>) -> F,
) -> [Vec<T>; 2] {
    let (mut there, mut place) = (Vec::new(), Place::First);
    let mut last = loop {
        let slice = look(place).await;
        assert!(slice.rows.len() <= limit as usize);
        there.extend(slice.rows.iter().cloned());
        match slice.after.clone() {
            Some(after) => place = Place::After(after),
            None => break slice,
        }
    };
    let mut back = last.rows.clone();
    while let Some(before) = last.before {
        last = look(Place::Before(before)).await;
        assert!(last.after.is_some(), "it was come from there");
        back.splice(0..0, last.rows.iter().cloned());
    }
    [there, back]
}

pub(in crate::book::tests) async fn transfers_go_on_and_back(database: &Database) {
    let (ada, eve) = (database.customer("ada").await, database.customer("eve").await);
    for place in 1..=7_u32 {
        let nanos = i64::from(place);
        credit(&database.book, ada.account, (nanos, &format!("ada {place}"))).await;
        credit(&database.book, eve.account, (nanos, &format!("eve {place}"))).await;
        let charge = ada.entry(RequestId::mint(), EndedAs::Settled, [nanos, nanos]);
        stream::book(database, place, &[charge]).await;
    }
    for (which, expected) in [
        (Which::MoneyIn, (1..=7).rev().collect::<Vec<i64>>()),
        (Which::All, (1..=7).rev().flat_map(|nanos| [-nanos, nanos]).collect()),
    ] {
        let (readers, account) = (database.book.readers(), ada.account);
        let look = async |place| {
            transfers::list(readers, &ListTransfers { account, which, place, limit: LIMIT }).await.unwrap()
        };
        let rows = walked(LIMIT, look).await;
        let amounts = rows.map(|rows| rows.iter().map(|row| row.amount.nanos()).collect::<Vec<_>>());
        assert_eq!(amounts, [expected.clone(), expected], "{which:?}");
    }
}

pub(in crate::book::tests) async fn invitations_go_on_and_back(database: &Database) {
    let ada = database.customer("ada").await;
    let by = members::by_email(database.book.readers(), "ada@example.com").await.unwrap().unwrap().user;
    let mut writer = database.book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    for number in 0..8 {
        for account in [None, Some(ada.account)] {
            let invitation = Invitation {
                id: InvitationId::mint(),
                email: format!("{number}@example.com"),
                role: Role::Owner,
                created_ms: START_MS,
                expires_ms: START_MS,
            };
            let hash = Token::generate().hash();
            let new = NewInvitation { invitation: &invitation, account, hash: &hash, mailed: true, by };
            invitations::insert(&mut transaction, &new).await.unwrap();
        }
    }
    transaction.commit().await.unwrap();
    drop(writer);

    let readers = database.book.readers();
    let look = async |place| {
        invitations::of_customers(readers, &ListInvitedCustomers { user: by, place, limit: LIMIT }).await.unwrap()
    };
    let rows = walked(LIMIT, look).await;

    let expected: Vec<_> = (0..8).rev().map(|number| format!("{number}@example.com")).collect();
    let emails = rows.map(|rows| rows.into_iter().map(|row| row.email).collect::<Vec<_>>());
    assert_eq!(emails, [expected.clone(), expected]);
}

pub(in crate::book::tests) async fn unmatched_events_go_on_and_back(database: &Database) {
    let (of, currency) = (Hints::default(), "usd".to_owned());
    let news = News { of, cents: 5, currency, fact: Fact::Unreadable, told_s: 0 };
    let mut writer = database.book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    for number in 0..9 {
        let event = Event { id: format!("evt_{number}"), kind: "charge.refunded".to_owned() };
        unmatched::keep(&mut transaction, &event, (&news, "why", START_MS)).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let readers = database.book.readers();
    let list = async |which| {
        let look = async |place| unmatched::list(readers, &ListUnmatched { which, place, limit: LIMIT }).await.unwrap();
        walked(LIMIT, look).await.map(|rows| rows.into_iter().map(|row| row.event.id).collect::<Vec<_>>())
    };
    let all: Vec<_> = (0..9).rev().map(|number| format!("evt_{number}")).collect();
    assert_eq!(list(Handled::Open).await, [all.clone(), all.clone()]);

    let page = ListUnmatched { which: Handled::Open, place: Place::First, limit: LIMIT };
    let newest = unmatched::list(readers, &page).await.unwrap().rows[0].unmatched;
    let mut transaction = writer.begin_durable().await.unwrap();
    assert!(unmatched::handle(&mut transaction, newest, "dismissed").await.unwrap());
    transaction.commit().await.unwrap();
    assert_eq!(list(Handled::Open).await, [all[1..].to_vec(), all[1..].to_vec()]);
    assert_eq!(list(Handled::All).await, [all.clone(), all]);
}
