//! Whoever takes somebody's address before its owner comes gains nothing by it.

use super::forged::Stage;
use crate::helpers::{Browser, PASSWORD};
use crate::mail::server::MailServer;

const SETTINGS: &str = "/dashboard/settings";
const EVE: (&str, &str) = ("of eve", "ada@example.com");
const ADA: (&str, &str) = ("of ada", "ada@example.com");

#[actix_rt::test]
async fn nobody_waits_in_an_account_for_its_owner() {
    let stage = Stage::set(&[]).await;
    let (eve, page) = stage.sign_in(EVE, false).await;
    assert_eq!(page.path, "/dashboard", "an address of which the provider is not sure: {}", page.text);

    let (ada, page) = stage.sign_in(ADA, true).await;

    assert_eq!(page.status, 422, "she is not let into Eve's account: {}", page.text);
    assert_eq!(ada.get(SETTINGS).await.status, 303);
    assert_eq!(eve.get(SETTINGS).await.status, 200);
}

#[actix_rt::test]
async fn the_owner_of_an_address_takes_it_back() {
    let mail = MailServer::start();
    let smtp = format!("smtp://127.0.0.1:{}", mail.port);
    let settings = [("SYNTOPEN_SMTP_URL", smtp.as_str()), ("SYNTOPEN_SMTP_FROM", "no-reply@gateway.test")];
    let stage = Stage::set(&settings).await;
    let (eve, page) = stage.sign_in(EVE, false).await;
    assert_eq!(page.path, "/dashboard", "{}", page.text);

    let ada = Browser::new(&stage.app);
    ada.submit("/dashboard/forgot-password", &[("email", ADA.1)]).await;
    ada.submit(&mail.message(ADA.1).await.link(), &[("password", PASSWORD)]).await;

    assert_eq!(ada.sign_in(ADA.1, PASSWORD).await.path, "/dashboard");
    assert_eq!(eve.get(SETTINGS).await.status, 303, "her session has ended");
    let (_, page) = stage.sign_in(EVE, false).await;
    assert_eq!(page.status, 422, "and her way in: {}", page.text);
    let (_, page) = stage.sign_in(ADA, true).await;
    assert_eq!(page.path, "/dashboard", "Ada's is open: {}", page.text);
}
