//! What belongs to no payment, and what the operator makes of it.

use serde_json::{Value, json};

use super::stripe::{send, send_body};
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

#[actix_rt::test]
async fn what_is_signed_and_cannot_be_read_is_kept_once() {
    let (app, _stripe) = spawn().await;
    let (operator, _) = Browser::operator(&app, "op@example.com").await;
    let bodies = ["", "{\"id\":1}", "{\"id\":\"<script>\",\"type\":\"charge.refunded\"}"];
    for body in bodies.iter().cycle().take(9) {
        assert_eq!(send_body(&app, body).await.status, 200, "{body}");
    }

    let list = operator.get(HERE).await;
    assert_eq!(list.text.matches("What it says cannot be read.").count(), bodies.len(), "{}", list.text);
    assert!(!list.says("<script>") && !list.says("There is no such payment here."), "{}", list.text);
    let details = link(&list, &format!("{HERE}/"));
    let page = operator.get(&details).await;
    assert!(page.says("look for the event of this name"), "{}", page.text);
    assert!(!page.says("Assign to an account"), "{}", page.text);
    let csrf = page.csrf().unwrap();
    let assigned = operator.post(&format!("{details}/assign"), &[("csrf", &csrf), ("email", "op@example.com")]).await;
    assert_eq!((assigned.status, assigned.says("cannot be read")), (422, true), "{}", assigned.text);

    for left in (0..bodies.len()).rev() {
        let details = link(&operator.get(HERE).await, &format!("{HERE}/"));
        if left < bodies.len() - 1 {
            assert!(operator.get(&details).await.says("sha256:"));
        }
        let page = operator.submit_from(&details, &format!("{details}/dismiss"), &[("reason", "a test")]).await;
        assert_eq!(page.text.matches("What it says cannot be read.").count(), left, "{}", page.text);
    }
    app.assert_books_agree().await;
}
