//! That every page can be seen, read and reached, in both themes, on a desk and on a phone.

mod fit;
mod letters;
mod payments;
mod refused;

use crate::data::House;
use crate::harness::{Browser, Screen, Scripts, Theme};
use crate::helpers::{TestApp, eventually};

/// The pages of a customer, by what their pictures are called.
const CUSTOMER: [(&str, &str); 10] = [
    ("overview", "/dashboard"),
    ("keys", "/dashboard/keys"),
    ("key-new", "/dashboard/keys/new"),
    ("usage", "/dashboard/usage"),
    ("billing", "/dashboard/billing"),
    ("models", "/dashboard/models"),
    ("playground", "/dashboard/playground"),
    ("docs", "/docs"),
    ("settings", "/dashboard/settings"),
    ("members", "/dashboard/settings/members"),
];
/// Pages of one thing: what they are called, where it is listed, how its address begins, and what follows it.
const DETAILS: [(&str, &str, &str, &str); 5] = [
    ("key", "/dashboard/keys", "/dashboard/keys/0", ""),
    ("key-rotate", "/dashboard/keys", "/dashboard/keys/0", "/rotate"),
    ("key-revoke", "/dashboard/keys", "/dashboard/keys/0", "/revoke"),
    ("request", "/dashboard/usage", "/dashboard/usage/0", ""),
    ("receipt", "/dashboard/billing", "/dashboard/billing/transfers/0", ""),
];
const OPERATOR: [(&str, &str); 7] = [
    ("operator-accounts", "/dashboard/operator/accounts"),
    ("operator-invitations", "/dashboard/operator/invitations"),
    ("operator-upstreams", "/dashboard/operator/upstreams"),
    ("operator-catalog", "/dashboard/operator/catalog"),
    ("operator-payments", "/dashboard/operator/payments"),
    ("operator-ledger", "/dashboard/operator/ledger"),
    ("operator-audit", "/dashboard/operator/audit"),
];
const ADA: &str = "ada@example.com";
const OLGA: &str = "olga@example.com";

#[actix_rt::test]
async fn pages_for_whoever_comes_by() {
    let house = House::open().await;
    let browser = Browser::before(&house.app).await;
    let pages = [("sign-in", "/dashboard/sign-in"), ("sign-up", "/dashboard/sign-up"), ("docs-public", "/docs")];
    look_at(&browser, &pages, "").await;
    browser.open("/dashboard/no-such-page").await;
    browser.see("Not found").await;
    browser.check_views("not-found").await;
    browser.close().await;
}

#[actix_rt::test]
async fn pages_of_a_customer_with_nothing() {
    let house = House::open().await;
    let browser = Browser::before(&house.app).await;
    browser.sign_up(ADA).await;
    look_at(&browser, &CUSTOMER, "-none").await;
    browser.close().await;
}

#[actix_rt::test]
async fn pages_of_a_customer_with_a_little() {
    let house = House::open().await;
    let browser = Browser::before(&house.app).await;
    browser.sign_up(ADA).await;
    house.little(ADA).await;
    look_at(&browser, &CUSTOMER, "-little").await;
    browser.close().await;
}

#[actix_rt::test]
async fn pages_of_a_customer_with_a_lot() {
    let house = House::open().await;
    let browser = Browser::before(&house.app).await;
    browser.sign_up(ADA).await;
    house.lot(ADA).await;
    look_at(&browser, &CUSTOMER, "-lot").await;
    for (name, list, prefix, rest) in DETAILS {
        let path = first(&browser, list, prefix).await;
        look_at(&browser, &[(name, &format!("{path}{rest}"))], "").await;
    }
    browser.close().await;
}

#[actix_rt::test]
async fn pages_of_an_operator() {
    let house = House::open().await;
    let browser = Browser::before(&house.app).await;
    house.operator(OLGA).await;
    browser.sign_in(OLGA).await;
    house.confirm_second_factor(OLGA).await;
    look_at(&browser, &OPERATOR, "-none").await;
    house.lot(OLGA).await;
    look_at(&browser, &OPERATOR, "-lot").await;
    let account = first(&browser, "/dashboard/operator/accounts", "/dashboard/operator/accounts/0").await;
    look_at(&browser, &[("operator-account", &account)], "").await;
    browser.close().await;
}

/// Opens each page in every view.
async fn look_at(browser: &Browser, pages: &[(&str, &str)], suffix: &str) {
    for (name, path) in pages {
        browser.open(path).await;
        let title = browser.text_of("h1").await;
        assert!(!["Not found", "Sign in"].contains(&title.as_str()) || path.ends_with("sign-in"), "{path}: {title}");
        browser.check_views(&format!("{name}{suffix}")).await;
    }
}

/// The first link of a page that begins like this.
async fn first(browser: &Browser, page: &str, prefix: &str) -> String {
    browser.open(page).await;
    let found = browser.run(&format!("return document.querySelector('main a[href^=\"{prefix}\"]')?.pathname")).await;
    found.as_str().unwrap_or_else(|| panic!("{page} has no link to {prefix}…")).to_owned()
}

#[actix_rt::test]
async fn the_checks_find_what_is_wrong() {
    let app = TestApp::spawn().await;
    let browser = Browser::before(&app).await;
    browser.open("/dashboard/sign-in").await;
    assert_eq!(browser.flaws().await, Vec::<String>::new());
    browser.run("document.querySelector('label').remove()").await;
    browser.run("document.querySelector('h1').textContent = 'x'.repeat(500)").await;
    browser.run("document.querySelector('h1').className = 'nowrap'").await;
    browser.run("document.body.append(Object.assign(document.createElement('script'), { text: 'spoiled()' }))").await;
    let flaws = browser.flaws().await;
    for flaw in ["Form elements must have labels", "wider than the screen", "Content Security Policy"] {
        assert!(flaws.iter().any(|found| found.contains(flaw)), "{flaw}: {flaws:#?}");
    }
    browser.close().await;
}

#[actix_rt::test]
async fn a_phone_needs_no_script_for_the_menu() {
    let app = TestApp::spawn().await;
    let browser = Browser::before(&app).await;
    browser.view(Screen::Phone, Theme::Light).await;
    browser.run_scripts(Scripts::Off).await;
    browser.sign_up("ada@example.com").await;
    assert!(!browser.text().await.contains("API keys"));
    browser.press("Menu").await;
    browser.see("API keys").await;
    browser.press("Sign out").await;
    browser.arrive("/dashboard/sign-in").await;
    browser.run_scripts(Scripts::On).await;
    browser.sign_in("ada@example.com").await;
    browser.close().await;
}

#[actix_rt::test]
async fn a_chosen_theme_is_kept() {
    let app = TestApp::spawn().await;
    let browser = Browser::before(&app).await;
    browser.view(Screen::Desktop, Theme::Dark).await;
    browser.sign_up("ada@example.com").await;
    let ground = "return getComputedStyle(document.body).backgroundColor";
    let dark = browser.run(ground).await;
    browser.press("Theme").await;
    let light =
        eventually("another theme", || async { Some(browser.run(ground).await).filter(|now| *now != dark) }).await;
    browser.open("/dashboard").await;
    assert_eq!(browser.run(ground).await, light);
    browser.close().await;
}

#[actix_rt::test]
async fn what_is_copied_is_what_is_shown() {
    let house = House::open().await;
    let browser = Browser::before(&house.app).await;
    browser.open("/docs").await;
    let shown = browser.text_of(".copy code").await;
    browser.press("Copy").await;
    browser.see("Copied").await;
    assert_eq!(browser.clipboard().await, shown);
    browser.close().await;
}

#[actix_rt::test]
async fn a_filter_is_an_address() {
    let house = House::open().await;
    let browser = Browser::before(&house.app).await;
    browser.sign_up(ADA).await;
    house.little(ADA).await;
    browser.open("/dashboard/usage").await;
    browser.choose("outcome", "upstream_failed").await;
    browser.press("Filter").await;
    browser.see("No request matches these filters.").await;
    assert!(browser.path().await.contains("outcome=upstream_failed"));
    browser.close().await;
}
