//! What comes as an event of the payment service, and is or is none.

use serde_json::json;

use super::stripe::{WEBHOOK_SECRET, send, send_signed, sign};
use super::{balance, charge, dispute, spawn, top_up};
use crate::helpers::Browser;

#[actix_rt::test]
async fn forged_and_late_events_are_refused() {
    let (app, stripe) = spawn().await;
    let browser = Browser::signed_up(&app, "ada@example.com").await;
    let session = stripe.pay(&top_up(&browser, "5").await);
    let event = json!({ "id": "evt_1", "type": "checkout.session.completed", "data": { "object": session } });
    let (body, now) = (event.to_string(), app.app.clock.unix_ms() / 1_000);
    let right = |seconds| sign(seconds, &body, WEBHOOK_SECRET);
    let forged = [
        String::new(),
        format!("t={now}"),
        format!("t={now},v1={}", sign(now, &body, "whsec_other")),
        format!("t={now},v1={}", sign(now, "{}", WEBHOOK_SECRET)),
        format!("t={},v1={}", now - 1, right(now)),
        format!("t={now},v0={}", right(now)),
        format!("t={},v1={}", now - 400, right(now - 400)),
        format!("t={},v1={}", now + 400, right(now + 400)),
    ];
    for signature in forged {
        assert_eq!(
            send_signed(&app, body.clone(), &signature).await.error(),
            (400, "invalid_request".to_owned()),
            "{signature}"
        );
    }
    let large = " ".repeat((256 << 10) + 1);
    let signature = format!("t={now},v1={}", sign(now, &large, WEBHOOK_SECRET));
    assert_eq!(send_signed(&app, large, &signature).await.status, 413);
    assert_eq!(app.client.get(app.url("/webhooks/stripe")).send().await.unwrap().status().as_u16(), 405);
    assert_eq!(balance(&app, "ada@example.com").await, "$0.00");

    // While a secret is replaced there are two proofs.
    let signature = format!("t={now},v1={},v1={}", sign(now, &body, "whsec_old"), right(now));
    assert_eq!(send_signed(&app, body.clone(), &signature).await.status, 200);
    assert_eq!(balance(&app, "ada@example.com").await, "$5.00");
}

#[actix_rt::test]
async fn events_come_at_once_and_in_any_order() {
    let (app, stripe) = spawn().await;
    let browser = Browser::signed_up(&app, "ada@example.com").await;
    let session = stripe.pay(&top_up(&browser, "20").await);
    let events = [
        ("evt_d", "charge.dispute.funds_withdrawn", dispute(&session, "needs_response")),
        ("evt_r", "charge.refunded", charge(&session, 300)),
        ("evt_c", "checkout.session.completed", session.clone()),
        ("evt_a", "checkout.session.async_payment_succeeded", session.clone()),
        ("evt_x", "checkout.session.expired", session.clone()),
    ];

    // The dispute is first: the payment service is asked which payment it is of.
    assert_eq!(send(&app, events[0].0, events[0].1, &events[0].2).await.status, 200);
    let sent = (0..4).flat_map(|_| events.iter().rev()).map(|(id, kind, object)| send(&app, id, kind, object));
    for answer in futures_util::future::join_all(sent).await {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    assert_eq!(balance(&app, "ada@example.com").await, "$12.00");
    assert!(stripe.asked().contains(&"GET /v1/payment_intents/pi_test_1".to_owned()));
    app.assert_books_agree().await;
}

#[actix_rt::test]
async fn nothing_is_answered_before_it_is_booked() {
    let (app, stripe) = spawn().await;
    let browser = Browser::signed_up(&app, "ada@example.com").await;
    let session = stripe.pay(&top_up(&browser, "20").await);
    app.ledger.clone().close().await;

    let sent = send(&app, "evt_1", "checkout.session.completed", &session).await;

    assert_eq!(sent.error(), (503, "service_unavailable".to_owned()));
}
