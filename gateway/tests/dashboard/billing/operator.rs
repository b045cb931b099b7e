//! What belongs to no payment, and what the operator makes of it.

use serde_json::{Value, json};

use super::stripe::send;
use super::{balance, link, spawn};
use crate::helpers::Browser;

const HERE: &str = "/dashboard/operator/payments";

/// A checkout that was not made here.
fn stranger() -> Value {
    json!({
        "id": "cs_stranger", "payment_intent": "pi_stranger", "amount_total": 4_200, "currency": "usd",
        "payment_status": "paid", "status": "complete", "client_reference_id": "<img src=x>", "metadata": {},
    })
}

#[actix_rt::test]
async fn an_unknown_payment_is_assigned_with_what_went_back_of_it() {
    let (app, _stripe) = spawn().await;
    let ada = Browser::signed_up(&app, "ada@example.com").await;
    let (operator, _) = Browser::operator(&app, "op@example.com").await;
    let refund = |status: &str| {
        json!({
            "id": "re_1", "payment_intent": "pi_stranger", "amount": 200, "currency": "usd", "status": status,
        })
    };
    assert_eq!(send(&app, "evt_1", "refund.created", &refund("succeeded")).await.status, 200);
    assert_eq!(send(&app, "evt_2", "checkout.session.completed", &stranger()).await.status, 200);

    let list = operator.get(HERE).await;
    assert!(list.says("$42.00") && list.says("$2.00") && list.says("There is no such payment here."), "{}", list.text);
    let details = link(&list, &format!("{HERE}/"));
    let assign = format!("{details}/assign");
    assert_eq!(ada.get(&details).await.status, 404);
    let csrf = ada.csrf("/dashboard/billing").await;
    assert_eq!(ada.post(&assign, &[("csrf", &csrf), ("email", "ada@example.com")]).await.status, 404);

    for email in ["nobody@example.com", "<b>", ""] {
        let page = operator.submit_from(&details, &assign, &[("email", email)]).await;
        assert_eq!((page.status, page.error("email").is_some()), (422, true), "{}", page.text);
    }
    let page = operator.submit_from(&details, &assign, &[("email", "ada@example.com")]).await;
    assert!(page.says("Nothing is unmatched"), "{}", page.text);
    assert_eq!(balance(&app, "ada@example.com").await, "$40.00");

    // It is a payment like any other now, and nobody assigns it twice.
    let csrf = operator.csrf(HERE).await;
    let again = operator.post(&assign, &[("csrf", &csrf), ("email", "ada@example.com")]).await;
    assert_eq!(again.status, 422);
    assert_eq!(send(&app, "evt_3", "refund.failed", &refund("failed")).await.status, 200);
    assert_eq!(send(&app, "evt_4", "checkout.session.completed", &stranger()).await.status, 200);
    assert_eq!(balance(&app, "ada@example.com").await, "$42.00");
    app.assert_books_agree().await;
}

#[actix_rt::test]
async fn what_is_nobodys_is_dismissed_with_a_reason() {
    let (app, _stripe) = spawn().await;
    let (operator, _) = Browser::operator(&app, "op@example.com").await;
    let other = json!({ "currency": "<script>", "amount_refunded": 5, "payment_intent": "pi_<script>" });
    assert_eq!(send(&app, "evt_1", "charge.refunded", &other).await.status, 200);
    let details = link(&operator.get(HERE).await, &format!("{HERE}/"));
    let page = operator.get(&details).await;
    assert!(!page.says("<script>") && page.says("SCRIPT"), "{}", page.text);

    let dismiss = format!("{details}/dismiss");
    let page = operator.submit_from(&details, &dismiss, &[("reason", " ")]).await;
    assert_eq!((page.status, page.error("reason").is_some()), (422, true), "{}", page.text);
    let page = operator.submit_from(&details, &dismiss, &[("reason", "another shop")]).await;
    assert!(page.says("Nothing is unmatched"), "{}", page.text);
    assert!(operator.get(&format!("{HERE}?show=all")).await.says("dismissed"));
}
