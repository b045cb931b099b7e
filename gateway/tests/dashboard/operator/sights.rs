//! Upstreams, the catalog and the ledger.

use serde_json::json;

use super::{operator, six_cents, until};
use crate::gateway::{TestApp, UPSTREAM_KEY, with};

const UPSTREAMS: &str = "/dashboard/operator/upstreams";
const CATALOG: &str = "/dashboard/operator/catalog";
const LEDGER: &str = "/dashboard/operator/ledger";

#[actix_web::test]
async fn an_upstream_that_fails_is_shown_as_open() {
    let settings = [("SYNTOPEN_BREAKER_FAILURES", "1"), ("SYNTOPEN_BREAKER_OPEN_SECONDS", "3600")];
    let app = TestApp::spawn_with(&settings).await;
    let (browser, customer) = (operator(&app).await, app.customer("5").await);
    let well = until(&browser, UPSTREAMS, ">closed<").await;
    assert!(well.says("As 1 gateway told") && well.says("1 of 1") && !well.says(">open<"), "{}", well.text);
    assert!(well.says("no cost price") && well.says("Nothing was charged yet"));

    let failing = with(six_cents(), json!({"simulator": {"fault": {"status": 500}}}));
    assert_ne!(app.chat(&customer, &failing).await.status, 200);

    let ill = until(&browser, UPSTREAMS, ">open<").await;
    assert!(ill.says("1 call, 100.0% failed"), "{}", ill.text);
}

#[actix_web::test]
async fn what_was_earned_is_shown() {
    let app = TestApp::spawn().await;
    let (browser, customer) = (operator(&app).await, app.customer("5").await);
    assert_eq!(app.chat(&customer, &six_cents()).await.status, 200);
    app.settled().await;
    let page = until(&browser, UPSTREAMS, "$0.06").await;
    assert!(page.says("test/output-only") && page.says("simulator"), "{}", page.text);
}

#[actix_web::test]
async fn the_catalog_is_shown_as_loaded_without_credentials_and_with_what_was_refused() {
    let app = TestApp::spawn().await;
    let browser = operator(&app).await;
    let page = browser.visit(CATALOG).await;
    for words in ["catalog.toml", "openai/gpt-4o-mini", "0.15", "0.075", "SIMULATOR_API_KEY", "128,000", "gpt-4o-mini"]
    {
        assert!(page.says(words), "{words}: {}", page.text);
    }
    assert!(!page.says(UPSTREAM_KEY) && !page.says("The file is wrong"));

    app.write_catalog("[upstreams.simulator]\nprovider = \"<script>alert(1)</script>\"");
    let wrong = until(&browser, CATALOG, "The file is wrong").await;
    assert!(wrong.says("is no provider") && wrong.says("openai/gpt-4o-mini") && !wrong.says("<script>alert"));

    let off = "\n[upstreams.other]\nprovider = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n\
               api_key_env = \"OTHER_KEY\"\n";
    let catalog = crate::gateway::CATALOG.replace(
        "upstreams = [{ upstream = \"simulator\", model = \"free\" }]",
        "upstreams = [{ upstream = \"other\", model = \"else\", weight = 7, priority = 3 }]",
    );
    app.write_catalog(&format!("{off}{catalog}"));
    let mended = until(&browser, CATALOG, "An earlier change of the file was refused").await;
    for words in ["Not served", "set OTHER_KEY to switch it on", ">else<", ">7<", ">3<"] {
        assert!(mended.says(words), "{words}: {}", mended.text);
    }
}

#[actix_web::test]
async fn the_ledger_is_seen_at_a_glance_and_reconciled_on_demand() {
    let app = TestApp::spawn().await;
    let (browser, customer) = (operator(&app).await, app.customer("5").await);
    assert_eq!(app.chat(&customer, &six_cents()).await.status, 200);
    app.settled().await;
    let before = browser.visit(LEDGER).await;
    assert!(before.says("Not reconciled yet") && before.says("in the memory of this gateway"), "{}", before.text);

    let begun = browser.submit_from(LEDGER, &format!("{LEDGER}/reconcile"), &[]).await;
    assert!(begun.status == 200 && begun.says("reconciliation"), "{}", begun.text);

    let done = until(&browser, LEDGER, ">agrees<").await;
    assert!(done.says("drift $0.00") && !done.says(">differs<"), "{}", done.text);
    assert!(
        done.says("an account&#39;s balance is the sum of its transfers")
            || done.says("balance is the sum of its transfers")
    );
    until(&browser, LEDGER, ">in force<").await;
    assert!(browser.visit("/dashboard/operator/audit?act=ledger.reconcile").await.says("boss@example.com"));
    assert!(!browser.visit(&format!("{LEDGER}?done=%3Cb%3Ehacked")).await.says("hacked"));
}
