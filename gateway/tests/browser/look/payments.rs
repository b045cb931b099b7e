//! What the payment service told of payments that nobody began here.

use serde_json::json;

use super::{OLGA, first, look_at};
use crate::data::House;
use crate::harness::Browser;
use crate::stories::stripe::{Stripe, send};

const LIST: &str = "/dashboard/operator/payments";

#[actix_rt::test]
async fn payments_that_belong_to_nobody() {
    let stripe = Stripe::start();
    let house = House::open_with(&stripe.settings()).await;
    let browser = Browser::before(&house.app).await;
    house.operator(OLGA).await;
    browser.sign_in(OLGA).await;
    house.confirm_second_factor(OLGA).await;
    let paid = json!({
        "id": "cs_live_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6", "payment_intent": "pi_3Q9aBcDeFgHiJkLm1nOpQrSt",
        "amount_total": 99_999_999, "currency": "usd", "payment_status": "paid", "status": "complete",
        "client_reference_id": "an-account-of-another-shop", "metadata": {},
    });
    let refund = json!({
        "id": "re_1", "payment_intent": "pi_3Q9aBcDeFgHiJkLm1nOpQrSt", "amount": 1_250, "currency": "usd",
        "status": "succeeded",
    });
    let other = json!({ "currency": "eur", "amount_refunded": 5, "payment_intent": "pi_3Q9other" });
    for (id, kind, object) in [
        ("evt_1Q9aBcDeFgHiJkLmNoPqRsTu", "checkout.session.completed", &paid),
        ("evt_2", "refund.created", &refund),
        ("evt_3", "charge.refunded", &other),
    ] {
        assert_eq!(send(&house.app, id, kind, object).await.status, 200);
    }
    look_at(&browser, &[("operator-payments-open", LIST)], "").await;
    let one = first(&browser, LIST, &format!("{LIST}/0")).await;
    look_at(&browser, &[("operator-payment", &one)], "").await;
    browser.fill("email", "nobody@example.com").await;
    browser.press("Assign").await;
    browser.text_of("p.error").await;
    browser.check_answer("operator-payment-refused").await;
    browser.close().await;
}
