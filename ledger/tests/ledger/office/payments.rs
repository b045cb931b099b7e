//! Payments, and a process that dies between any two of their steps.

use syntopen_ledger::office::Answers as _;
use syntopen_shared::id::{AccountId, UserId};
use syntopen_shared::wire::admin::ShowAccount;
use syntopen_shared::wire::office::By;
use syntopen_shared::wire::office::payments::{
    Asked, CreatePayment, Event, Fact, Hints, News, OpenPayment, Payment, PaymentState, ShowPayment, Tell, Told,
};

use crate::support::{Bench, EMAIL};

const CENTS: i64 = 500;
/// A cent in nano-dollars.
const CENT: i64 = 10_000_000;

async fn begin(bench: &Bench) -> Payment {
    let user: UserId = bench.ledger.show_account(ShowAccount { email: EMAIL.to_owned() }).await.unwrap().user;
    let by = By { user, address: "10.0.0.1".to_owned() };
    bench.ledger.answer(CreatePayment { account: bench.account, by, cents: CENTS }).await.unwrap()
}

fn event(payment: &Payment, (id, cents): (&str, i64), fact: Fact) -> Tell {
    let of = Hints {
        session: matches!(fact, Fact::Paid | Fact::Expired).then(|| "cs_1".to_owned()),
        intent: Some("pi_1".to_owned()),
        payment: Some(payment.payment),
        account: Some(payment.account),
    };
    let news = News { of, cents, currency: "usd".to_owned(), fact, told_s: 1 };
    Tell { event: Some(Event { id: id.to_owned(), kind: "test".to_owned() }), news, asked: Asked::No }
}

async fn state(bench: &Bench, (account, payment): (AccountId, &Payment)) -> PaymentState {
    bench.ledger.answer(ShowPayment { account, payment: payment.payment }).await.unwrap().state
}

#[tokio::test]
async fn a_payment_survives_a_kill_after_each_of_its_steps() {
    let bench = Bench::with(0).await;
    let payment = begin(&bench).await;
    let bench = bench.killed().await;
    assert_eq!(state(&bench, (bench.account, &payment)).await, PaymentState::Created);
    bench.ledger.answer(OpenPayment { payment: payment.payment, session: "cs_1".to_owned() }).await.unwrap();
    let mut bench = bench.killed().await;
    assert_eq!(state(&bench, (bench.account, &payment)).await, PaymentState::Open);

    // Whoever was not answered tells it again, to a process that knows only the files.
    for (id, told, left) in [
        ("evt_1", (CENTS, Fact::Paid), CENTS),
        ("evt_2", (200, Fact::Refunded), CENTS - 200),
        ("evt_3", (CENTS, Fact::Refunded), 0),
    ] {
        let event = event(&payment, (id, told.0), told.1);
        for _ in 0..2 {
            assert_eq!(bench.ledger.answer(event.clone()).await.unwrap(), Told::Booked, "{id}");
            assert_eq!(bench.balance().await.0, left * CENT, "{id}");
            bench = bench.killed().await;
            assert_eq!(bench.balance().await.0, left * CENT, "{id}");
        }
    }
    assert_eq!(state(&bench, (bench.account, &payment)).await, PaymentState::Paid);
    bench.assert_no_drift().await;
}

#[tokio::test]
async fn a_checkout_of_which_nobody_heard_ends_with_its_payment() {
    let bench = Bench::with(0).await;
    let payment = begin(&bench).await;
    // The gateway died before it wrote down what the checkout is called.
    let bench = bench.killed().await;
    let expired = event(&payment, ("evt_1", CENTS), Fact::Expired);
    assert_eq!(bench.ledger.answer(expired).await.unwrap(), Told::Booked);
    assert_eq!(state(&bench, (bench.account, &payment)).await, PaymentState::Expired);
    assert_eq!(bench.balance().await.0, 0);
}
