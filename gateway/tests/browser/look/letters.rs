//! What the links in letters lead to, and the forms that ask for them.

use syntopen_shared::wire::admin::CreateAccount;

use super::{ADA, look_at};
use crate::harness::{Browser, PASSWORD};

#[path = "../../dashboard/mail/server.rs"]
#[expect(dead_code, reason = "the tests of mail ask more of it")]
mod server;

use server::MailServer;

const FORGOT: &str = "/dashboard/forgot-password";

#[actix_rt::test]
async fn signing_up_and_choosing_another_password_by_links() {
    let mail = MailServer::start();
    let app = mail.gateway(&[]).await;
    let browser = Browser::before(&app).await;
    look_at(&browser, &[("sign-up-by-mail", "/dashboard/sign-up"), ("forgot-password", FORGOT)], "").await;
    ask_for_a_link(&browser, "/dashboard/sign-up").await;
    browser.check_answer("link-sent").await;
    let link = mail.message(ADA).await.link();
    look_at(&browser, &[("finish-sign-up", &link)], "").await;
    choose_a_password(&browser, "Create account").await;
    browser.arrive("/dashboard").await;
    browser.open(&link).await;
    browser.see("This link does not work").await;
    browser.check_answer("link-dead").await;

    ask_for_a_link(&browser, FORGOT).await;
    let link = mail.message(ADA).await.link();
    look_at(&browser, &[("reset-password", &link)], "").await;
    browser.fill("password", "short").await;
    browser.press("Change the password").await;
    browser.text_of("p.error").await;
    browser.check_answer("reset-password-refused").await;
    choose_a_password(&browser, "Change the password").await;
    browser.see("Your password is changed").await;
    browser.check_answer("password-changed").await;
    browser.close().await;
}

#[actix_rt::test]
async fn confirming_an_address_and_accepting_an_invitation() {
    let mail = MailServer::start();
    let app = mail.gateway(&[]).await;
    let browser = Browser::before(&app).await;
    let account = CreateAccount { email: ADA.to_owned(), password: Some(PASSWORD.to_owned()), operator: false };
    app.ledger.create_account(account).await.unwrap();
    browser.sign_in(ADA).await;
    look_at(&browser, &[("overview-unconfirmed", "/dashboard")], "").await;
    browser.press("Send the link").await;
    browser.see("Check your inbox").await;
    look_at(&browser, &[("verify-address", &mail.message(ADA).await.link())], "").await;
    browser.press("Confirm the address").await;
    browser.see("Your address is confirmed").await;
    browser.check_answer("address-confirmed").await;

    browser.open("/dashboard/settings/members").await;
    browser.fill("email", "ben@example.com").await;
    browser.press("Invite").await;
    browser.see("ben@example.com").await;
    look_at(&browser, &[("members-invited", "/dashboard/settings/members")], "").await;
    look_at(&browser, &[("invitation", &mail.message("ben@example.com").await.link())], "").await;
    browser.fill("password", "short").await;
    browser.press("Accept").await;
    browser.text_of("p.error").await;
    browser.check_answer("invitation-refused").await;
    browser.close().await;
}

async fn ask_for_a_link(browser: &Browser, page: &str) {
    browser.open(page).await;
    browser.fill("email", ADA).await;
    browser.press("Send the link").await;
    browser.see("Check your inbox").await;
}

async fn choose_a_password(browser: &Browser, button: &str) {
    browser.fill("password", PASSWORD).await;
    browser.press(button).await;
}
