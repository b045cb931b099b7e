//! Payments: what the payment service tells of them, in every order.

use std::sync::Arc;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use syntopen_shared::id::{PaymentId, UserId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::office::paging::Place;
use syntopen_shared::wire::office::payments::{
    Asked, Event, Fact, Handled, Hints, ListUnmatched, Movement, News, Payment, PaymentState, ReturnKind, ReturnState,
    Tell, Told,
};

use crate::book::sql::query;
use crate::book::tests::fixture::{Customer, Database, START_MS};
use crate::book::{Book, closing, payments, unmatched};
use crate::office::payments::{amount, tell};

const CENTS: i64 = 2_500;
/// A cent in nano-dollars.
const CENT: i64 = 10_000_000;
const ROUNDS: usize = 12;

/// A payment that was begun, by the names that the service has for it.
struct Begun {
    payment: PaymentId,
    customer: Customer,
    name: String,
}

impl Begun {
    async fn new(database: &Database, customer: Customer, name: &str) -> Self {
        let begun = Self { payment: PaymentId::mint(), customer, name: name.to_owned() };
        let payment = Payment {
            payment: begun.payment,
            account: customer.account,
            state: PaymentState::Created,
            cents: CENTS,
            amount: amount(CENTS).unwrap(),
            session: None,
            created_ms: START_MS,
        };
        let mut writer = database.book.writer().await;
        let mut transaction = writer.begin_durable().await.unwrap();
        let row = query("SELECT id FROM users WHERE account = $1").bind(customer.account);
        let user: UserId = row.fetch_one(&mut transaction).await.unwrap().get::<&str>(0).unwrap().parse().unwrap();
        payments::insert(&mut transaction, &payment, (Some(user), None)).await.unwrap();
        transaction.commit().await.unwrap();
        begun
    }

    fn news(&self, cents: i64, fact: Fact) -> News {
        let is_of_checkout = matches!(fact, Fact::Waiting | Fact::Paid | Fact::Failed | Fact::Expired);
        let hints = Hints {
            session: is_of_checkout.then(|| format!("cs_{}", self.name)),
            intent: Some(format!("pi_{}", self.name)),
            payment: Some(self.payment),
            account: Some(self.customer.account),
        };
        News { of: hints, cents, currency: "usd".to_owned(), fact, told_s: 0 }
    }

    /// What was told in this second.
    fn event(&self, number: usize, news: News) -> Tell {
        let news = News { told_s: i64::try_from(number).unwrap(), ..news };
        let event = Event { id: format!("evt_{}_{number}", self.name), kind: "test".to_owned() };
        Tell { event: Some(event), news, asked: Asked::No }
    }

    fn back(&self, id: &str, kind: ReturnKind, state: ReturnState) -> Fact {
        Fact::Return { id: format!("{id}_{}", self.name), kind, state, movements: Vec::new() }
    }

    /// A dispute that has moved so much until now.
    fn dispute(&self, id: &str, state: ReturnState, moved: &[i64]) -> Fact {
        let id = format!("{id}_{}", self.name);
        let movement = |(number, cents): (usize, &i64)| Movement { id: format!("txn_{id}_{number}"), cents: *cents };
        let movements = moved.iter().enumerate().map(movement).collect();
        Fact::Return { id, kind: ReturnKind::Dispute, state, movements }
    }

    /// A payment of $25 with a refund of $10 that stays and one of $5 that failed, and a dispute that was won and one
    /// of $2 that was lost: told by single refunds, and by their sum as it was at each time. Two more disputes of 50
    /// and 70 cents were won and then lost all the same, of which one tells what it moved.
    fn story(&self) -> Vec<Tell> {
        use ReturnState::{Announced, Back, Gone};
        let refund = |id, state| self.back(id, ReturnKind::Refund, state);
        let dispute = |id, state| self.back(id, ReturnKind::Dispute, state);
        let told = [
            (CENTS, Fact::Waiting),
            (CENTS, Fact::Paid),
            (CENTS, Fact::Expired),
            (1_000, refund("re_1", Gone)),
            (1_000, Fact::Refunded),
            (500, refund("re_2", Gone)),
            (1_500, Fact::Refunded),
            (500, refund("re_2", Back)),
            (300, dispute("dp_1", Announced)),
            (300, dispute("dp_1", Gone)),
            (300, dispute("dp_1", Back)),
            (300, dispute("dp_1", Announced)),
            (200, dispute("dp_2", Gone)),
            (50, dispute("dp_3", Gone)),
            (50, dispute("dp_3", Back)),
            (50, dispute("dp_3", Gone)),
            (70, self.dispute("dp_4", Gone, &[-70])),
            (70, self.dispute("dp_4", Back, &[-70, 70])),
            (70, self.dispute("dp_4", Back, &[-70, 70, -70])),
        ];
        let news = told.into_iter().map(|(cents, fact)| self.news(cents, fact));
        news.enumerate().map(|(number, news)| self.event(number, news)).collect()
    }
}

/// What the story leaves: $25 less $10, $2 and both that were lost in the end.
const LEFT: i64 = (CENTS - 1_000 - 200 - 50 - 70) * CENT;

async fn told(book: &Book, command: &Tell) -> Told {
    tell(book, command, START_MS).await.unwrap().told
}

async fn credits(database: &Database, customer: Customer) -> i64 {
    let text = "SELECT COUNT(*) FROM transfers WHERE account = $1 AND class = 'top_up'";
    query(text).bind(customer.account).fetch_one(database.book.readers()).await.unwrap().get(0).unwrap()
}

pub(in crate::book::tests) async fn payments_are_booked_once_in_every_order(database: &Database) {
    let mut random = StdRng::seed_from_u64(20_261_124);
    for round in 0..ROUNDS {
        let customer = database.customer(&format!("shuffled{round}")).await;
        let begun = Begun::new(database, customer, &format!("shuffled{round}")).await;
        let mut events: Vec<Tell> = begun.story().into_iter().flat_map(|event| [event.clone(), event]).collect();
        events.shuffle(&mut random);

        for event in &events {
            assert_eq!(told(&database.book, event).await, Told::Booked);
        }

        assert_eq!(database.account(customer).await.0, LEFT, "{events:?}");
        assert_eq!(credits(database, customer).await, 1);
    }
    database.exact().await;
}

pub(in crate::book::tests) async fn payments_are_booked_once_by_many_at_once(database: &Database) {
    let customer = database.customer("crowd").await;
    let begun = Begun::new(database, customer, "crowd").await;
    let books = [Arc::new(database.another().await), Arc::new(database.another().await)];
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..6 {
        let (book, mut events) = (Arc::clone(&books[worker % 2]), begun.story());
        let count = events.len();
        events.rotate_left(worker * 5 % count);
        tasks.spawn(async move {
            for event in &events {
                // A transaction that others made fail is what the service sends its event again for.
                let mut tries = 0;
                while let Err(error) = tell(&book, event, START_MS).await {
                    tries += 1;
                    assert!(tries < 50, "{error}");
                }
            }
        });
    }
    tasks.join_all().await;

    assert_eq!(database.account(customer).await.0, LEFT);
    assert_eq!(credits(database, customer).await, 1);
    let events = query("SELECT COUNT(*) FROM webhook_events").fetch_one(database.book.readers()).await.unwrap();
    assert_eq!(events.get::<i64>(0).unwrap(), i64::try_from(begun.story().len()).unwrap());
    database.exact().await;
}

pub(in crate::book::tests) async fn what_does_not_fit_is_kept(database: &Database) {
    let (ada, eve) = (database.customer("ada").await, database.customer("eve").await);
    let begun = Begun::new(database, ada, "ada").await;
    let paid = begun.news(CENTS, Fact::Paid);
    let other = |change: &dyn Fn(&mut News)| {
        let mut news = paid.clone();
        change(&mut news);
        news
    };
    let wrong = [
        other(&|news| news.currency = "eur".to_owned()),
        other(&|news| news.cents = CENTS - 1),
        other(&|news| news.cents = i64::MAX),
        other(&|news| news.cents = -CENTS),
        other(&|news| news.of.account = Some(eve.account)),
        other(&|news| news.of.payment = Some(PaymentId::mint())),
        other(&|news| news.fact = Fact::Unreadable),
    ];
    let wrong: Vec<_> = wrong.into_iter().enumerate().map(|(number, news)| begun.event(number, news)).collect();
    for event in &wrong {
        for _ in 0..2 {
            assert_eq!(told(&database.book, event).await, Told::Unmatched, "{event:?}");
        }
    }
    assert_eq!(database.account(ada).await.0, 0);
    let list = ListUnmatched { which: Handled::Open, place: Place::First, limit: 100 };
    let kept = unmatched::list(database.book.readers(), &list).await.unwrap().rows;
    let told_of = wrong.iter().map(|event| &event.news).collect::<Vec<_>>();
    assert_eq!(kept.iter().rev().map(|kept| &kept.news).collect::<Vec<_>>(), told_of);

    // The operator deals with each once.
    let mut writer = database.book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    let intent = kept[0].news.of.intent.clone();
    let found = unmatched::by_id(&mut transaction, kept[0].unmatched).await.unwrap();
    assert_eq!(found.as_ref(), Some(&kept[0]));
    for (state, is_new) in [("dismissed", true), ("assigned", false)] {
        assert_eq!(unmatched::handle(&mut transaction, kept[0].unmatched, state).await.unwrap(), is_new);
    }
    let open = unmatched::open_of(&mut transaction, &intent.unwrap()).await.unwrap();
    assert_eq!(open.len(), wrong.len() - 1);
    transaction.commit().await.unwrap();
    drop(writer);

    // Nothing of that is in the way of what is right.
    assert_eq!(told(&database.book, &begun.event(100, paid)).await, Told::Booked);
    assert_eq!(database.account(ada).await.0, CENTS * CENT);

    // A refund of what nobody knows is asked for once, then kept; a checkout that nobody paid is not.
    let stranger = Hints { intent: Some("pi_stranger".to_owned()), ..Hints::default() };
    let refund = News { of: stranger, cents: 5, currency: "usd".to_owned(), fact: Fact::Refunded, told_s: 0 };
    let ask = begun.event(101, refund.clone());
    assert_eq!(told(&database.book, &ask).await, Told::Ask);
    assert_eq!(told(&database.book, &Tell { asked: Asked::Yes, ..ask }).await, Told::Unmatched);
    let expired = News { fact: Fact::Expired, ..refund };
    assert_eq!(told(&database.book, &begun.event(102, expired)).await, Told::Booked);
    database.exact().await;
}

pub(in crate::book::tests) async fn a_refund_may_overdraw(database: &Database) {
    let ada = database.customer("ada").await;
    let begun = Begun::new(database, ada, "ada").await;
    let spent = crate::book::tests::fixture::credit(&database.book, ada.account, (1, "one")).await;
    assert_eq!(spent.receipt.amount, NanoUsd::new(1));

    for (number, (cents, fact)) in [(CENTS, Fact::Paid), (CENTS, Fact::Refunded)].into_iter().enumerate() {
        assert_eq!(told(&database.book, &begun.event(number, begun.news(cents, fact))).await, Told::Booked);
    }
    let dispute = begun.back("dp", ReturnKind::Dispute, ReturnState::Gone);
    assert_eq!(told(&database.book, &begun.event(9, begun.news(100, dispute))).await, Told::Booked);

    assert_eq!(database.account(ada).await.0, 1 - 100 * CENT);
    assert_eq!(database.exact().await.posted["house:cash"], 100 * CENT - 1);
}

pub(in crate::book::tests) async fn refunds_may_be_known_by_their_sum_alone(database: &Database) {
    let mut random = StdRng::seed_from_u64(7);
    for round in 0..ROUNDS {
        let customer = database.customer(&format!("summed{round}")).await;
        let begun = Begun::new(database, customer, &format!("summed{round}")).await;
        let failed = begun.back("re", ReturnKind::Refund, ReturnState::Back);
        // $10 and $5 went, the $5 came back, and another $2 went.
        let news = [
            (CENTS, Fact::Paid),
            (1_500, Fact::Refunded),
            (500, failed),
            (1_200, Fact::Refunded),
            (1_000, Fact::Refunded),
        ];
        let mut events: Vec<_> = news.into_iter().map(|(cents, fact)| begun.news(cents, fact)).enumerate().collect();
        // The first of all sums is told last.
        events[4].0 = 1;
        events.shuffle(&mut random);

        for (place, (told_s, news)) in events.iter().enumerate() {
            let event = begun.event(*told_s, news.clone());
            let named = Event { id: format!("{}_{place}", begun.name), kind: "test".to_owned() };
            assert_eq!(told(&database.book, &Tell { event: Some(named), ..event }).await, Told::Booked);
        }

        assert_eq!(database.account(customer).await.0, (CENTS - 1_200) * CENT, "{events:?}");
    }
    database.exact().await;
}

pub(in crate::book::tests) async fn what_was_credited_by_hand_goes_back_too(database: &Database) {
    let ada = database.customer("ada").await;
    let begun = Begun::new(database, ada, "ada").await;
    let refund = begun.event(1, begun.news(1_000, Fact::Refunded));
    assert_eq!(told(&database.book, &refund).await, Told::Booked);
    assert_eq!(database.account(ada).await.0, 0, "nothing was paid yet");

    // More than what was asked for was paid, which the operator credits under the name of the payment.
    let more = begun.event(2, begun.news(CENTS + 1, Fact::Paid));
    assert_eq!(told(&database.book, &more).await, Told::Unmatched);
    let by_hand = (CENTS + 1) * CENT;
    crate::book::tests::fixture::credit(&database.book, ada.account, (by_hand, "stripe:pi_ada")).await;
    let again = begun.event(3, begun.news(1_000, Fact::Refunded));
    assert_eq!(told(&database.book, &again).await, Told::Booked);
    assert_eq!(database.account(ada).await.0, by_hand - 1_000 * CENT);
    assert_eq!(told(&database.book, &begun.event(4, begun.news(CENTS, Fact::Paid))).await, Told::Booked);
    assert_eq!(database.account(ada).await.0, by_hand - 1_000 * CENT, "it is credited once");
    database.exact().await;
}

pub(in crate::book::tests) async fn what_a_closed_account_is_paid_is_kept(database: &Database) {
    let ada = database.customer("ada").await;
    let (open, closed) = (Begun::new(database, ada, "open").await, Begun::new(database, ada, "closed").await);
    assert_eq!(told(&database.book, &open.event(1, open.news(CENTS, Fact::Paid))).await, Told::Booked);
    let mut writer = database.book.writer().await;
    let mut transaction = writer.begin_durable().await.unwrap();
    closing::close(&mut transaction, ada.account, START_MS).await.unwrap();
    transaction.commit().await.unwrap();
    drop(writer);

    assert_eq!(told(&database.book, &closed.event(1, closed.news(CENTS, Fact::Paid))).await, Told::Unmatched);
    assert_eq!(database.account(ada).await.0, CENTS * CENT);
    // What was paid before goes back as ever, and what was not goes back without a trace in the balance.
    for begun in [open, closed] {
        assert_eq!(told(&database.book, &begun.event(2, begun.news(CENTS, Fact::Refunded))).await, Told::Booked);
    }
    assert_eq!(database.account(ada).await.0, 0);
    database.exact().await;
}
