//! The API reference and its machine-readable sister.

use serde_json::Value;

use crate::gateway::TestApp;
use crate::helpers::Browser;

const PUBLIC_URL: &str = "https://gateway.example";

#[actix_rt::test]
async fn anybody_reads_the_reference_with_the_real_base() {
    let app = TestApp::spawn().await;

    let page = Browser::new(&app).get("/docs").await;

    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.says(&format!("curl {}/api/v1/chat/completions", app.url(""))));
    assert!(!page.says("BASE_URL"));
    for model in ["openai/gpt-4o-mini", "test/output-only", "test/free"] {
        assert!(page.says(&format!("<code>{model}</code>")), "{model}");
    }
    assert!(page.says("$0.15") && page.says("$1,000.00") && page.says("128,000"));
    for code in ["invalid_api_key", "insufficient_balance", "rate_limit_exceeded", "upstream_timeout"] {
        assert!(page.says(&format!("<code>{code}</code>")), "{code}");
    }
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    assert!(!page.says("Sign out"));
}

#[actix_rt::test]
async fn who_is_signed_in_has_the_menu_too() {
    let app = TestApp::spawn().await;
    let browser = Browser::signed_up(&app, "reader@example.com").await;

    let page = browser.get("/docs").await;

    assert_eq!(page.status, 200);
    assert!(page.says("reader@example.com") && page.says("Sign out") && page.says("id=\"authentication\""));
}

#[actix_rt::test]
async fn the_public_url_stands_in_both() {
    let app = TestApp::spawn_with(&[("SYNTOPEN_PUBLIC_URL", PUBLIC_URL)]).await;
    let browser = Browser::new(&app).with_header("host", "\"><script>alert(1)</script>");

    let page = browser.get("/docs").await;
    let document: Value = serde_json::from_str(&browser.get("/openapi.json").await.text).unwrap();

    assert!(page.says(&format!("curl {PUBLIC_URL}/api/v1/models")));
    assert!(!page.says("<script>alert"));
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], PUBLIC_URL);
    assert_eq!(document["paths"].as_object().unwrap().len(), 4);
}

#[actix_rt::test]
async fn a_host_cannot_write_into_the_page() {
    let app = TestApp::spawn().await;
    let browser = Browser::new(&app).with_header("host", "\"><script>alert(1)</script>");

    let page = browser.get("/docs").await;

    assert!(!page.says("<script>alert"), "{}", page.text);
}
