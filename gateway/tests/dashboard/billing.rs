//! Billing: paying, what comes of it, and what belongs to nobody.

mod operator;
mod stripe;
mod webhook;

use serde_json::{Value, json};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{CreditAccount, CreditClass, ShowAccount};

use self::stripe::{Stripe, send};
use crate::gateway::TestApp;
use crate::helpers::{Browser, Page};

const BILLING: &str = "/dashboard/billing";

/// A gateway before a double of the payment service.
async fn spawn() -> (TestApp, Stripe) {
    let stripe = Stripe::start();
    let app = TestApp::spawn_with(&stripe.settings()).await;
    (app, stripe)
}

async fn balance(app: &TestApp, email: &str) -> String {
    let account = app.ledger.show_account(ShowAccount { email: email.to_owned() }).await.unwrap();
    account.balance.to_string()
}

/// Begins to pay; where the browser is sent.
async fn top_up(browser: &Browser, usd: &str) -> String {
    let page = browser.submit_from(BILLING, "/dashboard/billing/top-up", &[("amount", usd)]).await;
    assert_eq!(page.status, 303, "{}", page.text);
    page.location().unwrap()
}

/// The first link of a page that begins so.
fn link(page: &Page, begins: &str) -> String {
    let (_, rest) = page.text.split_once(&format!("href=\"{begins}")).unwrap_or_else(|| panic!("{}", page.text));
    format!("{begins}{}", rest.split('"').next().unwrap())
}

fn charge(session: &Value, refunded: i64) -> Value {
    json!({
        "id": "ch_1", "object": "charge", "payment_intent": session["payment_intent"], "currency": "usd",
        "amount": session["amount_total"], "amount_refunded": refunded, "metadata": session["metadata"],
    })
}

fn dispute(session: &Value, status: &str) -> Value {
    json!({
        "id": "dp_1", "object": "dispute", "payment_intent": session["payment_intent"], "charge": "ch_1",
        "amount": 500, "currency": "usd", "status": status,
    })
}

#[actix_rt::test]
async fn a_customer_pays_is_refunded_and_disputes() {
    let (app, stripe) = spawn().await;
    let browser = Browser::signed_up(&app, "ada@example.com").await;
    let policy = browser.get(BILLING).await.header("content-security-policy").unwrap().to_owned();
    assert!(policy.contains(&format!("form-action 'self' {};", stripe.base)), "{policy}");

    // To the checkout, and back before the payment service has told.
    let url = top_up(&browser, "25.50").await;
    assert!(url.starts_with(&format!("{}/pay/", stripe.base)), "{url}");
    let page = browser.get(BILLING).await;
    assert!(page.says("A payment of $25.50 is not finished."), "{}", page.text);
    let payment = link(&page, "/dashboard/billing/payments/");
    let session = stripe.pay(&url);
    assert!(browser.get(&payment).await.says("We wait for the payment service"));
    assert_eq!(balance(&app, "ada@example.com").await, "$0.00", "a page that is looked at changes nothing");

    // It tells, twice.
    for _ in 0..2 {
        assert_eq!(send(&app, "evt_1", "checkout.session.completed", &session).await.status, 200);
    }
    assert_eq!(balance(&app, "ada@example.com").await, "$25.50");
    assert!(browser.get(&payment).await.says("Thank you"));
    let page = browser.get(BILLING).await;
    let receipt = browser.get(&link(&page, "/dashboard/billing/transfers/")).await;
    for text in ["Top-up", "+$25.50", "ada@example.com", "stripe:pi_test_1", "Balance after"] {
        assert!(receipt.says(text), "{text}: {}", receipt.text);
    }

    // A refund in two parts, the first told again afterwards; a dispute that is won.
    for (event, refunded) in [("evt_2", 1_000), ("evt_3", 1_550), ("evt_4", 1_000)] {
        assert_eq!(send(&app, event, "charge.refunded", &charge(&session, refunded)).await.status, 200);
    }
    assert_eq!(balance(&app, "ada@example.com").await, "$10.00");
    for (event, kind, status, expected) in [
        ("evt_5", "created", "needs_response", "$5.00"),
        ("evt_6", "funds_withdrawn", "needs_response", "$5.00"),
        ("evt_7", "funds_reinstated", "won", "$10.00"),
        ("evt_8", "closed", "won", "$10.00"),
    ] {
        let sent = send(&app, event, &format!("charge.dispute.{kind}"), &dispute(&session, status)).await;
        assert_eq!((sent.status, balance(&app, "ada@example.com").await.as_str()), (200, expected), "{kind}");
    }
    let page = browser.get(BILLING).await;
    for text in ["Payment refunded", "-$10.00", "-$5.50", "Payment disputed", "Dispute settled", "+$5.00"] {
        assert!(page.says(text), "{text}: {}", page.text);
    }
    app.assert_books_agree().await;
    assert_eq!(stripe.asked(), ["POST /v1/checkout/sessions"]);
}

#[actix_rt::test]
async fn a_dispute_takes_and_gives_what_it_moves() {
    let (app, stripe) = spawn().await;
    let browser = Browser::signed_up(&app, "ada@example.com").await;
    let session = stripe.pay(&top_up(&browser, "20").await);
    assert_eq!(send(&app, "evt_0", "checkout.session.completed", &session).await.status, 200);
    let moved = |amounts: &[i64]| -> Vec<Value> {
        let ids = amounts.iter().enumerate();
        ids.map(|(number, amount)| json!({ "id": format!("txn_{number}"), "amount": amount, "currency": "usd" }))
            .collect()
    };
    // Won, then lost all the same. What comes late or again changes nothing.
    let told = [
        ("evt_1", "funds_withdrawn", "needs_response", moved(&[-500]), "$15.00"),
        ("evt_2", "closed", "won", moved(&[-500, 500]), "$20.00"),
        ("evt_3", "updated", "lost", moved(&[-500, 500, -500]), "$15.00"),
        ("evt_4", "funds_reinstated", "won", moved(&[-500, 500]), "$15.00"),
        ("evt_1", "funds_withdrawn", "needs_response", moved(&[-500]), "$15.00"),
    ];
    for (event, kind, status, movements, expected) in told {
        let mut object = dispute(&session, status);
        object["balance_transactions"] = json!(movements);
        assert_eq!(send(&app, event, &format!("charge.dispute.{kind}"), &object).await.status, 200);
        assert_eq!(balance(&app, "ada@example.com").await, expected, "{event}");
    }
    app.assert_books_agree().await;
}

#[actix_rt::test]
async fn a_payment_is_credited_when_the_customer_asks() {
    let (app, stripe) = spawn().await;
    let browser = Browser::signed_up(&app, "ada@example.com").await;
    let url = top_up(&browser, "5").await;
    let payment = link(&browser.get(BILLING).await, "/dashboard/billing/payments/");
    let check = format!("{payment}/check");

    assert!(browser.submit_from(&payment, &check, &[]).await.says("We wait"), "nobody has paid");
    let session = stripe.pay(&url);
    assert!(browser.submit_from(&payment, &check, &[]).await.says("Thank you"));
    assert_eq!(send(&app, "evt_1", "checkout.session.completed", &session).await.status, 200);

    assert_eq!(balance(&app, "ada@example.com").await, "$5.00");
    assert_eq!(stripe.asked().len(), 3);
    app.assert_books_agree().await;
}

#[actix_rt::test]
async fn what_is_of_others_is_not_there() {
    let (app, stripe) = spawn().await;
    let ada = Browser::signed_up(&app, "ada@example.com").await;
    let eve = Browser::signed_up(&app, "eve@example.com").await;
    let url = top_up(&ada, "5").await;
    let payment = link(&ada.get(BILLING).await, "/dashboard/billing/payments/");
    let session = stripe.pay(&url);
    assert_eq!(send(&app, "evt_1", "checkout.session.completed", &session).await.status, 200);
    let receipt = link(&ada.get(BILLING).await, "/dashboard/billing/transfers/");

    for path in [&payment, &receipt] {
        assert_eq!((ada.get(path).await.status, eve.get(path).await.status), (200, 404), "{path}");
    }
    let csrf = eve.csrf(BILLING).await;
    assert_eq!(eve.post(&format!("{payment}/check"), &[("csrf", &csrf)]).await.status, 404);
    for path in
        ["/dashboard/billing/transfers/none", "/dashboard/billing/payments/none", "/dashboard/operator/payments"]
    {
        assert_eq!(eve.get(path).await.status, 404, "{path}");
    }
    // A form of another browser is nobody's.
    for path in ["/dashboard/billing/top-up", "/dashboard/billing/alert"] {
        let ours = ada.csrf(BILLING).await;
        for csrf in [ours.as_str(), "", "rubbish"] {
            let fields = [("csrf", csrf), ("amount", "5"), ("alert_below", "5")];
            assert_eq!(eve.post(path, &fields).await.status, 403, "{path}");
        }
    }
    let stranger = Browser::new(&app);
    assert_eq!(stranger.get(&receipt).await.status, 303);
}

#[actix_rt::test]
async fn rubbish_is_told_beside_its_field() {
    let (app, stripe) = spawn().await;
    let browser = Browser::signed_up(&app, "ada@example.com").await;
    for amount in ["", "4.99", "1000.01", "-5", "5.001", "1e2", "NaN", "<script>alert(1)</script>", "\u{202e}5"] {
        let page = browser.submit_from(BILLING, "/dashboard/billing/top-up", &[("amount", amount)]).await;
        assert_eq!(page.status, 422, "{amount}");
        assert!(page.error("amount").is_some(), "{amount}: {}", page.text);
        assert!(!page.says("<script>alert"), "{}", page.text);
    }
    for below in ["0", "-1", "many", "<b>"] {
        let page = browser.submit_from(BILLING, "/dashboard/billing/alert", &[("alert_below", below)]).await;
        assert_eq!((page.status, page.error("alert_below").is_some()), (422, true), "{below}: {}", page.text);
    }
    let page = browser.submit_from(BILLING, "/dashboard/billing/alert", &[("alert_below", "7.5")]).await;
    assert_eq!((page.status, page.value("alert_below").as_deref()), (200, Some("7.5")), "{}", page.text);

    // A payment service that makes no checkout is told of, and nothing waits.
    for fault in [400, 500] {
        stripe.fail_with(Some(fault));
        let page = browser.submit_from(BILLING, "/dashboard/billing/top-up", &[("amount", "5")]).await;
        assert_eq!(page.status, 422);
        assert!(page.says("Nothing was charged") && !page.says("is not finished"), "{}", page.text);
    }
    assert_eq!(stripe.asked().len(), 3, "a fault of its own is worth a second try");
}

#[actix_rt::test]
async fn without_a_payment_service_the_operator_is_named() {
    let app = TestApp::spawn_with(&[("SYNTOPEN_SUPPORT_EMAIL", "help@example.com")]).await;
    let browser = Browser::signed_up(&app, "ada@example.com").await;
    let page = browser.get(BILLING).await;
    assert!(page.says("mailto:help@example.com") && page.says("No transfers yet"), "{}", page.text);
    let csrf = browser.csrf(BILLING).await;
    assert_eq!(browser.post("/dashboard/billing/top-up", &[("csrf", &csrf), ("amount", "5")]).await.status, 404);
    let sent = app.client.post(app.url("/webhooks/stripe")).insert_header(("Stripe-Signature", "t=1,v1=00"));
    assert_eq!(sent.send_body("{}").await.unwrap().status().as_u16(), 404);
}

#[actix_rt::test]
async fn transfers_go_on_in_both_directions() {
    let app = TestApp::spawn().await;
    let browser = Browser::signed_up(&app, "ada@example.com").await;
    for number in 1..=120 {
        let (amount, reference) = (NanoUsd::new(number), Some(format!("<i>{number}</i>")));
        let class = CreditClass::Grant;
        app.ledger
            .credit_account(CreditAccount { email: "ada@example.com".to_owned(), amount, class, reference })
            .await
            .unwrap();
    }
    let amounts = |page: &Page| page.text.matches("data-label=\"Amount\"").count();

    let mut page = browser.get(BILLING).await;
    let mut seen = vec![amounts(&page)];
    while page.says("rel=\"next\"") {
        let older = page.text.split("<a class=\"button compact\" href=\"").last().unwrap();
        page = browser.get(&older.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&")).await;
        seen.push(amounts(&page));
    }
    assert_eq!(seen, [50, 50, 20]);
    assert!(page.says("+$0.000000001") && !page.says("+$0.00000012<"), "{}", page.text);
    let newer = page.text.split("<a class=\"button compact\" href=\"").nth(1).unwrap();
    let page = browser.get(&newer.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&")).await;
    assert_eq!(amounts(&page), 50);
    assert!(page.says("rel=\"prev\"") && page.says("rel=\"next\""), "{}", page.text);
    let receipt = browser.get(&link(&page, "/dashboard/billing/transfers/")).await;
    assert!(!receipt.says("<i>"), "a reference comes back as text: {}", receipt.text);
}
