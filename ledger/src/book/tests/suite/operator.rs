//! What operators look at.

use syntopen_shared::id::{AccountId, GatewayId, RequestId, UserId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::office::By;
use syntopen_shared::wire::office::operator::accounts::{AccountRow, Search};
use syntopen_shared::wire::office::operator::gateways::{BreakerState, ReportGateway, UpstreamReport};
use syntopen_shared::wire::office::operator::ledger::Scope;

use crate::account::EndedAs;
use crate::book::acts::{self, Filter};
use crate::book::audit::{self, Act, Who};
use crate::book::reconciliations::{self, Outcome};
use crate::book::tests::fixture::{Database, START_MS, credit};
use crate::book::{credits, directory, gateways, slices};

use super::lists::walked;
use super::stream;

pub(in crate::book::tests) async fn accounts_are_found_by_address_id_and_key(database: &Database) {
    let pool = database.book.readers();
    let mut names: Vec<_> = (0..60).map(|number| format!("mid{number:02}")).collect();
    names.extend(["mid.a", "mid-b", "mid_c", "mid+d", "middle", "mi", "mia", "nid", "mid\u{e9}"].map(str::to_owned));
    let mut all = Vec::new();
    for name in &names {
        all.push(database.customer(name).await.account);
    }
    let ada = database.customer("ada").await;
    credit(&database.book, ada.account, (77, "one")).await;

    let by_email = async |place| directory::by_email(pool, "mid", &place).await.unwrap();
    let [there, back] = walked(slices::ROWS, by_email).await;
    let mut expected: Vec<_> =
        names.iter().filter(|name| name.starts_with("mid")).map(|name| format!("{name}@example.com")).collect();
    expected.sort_unstable();
    let found = |rows: &[AccountRow]| rows.iter().map(|row| row.email.clone().unwrap()).collect::<Vec<_>>();
    assert_eq!(found(&there), expected, "whatever language the database sorts by");
    assert_eq!(found(&back), expected);

    let [there, back] = walked(slices::ROWS, async |place| directory::all(pool, &place).await.unwrap()).await;
    let mut newest: Vec<_> = all.iter().copied().chain([ada.account]).collect();
    newest.sort_unstable_by_key(|account| std::cmp::Reverse(account.to_string()));
    assert_eq!(there.iter().map(|row| row.account).collect::<Vec<_>>(), newest, "and none of the house");
    assert_eq!(back, there);

    let find = async |search: Search| directory::find(pool, &search).await.unwrap();
    let one = find(Search::Account(ada.account)).await;
    assert_eq!(one.len(), 1);
    let row = &one[0];
    assert_eq!((row.email.as_deref(), row.balance.nanos(), row.keys), (Some("ada@example.com"), 77, 1));
    assert!(find(Search::Account(AccountId::mint())).await.is_empty());
    let by_key = find(Search::Key(ada.record().prefix)).await;
    assert_eq!(by_key.len(), slices::ROWS as usize, "all keys of these tests are shown alike");
    assert!(find(Search::Key("sk-syn-none…".to_owned())).await.is_empty());
    assert!(directory::standing(pool, ada.account).await.unwrap().is_some());
    assert!(directory::standing(pool, AccountId::mint()).await.unwrap().is_none());
    assert_eq!(directory::transfers(pool, ada.account).await.unwrap()[0].amount.nanos(), 77);
    assert_eq!(directory::users(pool, ada.account).await.unwrap()[0].email, "ada@example.com");
}

pub(in crate::book::tests) async fn the_audit_log_is_filtered_and_goes_on_and_back(database: &Database) {
    let book = &database.book;
    let by = By { user: UserId::mint(), address: "203.0.113.7".to_owned() };
    let mut writer = book.writer().await;
    for number in 0..70_i64 {
        let mut transaction = writer.begin_durable().await.unwrap();
        let who = if number % 2 == 0 { Who::Cli } else { Who::User(&by) };
        let act = if number % 3 == 0 { "thing.make" } else { "thing.break" };
        let act = Act { who, at_ms: number, act, subject: "thing", detail: &number };
        audit::record(&mut transaction, act).await.unwrap();
        transaction.commit().await.unwrap();
    }
    drop(writer);
    let person = by.user.to_string();
    for (act, who) in [
        (None, None),
        (Some("thing.make"), None),
        (None, Some("cli")),
        (None, Some(person.as_str())),
        (Some("thing.break"), Some("cli")),
        (Some("nothing"), None),
    ] {
        let filter = Filter { act: act.map(str::to_owned), who: who.map(str::to_owned) };
        let read = async |place| acts::read(book.readers(), &filter, &place).await.unwrap();
        let [there, back] = walked(slices::ROWS, read).await;
        let is_meant = |number: &i64| {
            let made = if number % 3 == 0 { "thing.make" } else { "thing.break" };
            let by_whom = if number % 2 == 0 { "cli" } else { person.as_str() };
            act.is_none_or(|act| act == made) && who.is_none_or(|who| who == by_whom)
        };
        let expected: Vec<_> = (0..70).rev().filter(is_meant).collect();
        assert_eq!(there.iter().map(|row| row.at_ms).collect::<Vec<_>>(), expected, "{act:?} {who:?}");
        assert_eq!(back, there);
        assert!(there.iter().all(|row| (row.who == person) == (row.address == "203.0.113.7")));
    }
    assert_eq!(acts::kinds(book.readers()).await.unwrap(), ["thing.break", "thing.make"]);
}

pub(in crate::book::tests) async fn what_was_charged_is_summed_of_the_account_alone(database: &Database) {
    let book = &database.book;
    let (ada, eve) = (database.customer("ada").await, database.customer("eve").await);
    let (request, unknown) = (RequestId::mint(), RequestId::mint());
    stream::book(database, 1, &[ada.entry(request, EndedAs::Expired, [40, 40])]).await;
    stream::book(database, 2, &[ada.entry(request, EndedAs::Settled, [65, 25])]).await;
    let charged = async |account, request| credits::charged(book.readers(), account, request).await.unwrap().nanos();
    assert_eq!(charged(ada.account, request).await, 65);
    assert_eq!(charged(eve.account, request).await, 0);
    assert_eq!(charged(ada.account, unknown).await, 0);
    let (spent, keys) = directory::spent(book.readers(), ada.account, START_MS).await.unwrap();
    assert_eq!((spent.day.nanos(), spent.month.nanos(), spent.total.nanos(), keys), (65, 65, 65, 1));
    let (later, _) = directory::spent(book.readers(), ada.account, START_MS + 86_400_000).await.unwrap();
    assert_eq!((later.day, later.month, later.total.nanos()), (NanoUsd::ZERO, NanoUsd::ZERO, 65), "in December");

    credit(book, ada.account, (5, &format!("refund:{request}"))).await;
    let requests = directory::requests(book.readers(), ada.account).await.unwrap();
    assert_eq!((requests.len(), requests[0].refunded), (1, Some(NanoUsd::new(5))));
}

pub(in crate::book::tests) async fn gateways_are_seen_until_they_are_gone(database: &Database) {
    let book = &database.book;
    let upstream = |name: &str, calls| UpstreamReport {
        upstream: name.to_owned(),
        state: BreakerState::HalfOpen,
        credentials: 2,
        credentials_out: 1,
        calls,
        failed: 3,
        latency_ms: 900,
    };
    let report = |started_ms, upstreams| ReportGateway {
        gateway: GatewayId::mint(),
        host: "host".to_owned(),
        started_ms,
        unapplied: 4,
        unbooked: 5,
        catalog_refused: true,
        upstreams,
    };
    let put = async |report: &ReportGateway, now_ms: i64| {
        let mut writer = book.writer().await;
        let mut transaction = writer.begin_charges().await.unwrap();
        gateways::put(&mut transaction, report, (now_ms, now_ms - 100)).await.unwrap();
        transaction.commit().await.unwrap();
    };
    let seen = async |since_ms| {
        let mut snapshot = book.snapshot().await.unwrap();
        let seen = gateways::seen(&mut snapshot, since_ms).await.unwrap();
        seen.into_iter().map(|seen| (seen.reported_ms, seen.report)).collect::<Vec<_>>()
    };
    let (one, two) = (report(1, vec![upstream("a", 10), upstream("b", 20)]), report(2, vec![upstream("a", 30)]));
    put(&two, 1_000).await;
    put(&one, 1_010).await;
    assert_eq!(seen(0).await, [(1_010, one.clone()), (1_000, two.clone())]);
    let changed =
        ReportGateway { upstreams: vec![upstream("b", 21)], unbooked: 0, catalog_refused: false, ..one.clone() };
    put(&changed, 1_050).await;
    assert_eq!(seen(0).await, [(1_050, changed.clone()), (1_000, two)]);
    assert_eq!(seen(1_001).await, [(1_050, changed.clone())], "the other is old");
    put(&changed, 1_101).await;
    assert_eq!(seen(0).await, [(1_101, changed)], "and is removed");
}

pub(in crate::book::tests) async fn reconciliations_are_kept(database: &Database) {
    let book = &database.book;
    let mut writer = book.writer().await;
    let mut transaction = writer.begin_charges().await.unwrap();
    assert!(!reconciliations::is_running(&mut transaction, Scope::Whole, 0).await.unwrap());
    for number in 0..120 {
        let id = reconciliations::begin(&mut transaction, Scope::Hot, number).await.unwrap();
        let outcome = Outcome { drift: NanoUsd::new(number), pending: 2, ..Outcome::default() };
        reconciliations::end(&mut transaction, (&id, number + 1), Ok(&outcome)).await.unwrap();
    }
    let first = reconciliations::begin(&mut transaction, Scope::Whole, 500).await.unwrap();
    assert!(reconciliations::is_running(&mut transaction, Scope::Whole, 500).await.unwrap());
    assert!(!reconciliations::is_running(&mut transaction, Scope::Whole, 501).await.unwrap(), "it was cut short");
    assert!(!reconciliations::is_running(&mut transaction, Scope::Hot, 0).await.unwrap());
    reconciliations::end(&mut transaction, (&first, 600), Err("no book")).await.unwrap();
    assert!(!reconciliations::is_running(&mut transaction, Scope::Whole, 0).await.unwrap());
    transaction.commit().await.unwrap();
    drop(writer);

    let whole = reconciliations::last(book.readers(), Scope::Whole).await.unwrap();
    assert_eq!(whole.len(), 1);
    assert_eq!((whole[0].ended_ms, whole[0].failure.as_deref()), (Some(600), Some("no book")));
    let hot = reconciliations::last(book.readers(), Scope::Hot).await.unwrap();
    assert_eq!(hot.iter().map(|one| one.drift.nanos()).collect::<Vec<_>>(), [119, 118, 117, 116, 115]);
    let kept = crate::book::sql::query("SELECT COUNT(*) FROM reconciliations").fetch_one(book.readers());
    assert_eq!(kept.await.unwrap().get::<i64>(0).unwrap(), 51, "old ones are removed");
}
