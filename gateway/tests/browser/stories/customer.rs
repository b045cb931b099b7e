//! From signing up to a key that is revoked.

use syntopen_shared::money::NanoUsd;

use super::stage::Stage;
use super::{call, cost, stripe, until};
use crate::harness::{Browser, Scripts};
use crate::helpers::{TestApp, eventually};

const ADA: &str = "ada@example.com";
const GIFT: i64 = 5_000_000_000;
const TOP_UP: i64 = 25_500_000_000;

#[actix_rt::test]
async fn a_customer_comes_and_goes_in_one_process() {
    story(&Stage::embedded().await, Scripts::On).await;
}

#[actix_rt::test]
async fn a_customer_comes_and_goes_in_a_cluster() {
    story(&Stage::cluster().await, Scripts::On).await;
}

#[actix_rt::test]
async fn a_customer_comes_and_goes_without_scripts() {
    story(&Stage::embedded().await, Scripts::Off).await;
}

async fn story(stage: &Stage, scripts: Scripts) {
    let app = &stage.app;
    let browser = Browser::before(app).await;
    browser.run_scripts(scripts).await;
    begin(&browser).await;
    app.credit(ADA, NanoUsd::new(GIFT)).await;
    let (key, page) = create(&browser, scripts).await;

    // A real call, whose cost is shown to the last digit.
    let answer = call(app, &key).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    app.settled().await;
    let mut spent = cost(&answer);
    assert_ne!(spent.nanos() % 1_000, 0, "{spent}: it has more digits than six");
    money_is(&browser, (spent, NanoUsd::new(GIFT - spent.nanos()))).await;

    // Two a minute.
    browser.open(&page).await;
    browser.fill("rpm", "2").await;
    browser.press("Save").await;
    browser.see("Saved.").await;
    let (refused, more) = refused_after(app, &key).await;
    assert_eq!(refused.header("x-ratelimit-limit"), Some("2"), "{refused:?}");
    spent = NanoUsd::new(spent.nanos() + more.nanos());
    app.settled().await;

    pay(stage, &browser, scripts).await;
    let left = NanoUsd::new(GIFT + TOP_UP - spent.nanos());
    receipt(&browser, left).await;
    money_is(&browser, (spent, left)).await;

    revoke(&browser, &page).await;
    eventually("a 401", || async { (call(app, &key).await.status == 401).then_some(()) }).await;
    assert_eq!(call(app, &key).await.error(), (401, "invalid_api_key".to_owned()));
    money_is(&browser, (spent, left)).await;
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
    app.assert_books_agree().await;
    browser.close().await;
}

/// Signs up, and is told what to do.
async fn begin(browser: &Browser) {
    browser.sign_up(ADA).await;
    for words in ["Make your first call", "Add credit", "Create a key", "To do"] {
        browser.see(words).await;
    }
}

/// Makes a key by its form; the key, and where its page is.
async fn create(browser: &Browser, scripts: Scripts) -> (String, String) {
    browser.open("/dashboard").await;
    browser.press("Create a key").await;
    browser.arrive("/dashboard/keys/new").await;
    browser.fill("name", "laptop").await;
    browser.press("Create the key").await;
    browser.see("Copy the key now").await;
    let mut key = browser.text_of(".secret code").await;
    if scripts == Scripts::On {
        browser.check_answer("key-made").await;
        browser.press("Copy key").await;
        browser.see("Copied").await;
        let copied = browser.clipboard().await;
        assert_eq!(copied, key);
        key = copied;
    }
    assert!(key.starts_with("sk-syn-"), "{key}");
    browser.press("I have copied it").await;
    browser.see("Requests per minute").await;
    let page = browser.path().await;
    assert!(page.starts_with("/dashboard/keys/") && !page.ends_with("/new"), "{page}");
    assert!(!browser.text().await.contains(&key), "it is shown once");
    (key, page)
}

/// What was spent, and what is left, wherever it is shown.
async fn money_is(browser: &Browser, (spent, left): (NanoUsd, NanoUsd)) {
    until(browser, "/dashboard", &[&spent.to_string(), &left.to_string()]).await;
    let costs = usage_sum(browser).await;
    assert_eq!(costs, spent, "the requests on the usage page");
}

/// The sum of the costs on the usage page.
async fn usage_sum(browser: &Browser) -> NanoUsd {
    browser.open("/dashboard/usage").await;
    let selector = "main td[data-label='Cost']";
    let mut sum = 0;
    for cell in browser.client.find_all(fantoccini::Locator::Css(selector)).await.unwrap() {
        let text = cell.text().await.unwrap();
        let amount = text.lines().next().unwrap().trim_start_matches('$').replace(',', "");
        sum += amount.parse::<NanoUsd>().unwrap_or_else(|_| panic!("{text}")).nanos();
    }
    NanoUsd::new(sum)
}

/// Calls until it is refused: the refusal, and what the calls before have cost.
async fn refused_after(app: &TestApp, key: &str) -> (crate::helpers::Answer, NanoUsd) {
    let spent = std::cell::Cell::new(0);
    let refused = eventually("a 429", || async {
        let answer = call(app, key).await;
        if answer.status == 200 {
            spent.set(spent.get() + cost(&answer).nanos());
            return None;
        }
        Some(answer)
    })
    .await;
    assert_eq!(refused.error(), (429, "rate_limit_exceeded".to_owned()));
    (refused, NanoUsd::new(spent.get()))
}

/// Pays at the payment service, and comes back.
async fn pay(stage: &Stage, browser: &Browser, scripts: Scripts) {
    browser.open("/dashboard/billing").await;
    browser.fill("amount", "25.50").await;
    browser.press("Continue to payment").await;
    browser.see("Checkout").await;
    let url = browser.client.current_url().await.unwrap();
    browser.press("Back to the shop").await;
    browser.see("We wait for the payment service").await;
    if scripts == Scripts::On {
        browser.check_answer("payment-waiting").await;
    }
    let session = stage.stripe.pay(url.as_str());
    match scripts {
        // The page asks by itself what has become of it.
        Scripts::On => {
            let told = stripe::send(&stage.app, "evt_1", "checkout.session.completed", &session).await;
            assert_eq!(told.status, 200, "{}", told.text());
        }
        Scripts::Off => browser.press("Check now").await,
    }
    browser.see("Thank you").await;
    if scripts == Scripts::On {
        browser.check_answer("payment-paid").await;
    }
    let asked = stage.stripe.asked();
    assert!(asked.iter().any(|asked| asked == "POST /v1/checkout/sessions"), "{asked:?}");
}

/// The receipt of it.
async fn receipt(browser: &Browser, left: NanoUsd) {
    browser.press("To your transfers").await;
    browser.arrive("/dashboard/billing").await;
    browser.press("Receipt of Top-up, +$25.50").await;
    for words in ["+$25.50 USD", ADA, "stripe:pi_test_1", &format!("{left} USD")] {
        browser.see(words).await;
    }
}

/// Revokes a key, after the question.
async fn revoke(browser: &Browser, page: &str) {
    browser.open(page).await;
    browser.press("Revoke").await;
    browser.see("Revoke laptop?").await;
    browser.press("Revoke the key").await;
    browser.see("No request is accepted with this key any more").await;
}
