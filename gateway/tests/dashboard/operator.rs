//! The operator's pages.

mod accounts;
mod money;
mod sights;

use crate::gateway::{Customer, TestApp, eventually, request};
use crate::helpers::{Browser, Page};

const ACCOUNTS: &str = "/dashboard/operator/accounts";

/// A browser in which an operator is signed in.
async fn operator(app: &TestApp) -> Browser {
    Browser::operator(app, "boss@example.com").await.0
}

fn page_of(customer: &Customer) -> String {
    format!("{ACCOUNTS}/{}", customer.record.account)
}

/// Sends one of the forms of an account's page, with the submission that the page has.
async fn act(browser: &Browser, customer: &Customer, (verb, fields): (&str, &[(&str, &str)])) -> Page {
    let path = page_of(customer);
    let page = browser.visit(&path).await;
    let (csrf, submission) = (page.csrf().unwrap(), page.value("submission").unwrap());
    let mut all = vec![("csrf", csrf.as_str()), ("submission", submission.as_str())];
    all.extend(fields);
    let page = browser.post(&format!("{path}/{verb}"), &all).await;
    browser.follow(page).await
}

/// The figure of a card of an account's page.
fn figure(page: &Page, label: &str) -> String {
    let (_, after) = page.text.split_once(&format!(">{label}</p>")).unwrap_or_else(|| panic!("{}", page.text));
    let (_, after) = after.split_once("class=\"figure\">").unwrap();
    after.split('<').next().unwrap().to_owned()
}

/// Asks for a page until it says this.
async fn until(browser: &Browser, path: &str, words: &str) -> Page {
    let seen = || async { Some(browser.visit(path).await).filter(|page| page.says(words)) };
    eventually(words, seen).await
}

/// A request that costs six cents.
fn six_cents() -> serde_json::Value {
    request("test/output-only", 60)
}
