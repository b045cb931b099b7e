//! That tables fit beside the menu, on a desk's screen and on a small one, whatever is in them.

use super::{CUSTOMER, DETAILS, OLGA, OPERATOR, first};
use crate::data::{CATALOG, House};
use crate::harness::{Browser, Screen, Theme};
use crate::helpers::eventually;

/// A model whose names are long and whose prices have many digits.
const LONG_MODEL: &str = r#"
[[models]]
id = "an-organisation-of-some-size/openai-gpt-4o-mini-405b-instruct-turbo-preview-2026-11-24"
context_length = 2_000_000
max_output_tokens = 2_000_000
images = true
price = { input = "1234.567891", output = "1234.567891", cached_input = "1234.567891", cache_write = "1234.567891" }
upstreams = [{ upstream = "openai", model = "gpt-4o-mini-405b-instruct-turbo-preview-2026-11-24-of-another-region" }]
"#;
const RECONCILED: &str = "/dashboard/operator/ledger";

#[actix_rt::test]
async fn tables_fit_whatever_is_in_them() {
    let folder = tempfile::TempDir::new().unwrap();
    let catalog = folder.path().join("catalog.toml");
    std::fs::write(&catalog, std::fs::read_to_string(CATALOG).unwrap() + LONG_MODEL).unwrap();
    let house = House::open_with(&[("SYNTOPEN_CATALOG", catalog.to_str().unwrap())]).await;
    let browser = Browser::before(&house.app).await;
    house.operator(OLGA).await;
    browser.sign_in(OLGA).await;
    house.confirm_second_factor(OLGA).await;
    house.lot(OLGA).await;
    invite(&browser, "/dashboard/settings/members").await;
    invite(&browser, "/dashboard/operator/invitations").await;
    browser.open(RECONCILED).await;
    browser.press("Reconcile now").await;
    eventually("the reconciliation", || async {
        browser.open(RECONCILED).await;
        browser.text().await.contains("Agrees").then_some(())
    })
    .await;
    house.stretch().await;

    let mut pages: Vec<_> = CUSTOMER.into_iter().chain(OPERATOR).map(|(_, path)| path.to_owned()).collect();
    pages.push("/dashboard/billing?show=all".to_owned());
    pages.push(first(&browser, "/dashboard/operator/accounts", "/dashboard/operator/accounts/0").await);
    for (_, list, prefix, rest) in DETAILS {
        pages.push(first(&browser, list, prefix).await + rest);
    }
    let mut wide = Vec::new();
    for screen in [Screen::Desktop, Screen::Tablet] {
        browser.view(screen, Theme::Light).await;
        for path in &pages {
            browser.open(path).await;
            browser
                .run("document.querySelectorAll('main details').forEach((details) => { details.open = true; })")
                .await;
            let found = browser.wider_than_its_place().await;
            wide.extend(found.into_iter().map(|what| format!("{path} on a {screen:?}: {what}")));
        }
    }
    assert_eq!(wide, Vec::<String>::new());
    browser.close().await;
}

async fn invite(browser: &Browser, page: &str) {
    browser.open(page).await;
    browser.fill("email", "ben@example.com").await;
    browser.press("Invite").await;
    browser.see("Pass this link on").await;
}
