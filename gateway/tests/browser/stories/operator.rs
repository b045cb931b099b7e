//! From signing in with the second factor to what the audit log says of it.

use syntopen_shared::wire::admin::CreateAccount;

use super::stage::Stage;
use super::{call, until};
use crate::harness::{Browser, PASSWORD};
use crate::helpers::TestApp;

const OLGA: &str = "olga@example.com";
const ACCOUNTS: &str = "/dashboard/operator/accounts";
const PERIOD_SECONDS: i64 = 30;

#[actix_rt::test]
async fn an_operator_helps_a_customer_in_one_process() {
    story(&Stage::embedded().await).await;
}

#[actix_rt::test]
async fn an_operator_helps_a_customer_in_a_cluster() {
    story(&Stage::cluster().await).await;
}

async fn story(stage: &Stage) {
    let app = &stage.app;
    let customer = app.customer("0").await;
    let operator = CreateAccount { email: OLGA.to_owned(), password: Some(PASSWORD.to_owned()), operator: true };
    app.ledger.create_account(operator).await.unwrap();
    let browser = Browser::before(app).await;
    sign_in(app, &browser).await;

    // Found among others.
    browser.open(ACCOUNTS).await;
    browser.fill("q", &customer.email[..30]).await;
    browser.press("Search").await;
    browser.press(&customer.email).await;
    browser.see("Adjust the balance").await;
    assert_eq!(call(app, &customer.api_key).await.error(), (402, "insufficient_balance".to_owned()));

    // Credited, for a reason.
    browser.fill("amount", "12.345678901").await;
    browser.choose("class", "grant").await;
    browser.fill("reason", "sorry for Tuesday").await;
    browser.press("Book").await;
    browser.see("The money is booked.").await;
    browser.see("$12.345678901").await;
    assert_eq!(app.balance(&customer).await.0, "12.345678901".parse().unwrap());
    assert_eq!(call(app, &customer.api_key).await.status, 200);

    // Suspended and resumed.
    browser.fill("standing_reason", "chargebacks").await;
    browser.press("Suspend the account").await;
    browser.see("The account is suspended").await;
    browser.check_answer("operator-account-suspended").await;
    assert_eq!(call(app, &customer.api_key).await.error(), (403, "account_suspended".to_owned()));
    browser.fill("standing_reason", "all is paid").await;
    browser.press("Let it be used again").await;
    browser.see("The account can be used again").await;
    assert_eq!(call(app, &customer.api_key).await.status, 200);
    app.settled().await;

    // What the gateway has told of its upstream, and what was earned.
    until(&browser, "/dashboard/operator/upstreams", &["simulator", "Closed", "2 calls", "openai/gpt-4o-mini"]).await;
    browser.check_answer("operator-upstreams-story").await;
    let told = ["account.credit", "sorry for Tuesday", "account.suspend", "chargebacks", "account.resume"];
    let told = told.into_iter().chain(["all is paid", OLGA, "127.0.0.1"]).collect::<Vec<_>>();
    until(&browser, "/dashboard/operator/audit", &told).await;
    browser.check_answer("operator-audit-story").await;
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
    app.assert_books_agree().await;
    browser.close().await;
}

/// Signs in, is asked for a second factor, sets it up, and signs in with it.
async fn sign_in(app: &TestApp, browser: &Browser) {
    browser.sign_in(OLGA).await;
    browser.open(ACCOUNTS).await;
    browser.see("Operators need a second factor").await;
    browser.check_answer("second-factor-off").await;
    browser.press("Set up").await;
    browser.see("Type the code that it shows").await;
    browser.check_answer("second-factor-pending").await;
    let secret = browser.text_of(".copy code").await;
    browser.fill("code", &code(app, (&secret, 0))).await;
    browser.press("Turn on").await;
    browser.see("They are shown only now").await;
    browser.check_answer("recovery-codes").await;
    browser.press("I have kept them").await;
    browser.press("Sign out").await;
    browser.arrive("/dashboard/sign-in").await;

    browser.fill("email", OLGA).await;
    browser.fill("password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.see("Code of your authenticator app").await;
    browser.check_answer("sign-in-code").await;
    // A code is good once; the one that follows is taken already, as clocks differ.
    browser.fill("code", &code(app, (&secret, PERIOD_SECONDS))).await;
    browser.press("Sign in").await;
    browser.arrive("/dashboard").await;
}

/// What an authenticator app shows so many seconds from now.
fn code(app: &TestApp, (secret, later): (&str, i64)) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let seconds = u64::try_from(app.app.clock.unix_ms() / 1_000 + later).unwrap();
    totp_rs::Builder::new().with_secret(secret).build().unwrap().generate(seconds).to_string()
}
