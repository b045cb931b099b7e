//! Users, their sessions and their second factors.

use syntopen_shared::id::{AccountId, SessionId, UserId};
use syntopen_shared::token::Token;
use syntopen_shared::wire::office::By;

use crate::book::accounts::{self, NewAccount};
use crate::book::audit::{self, Act, Who};
use crate::book::identities::{self, Identity};
use crate::book::sessions::{self, Begun};
use crate::book::sql::query;
use crate::book::tests::fixture::{Database, START_MS};
use crate::book::{second_factors, users};

const DAY_MS: i64 = 86_400_000;

async fn person(database: &Database, email: &str) -> UserId {
    let (account, user) = (AccountId::mint(), UserId::mint());
    let new = NewAccount { account, user, email, password_hash: Some("old"), operator: false, created_ms: START_MS };
    let mut writer = database.book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    accounts::insert(&mut transaction, &new).await.unwrap();
    transaction.commit().await.unwrap();
    user
}

async fn session(database: &Database, user: UserId, (created_ms, token): (i64, &Token)) -> SessionId {
    let (id, hash, expires_ms) = (SessionId::mint(), token.hash(), created_ms + DAY_MS);
    let begun = Begun { id, user, hash: &hash, address: "10.0.0.1", agent: "Browser", created_ms, expires_ms };
    let mut writer = database.book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    sessions::insert(&mut transaction, &begun).await.unwrap();
    transaction.commit().await.unwrap();
    id
}

/// Runs statements in a transaction of their own.
macro_rules! within {
    ($database:expr, $transaction:ident => $done:expr) => {{
        let mut writer = $database.book.writer().await;
        let mut $transaction = writer.begin_durable().await.unwrap();
        let done = $done;
        $transaction.commit().await.unwrap();
        done
    }};
}

pub(in crate::book::tests) async fn sessions_begin_are_seen_and_end(database: &Database) {
    let readers = database.book.readers();
    let (ada, eve) = (person(database, "ada@example.com").await, person(database, "eve@example.com").await);
    let tokens: Vec<_> = (0..4).map(|_| Token::generate()).collect();
    let first = session(database, ada, (START_MS, &tokens[0])).await;
    let second = session(database, ada, (START_MS + 1, &tokens[1])).await;
    let foreign = session(database, eve, (START_MS, &tokens[2])).await;

    let (viewer, seen_ms) = sessions::viewer(readers, &tokens[0].hash(), START_MS).await.unwrap().unwrap();
    assert_eq!((viewer.user, viewer.session, seen_ms), (ada, first, START_MS));
    assert!(sessions::viewer(readers, &tokens[0].hash(), START_MS + DAY_MS).await.unwrap().is_none(), "it has ended");
    assert!(sessions::viewer(readers, &tokens[3].hash(), START_MS).await.unwrap().is_none(), "nobody's");

    within!(database, it => sessions::see(&mut it, first, START_MS + 500).await.unwrap());
    within!(database, it => sessions::see(&mut it, first, START_MS + 400).await.unwrap());
    let listed = sessions::of_user(readers, ada, (START_MS, 10)).await.unwrap();
    assert_eq!(
        listed.iter().map(|it| (it.id, it.seen_ms)).collect::<Vec<_>>(),
        [(second, START_MS + 1), (first, START_MS + 500)]
    );
    assert_eq!(sessions::of_user(readers, ada, (START_MS, 1)).await.unwrap().len(), 1);

    assert!(!within!(database, it => sessions::end_of(&mut it, ada, foreign).await.unwrap()), "another's");
    assert!(within!(database, it => sessions::end_of(&mut it, ada, first).await.unwrap()));
    let ended = within!(database, it => sessions::end(&mut it, &tokens[1].hash()).await.unwrap());
    assert_eq!(ended, Some((second, ada)));
    assert_eq!(within!(database, it => sessions::end(&mut it, &tokens[1].hash()).await.unwrap()), None);
    assert_eq!(sessions::of_user(readers, eve, (START_MS, 10)).await.unwrap().len(), 1, "hers stays");
}

pub(in crate::book::tests) async fn sessions_end_in_numbers(database: &Database) {
    let readers = database.book.readers();
    let ada = person(database, "ada@example.com").await;
    let mut all = Vec::new();
    for place in 0..6 {
        all.push(session(database, ada, (START_MS + place, &Token::generate())).await);
    }

    assert_eq!(within!(database, it => sessions::end_oldest(&mut it, ada, 4).await.unwrap()), 2);
    let left: Vec<_> =
        sessions::of_user(readers, ada, (START_MS, 10)).await.unwrap().into_iter().map(|it| it.id).collect();
    assert_eq!(left, [all[5], all[4], all[3], all[2]], "the latest stay");
    let over_ms = START_MS + DAY_MS + 3;
    assert_eq!(within!(database, it => sessions::sweep(&mut it, (over_ms, 1)).await.unwrap()), 1);
    assert_eq!(within!(database, it => sessions::sweep(&mut it, (over_ms, 10)).await.unwrap()), 1, "two had ended");
    assert_eq!(within!(database, it => sessions::end_others(&mut it, ada, all[4]).await.unwrap()), 1);
    assert_eq!(within!(database, it => sessions::end_all(&mut it, ada).await.unwrap()), 1);
    assert!(sessions::of_user(readers, ada, (START_MS, 10)).await.unwrap().is_empty());
}

pub(in crate::book::tests) async fn passwords_change_only_from_what_they_were(database: &Database) {
    let readers = database.book.readers();
    let ada = person(database, "ada@example.com").await;

    assert!(within!(database, it => users::change_password(&mut it, ada, ["old", "new"]).await.unwrap()));
    assert!(!within!(database, it => users::change_password(&mut it, ada, ["old", "newer"]).await.unwrap()));
    within!(database, it => users::verify(&mut it, ada, START_MS).await.unwrap());

    let known = users::credentials(readers, "ada@example.com").await.unwrap().unwrap();
    assert_eq!((known.user, known.password_hash.as_deref()), (ada, Some("new")));
    assert_eq!((known.is_verified, known.has_second_factor), (true, false));
    assert!(users::credentials_of(readers, UserId::mint()).await.unwrap().is_none());
}

pub(in crate::book::tests) async fn second_factors_are_confirmed_and_their_codes_used_up(database: &Database) {
    let readers = database.book.readers();
    let (ada, eve) = (person(database, "ada@example.com").await, person(database, "eve@example.com").await);
    let codes = ["one", "two"].map(str::to_owned);

    assert!(within!(database, it => second_factors::put_secret(&mut it, ada, "first").await.unwrap()));
    assert!(within!(database, it => second_factors::put_secret(&mut it, ada, "second").await.unwrap()));
    let stale = ("first", START_MS);
    assert!(!within!(database, it => second_factors::confirm(&mut it, (ada, stale.0), stale.1).await.unwrap()));
    assert!(within!(database, it => second_factors::confirm(&mut it, (ada, "second"), START_MS).await.unwrap()));
    assert!(!within!(database, it => second_factors::put_secret(&mut it, ada, "third").await.unwrap()), "in use");

    within!(database, it => {
        second_factors::lock(&mut it, ada).await.unwrap();
        second_factors::fail(&mut it, ada, START_MS).await.unwrap();
        second_factors::fail(&mut it, ada, START_MS + 7).await.unwrap();
    });
    let factor = second_factors::of_user(readers, ada).await.unwrap().unwrap();
    assert_eq!((factor.failed, factor.failed_ms, factor.step, factor.is_confirmed), (2, START_MS + 7, 0, true));
    within!(database, it => second_factors::use_step(&mut it, ada, 77).await.unwrap());
    let factor = second_factors::of_user(readers, ada).await.unwrap().unwrap();
    assert_eq!((factor.failed, factor.step, factor.secret.as_deref()), (0, 77, Some("second")));

    within!(database, it => second_factors::put_codes(&mut it, ada, &codes).await.unwrap());
    assert!(!within!(database, it => second_factors::use_code(&mut it, eve, "one").await.unwrap()), "not hers");
    assert!(within!(database, it => second_factors::use_code(&mut it, ada, "one").await.unwrap()));
    assert!(!within!(database, it => second_factors::use_code(&mut it, ada, "one").await.unwrap()), "once");
    assert_eq!(second_factors::count_codes(readers, ada).await.unwrap(), 1);
    within!(database, it => second_factors::end(&mut it, ada).await.unwrap());
    let factor = second_factors::of_user(readers, ada).await.unwrap().unwrap();
    assert_eq!((factor.secret, factor.is_confirmed, factor.step), (None, false, 77), "a used code stays used");
    assert_eq!(second_factors::count_codes(readers, ada).await.unwrap(), 0);
}

pub(in crate::book::tests) async fn challenges_are_met_once_and_in_time(database: &Database) {
    let readers = database.book.readers();
    let ada = person(database, "ada@example.com").await;
    let (old, new) = (Token::generate().hash(), Token::generate().hash());
    let times = |now_ms: i64| [now_ms, now_ms + 1_000, 10];

    within!(database, it => second_factors::begin_challenge(&mut it, (ada, &old), times(START_MS)).await.unwrap());
    assert_eq!(second_factors::challenged(readers, &old, START_MS).await.unwrap(), Some(ada));
    assert_eq!(second_factors::challenged(readers, &old, START_MS + 1_000).await.unwrap(), None);
    assert_eq!(second_factors::challenged(readers, &new, START_MS).await.unwrap(), None);
    let later = times(START_MS + 2_000);
    within!(database, it => second_factors::begin_challenge(&mut it, (ada, &new), later).await.unwrap());

    let row = query("SELECT COUNT(*) FROM challenges").fetch_one(readers).await.unwrap();
    assert_eq!(row.get::<i64>(0).unwrap(), 1, "the old one is forgotten");
    assert!(within!(database, it => second_factors::end_challenge(&mut it, &new).await.unwrap()));
    assert!(!within!(database, it => second_factors::end_challenge(&mut it, &new).await.unwrap()));
}

pub(in crate::book::tests) async fn providers_know_people_by_issuer_and_subject(database: &Database) {
    let readers = database.book.readers();
    let (ada, eve) = (person(database, "ada@example.com").await, person(database, "eve@example.com").await);
    let (one, other) = ("https://one.example", "https://other.example");

    for (issuer, user) in [(one, ada), (other, eve)] {
        let identity = Identity { issuer, subject: "1" };
        within!(database, it => identities::insert(&mut it, identity, (user, START_MS)).await.unwrap());
    }

    assert_eq!(identities::user(readers, Identity { issuer: one, subject: "1" }).await.unwrap(), Some(ada));
    assert_eq!(identities::user(readers, Identity { issuer: other, subject: "1" }).await.unwrap(), Some(eve));
    assert_eq!(identities::user(readers, Identity { issuer: one, subject: "2" }).await.unwrap(), None);
    let mut writer = database.book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    let again = identities::insert(&mut transaction, Identity { issuer: one, subject: "1" }, (eve, START_MS)).await;
    assert!(again.unwrap_err().as_database_error().is_some_and(|error| error.is_unique_violation()));
}

pub(in crate::book::tests) async fn the_audit_log_tells_who_and_from_where(database: &Database) {
    let by = By { user: UserId::mint(), address: "2001:db8::1".to_owned() };
    for who in [Who::Cli, Who::User(&by)] {
        let act = Act { who, at_ms: START_MS, act: "test", subject: "a", detail: &serde_json::json!({ "b": 1 }) };
        within!(database, it => audit::record(&mut it, act).await.unwrap());
    }

    let rows = query("SELECT who, address, detail FROM audit_log WHERE act = 'test' ORDER BY id");
    let rows = rows.fetch_all(database.book.readers()).await.unwrap();
    let told = rows.iter().map(|row| (row.get::<String>("who").unwrap(), row.get::<String>("address").unwrap()));
    let user = by.user.to_string();
    assert_eq!(told.collect::<Vec<_>>(), [("cli".to_owned(), String::new()), (user, by.address.clone())]);
    assert_eq!(rows[0].get::<&str>("detail").unwrap(), "{\"b\":1}");
}
