//! Proving the address of a user whom the operator has made.

use syntopen_shared::wire::admin::CreateAccount;

use super::server::MailServer;
use crate::helpers::{Browser, PASSWORD};

#[actix_rt::test]
async fn an_address_is_confirmed_by_a_link() {
    let mail = MailServer::start();
    let app = mail.gateway(&[]).await;
    let email = "ada@example.com";
    let account = CreateAccount { email: email.to_owned(), password: Some(PASSWORD.to_owned()), operator: false };
    app.ledger.create_account(account).await.unwrap();
    let browser = Browser::new(&app);
    assert!(browser.sign_in(email, PASSWORD).await.says("not confirmed"));

    let page = browser.submit_from("/dashboard", "/dashboard/settings/verification", &[]).await;
    assert_eq!(page.path, "/dashboard/done/sent");
    let message = mail.message(email).await;
    assert_eq!(message.subject(), "Confirm your e-mail address");
    let link = message.link();
    assert_eq!(browser.visit(&link).await.status, 200);
    assert!(browser.visit("/dashboard").await.says("not confirmed"), "to look at the link changes nothing");

    // In a browser where nobody is signed in.
    let page = Browser::new(&app).submit(&link, &[]).await;

    assert_eq!(page.path, "/dashboard/done/verified");
    assert!(!browser.visit("/dashboard").await.says("not confirmed"));
    assert_eq!(browser.visit(&link).await.status, 404);
    let csrf = browser.csrf("/dashboard/settings").await;
    let again = browser.post("/dashboard/settings/verification", &[("csrf", &csrf)]).await;
    assert_eq!(again.status, 400, "it is confirmed already");
    assert!(!mail.has_another());
}
