//! Forms that have to be mended, pages that there are not, and pages of what is done once.

use serde_json::json;

use super::{ADA, DETAILS, OLGA, first, look_at};
use crate::data::House;
use crate::harness::{Browser, PASSWORD};

/// A form: what its pictures are called, its page, where it is sent to, and what is typed into it.
type Refused<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)]);

const KEYS: &str = "/dashboard/keys";
const FACTOR: &str = "/dashboard/settings/second-factor";
const NO_TOKEN: &str = "a";

#[actix_rt::test]
async fn forms_of_whoever_comes_by() {
    let house = House::open().await;
    let browser = Browser::before(&house.app).await;
    let forms: [Refused<'_>; 2] = [
        ("sign-in-refused", "/dashboard/sign-in", "/sign-in", &[("email", ADA), ("password", "wrong")]),
        ("sign-up-refused", "/dashboard/sign-up", "/sign-up", &[("email", "ada"), ("password", "short")]),
    ];
    for form in forms {
        refused(&browser, form).await;
    }
    send(&browser, ("/dashboard/sign-in", "/sign-in", &[("csrf", NO_TOKEN)])).await;
    browser.see("Out of date").await;
    browser.check_answer("out-of-date").await;
    browser.open("/dashboard/reset-password/no-such-link").await;
    browser.see("This link does not work").await;
    let pages = [("forgot-password-without-mail", "/dashboard/forgot-password")];
    look_at(&browser, &pages, "").await;
    browser.close().await;
}

#[actix_rt::test]
async fn forms_of_a_customer() {
    let house = House::open_with(&[("STRIPE_SECRET_KEY", "sk_test"), ("STRIPE_WEBHOOK_SECRET", "whsec_test")]).await;
    let browser = Browser::before(&house.app).await;
    browser.sign_up(ADA).await;
    house.little(ADA).await;
    let key = first(&browser, KEYS, "/dashboard/keys/0").await;
    let wrong = [("name", ""), ("rpm", "many"), ("limit_day", "5,000"), ("limit_month", "-1"), ("expiry", "date")];
    let (settings, close) = ("/dashboard/settings", "/dashboard/settings/close-account");
    let forms: [Refused<'_>; 8] = [
        ("key-new-refused", "/dashboard/keys/new", "/keys/new", &wrong),
        ("key-refused", &key, &key, &wrong),
        ("top-up-refused", "/dashboard/billing", "/top-up", &[("amount", "1000000")]),
        ("alert-refused", "/dashboard/billing", "/alert", &[("alert_below", "a little")]),
        ("password-refused", settings, "/password", &[("current", "wrong"), ("new", "short"), ("repeated", "other")]),
        ("members-refused", "/dashboard/settings/members", "/members", &[("email", "nobody")]),
        ("close-account-refused", close, "/close-account", &[("confirmation", "close"), ("password", PASSWORD)]),
        ("usage-refused", "/dashboard/usage?from=2026-11-02&to=2026-11-01", "/usage", &[]),
    ];
    for form in forms {
        refused(&browser, form).await;
    }
    look_at(&browser, &[("close-account", close), ("billing-by-card", "/dashboard/billing")], "").await;
    browser.open(&format!("{key}/rotate")).await;
    browser.press("Rotate the key").await;
    browser.see("Copy the key now").await;
    browser.check_answer("key-rotated").await;
    browser.open(&key).await;
    browser.see("revoked for good").await;
    browser.check_answer("key-revoked").await;
    browser.close().await;
}

#[actix_rt::test]
async fn forms_of_an_operator() {
    let house = House::open().await;
    let browser = Browser::before(&house.app).await;
    house.operator(OLGA).await;
    browser.sign_in(OLGA).await;
    send(&browser, (FACTOR, "/begin", &[])).await;
    browser.see("Type the code that it shows").await;
    refused(&browser, ("second-factor-refused", FACTOR, "/confirm", &[("code", "12")])).await;
    house.confirm_second_factor(OLGA).await;
    house.app.customer("5").await;
    let account = first(&browser, "/dashboard/operator/accounts", "/dashboard/operator/accounts/0").await;
    let invitations = "/dashboard/operator/invitations";
    let forms: [Refused<'_>; 6] = [
        ("credit-refused", &account, "/credit", &[("amount", "-5")]),
        ("refund-refused", &account, "/refund", &[("request", "none")]),
        ("suspend-refused", &account, "/suspend", &[]),
        ("operator-invitations-refused", invitations, "/invitations", &[("email", "nobody")]),
        ("second-factor-renew-refused", FACTOR, "/renew", &[("code", "12")]),
        ("second-factor-end-refused", FACTOR, "/end", &[("password", "wrong"), ("code", "12")]),
    ];
    for form in forms {
        refused(&browser, form).await;
    }
    look_at(&browser, &[("second-factor-on", FACTOR), ("settings-second-factor-on", "/dashboard/settings")], "").await;
    browser.close().await;
}

#[actix_rt::test]
async fn a_receipt_on_paper() {
    let house = House::open().await;
    let browser = Browser::before(&house.app).await;
    browser.sign_up(ADA).await;
    house.little(ADA).await;
    let (_, list, prefix, _) = DETAILS[4];
    let receipt = first(&browser, list, prefix).await;
    browser.open(&receipt).await;
    browser.print().await;
    browser.check("receipt-printed").await;
    let text = browser.text().await;
    assert!(text.contains("Receipt number") && !text.contains("Playground") && !text.contains("Print"), "{text}");
    browser.close().await;
}

/// Sends a form that is refused, and looks at the answer.
async fn refused(browser: &Browser, (name, page, action, fields): Refused<'_>) {
    send(browser, (page, action, fields)).await;
    browser.text_of("main p.error, main [role=alert]").await;
    browser.check_answer(name).await;
}

/// Sends the form of a page whose address ends like this, whatever the browser thinks of its fields.
async fn send(browser: &Browser, (page, action, fields): (&str, &str, &[(&str, &str)])) {
    const SEND: &str = "
        const [action, fields] = arguments;
        const form = [...document.querySelectorAll('main form')].find((form) => form.action.endsWith(action));
        form.noValidate = true;
        for (const [name, value] of fields) form.elements[name].value = value;
        form.requestSubmit();
    ";
    browser.open(page).await;
    browser.client.execute(SEND, vec![json!(action), json!(fields)]).await.unwrap();
}
