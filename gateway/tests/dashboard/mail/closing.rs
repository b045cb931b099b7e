//! Closing an account.

use syntopen_shared::wire::admin::{CreateKey, ShowAccount};
use syntopen_shared::wire::ledger::{AccountStatus, SpendLimits};

use super::server::MailServer;
use crate::gateway::{Customer, request};
use crate::helpers::{Browser, PASSWORD};

const CLOSE: &str = "/dashboard/settings/close-account";

#[actix_rt::test]
async fn a_closed_account_is_of_no_more_use() {
    let mail = MailServer::start();
    let app = mail.gateway(&[]).await;
    let email = "ada@example.com".to_owned();
    let ada = Browser::new(&app);
    ada.submit("/dashboard/sign-up", &[("email", &email)]).await;
    ada.submit(&mail.message(&email).await.link(), &[("password", PASSWORD)]).await;
    app.credit(&email, "5".parse().unwrap()).await;
    let key = CreateKey {
        email: email.clone(),
        name: "test".to_owned(),
        rpm: 1_000,
        limits: SpendLimits::default(),
        expires_ms: None,
        allowed_models: None,
    };
    let created = app.ledger.create_key(key).await.unwrap();
    let customer = Customer { email: email.clone(), api_key: created.api_key, record: created.record };
    assert_eq!(app.chat(&customer, &request("test/output-only", 1)).await.status, 200);
    app.settled().await;

    let page = ada.visit(CLOSE).await;
    assert!(page.says("of the balance is left") && page.says("Ask the operator"), "{}", page.text);
    for (confirmation, password, field) in [("", PASSWORD, "confirmation"), ("close account", "wrong", "password")] {
        let page = ada.submit(CLOSE, &[("confirmation", confirmation), ("password", password)]).await;
        assert_eq!((page.status, page.error(field).is_some()), (422, true), "{}", page.text);
    }
    assert_eq!(app.chat(&customer, &request("test/output-only", 1)).await.status, 200);
    let page = ada.submit(CLOSE, &[("confirmation", "close account"), ("password", PASSWORD)]).await;
    assert_eq!((page.status, page.path.as_str()), (200, "/dashboard/done/closed"), "{}", page.text);

    let refused = app.chat(&customer, &request("test/output-only", 1)).await.error();
    assert!([401, 403].contains(&refused.0), "{refused:?}");
    assert!(ada.visit("/dashboard").await.path.starts_with("/dashboard/sign-in"));
    assert_eq!(Browser::new(&app).sign_in(&email, PASSWORD).await.status, 422);
    let stranger = Browser::new(&app);
    for form in ["/dashboard/forgot-password", "/dashboard/sign-up"] {
        assert_eq!(stranger.submit(form, &[("email", &email)]).await.path, "/dashboard/done/sent");
        assert_eq!(mail.message(&email).await.subject(), "Your Syntopen account is closed");
    }
    let account = app.ledger.show_account(ShowAccount { email }).await.unwrap();
    assert_eq!(account.status, AccountStatus::Suspended);
    app.assert_books_agree().await;
}
