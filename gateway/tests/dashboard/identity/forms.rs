//! What protects forms and sign-in from others.

use syntopen_shared::wire::admin::CreateAccount;

use crate::gateway::TestApp;
use crate::helpers::{Browser, PASSWORD};

const SESSION: &str = "syntopen_session";

#[actix_rt::test]
async fn a_form_is_of_one_browser_and_session() {
    let app = TestApp::spawn().await;
    let ada = Browser::signed_up(&app, "ada@example.com").await;
    let eve = Browser::signed_up(&app, "eve@example.com").await;
    let guest = Browser::new(&app);
    let before = guest.csrf("/dashboard/sign-in").await;
    let foreign = [eve.csrf("/dashboard/settings").await, before, "A".repeat(43), String::new()];

    for path in ["/dashboard/sign-out", "/dashboard/settings/sessions/end", "/dashboard/settings/password"] {
        for csrf in &foreign {
            assert_eq!(ada.post(path, &[("csrf", csrf)]).await.status, 403, "{path}");
        }
        assert_eq!(ada.post(path, &[]).await.status, 403, "{path}");
    }
    let earlier = ada.csrf("/dashboard/settings").await;
    ada.submit_from("/dashboard", "/dashboard/sign-out", &[]).await;
    ada.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(ada.post("/dashboard/sign-out", &[("csrf", &earlier)]).await.status, 403, "of the session before");
    assert_eq!(ada.visit("/dashboard").await.path, "/dashboard");
    let no_cookie = Browser::new(&app);
    let fields = [("csrf", foreign[0].as_str()), ("email", "ada@example.com"), ("password", PASSWORD)];
    assert_eq!(no_cookie.post("/dashboard/sign-in", &fields).await.status, 403);
}

#[actix_rt::test]
async fn nothing_is_done_by_get() {
    let app = TestApp::spawn().await;
    let ada = Browser::signed_up(&app, "ada@example.com").await;
    for path in ["/dashboard/sign-out", "/dashboard/settings/sessions/end", "/dashboard/settings/password"] {
        assert_eq!(ada.get(path).await.status, 404, "{path}");
    }
    assert_eq!(ada.visit("/dashboard").await.path, "/dashboard");
}

#[actix_rt::test]
async fn signing_in_leads_to_pages_of_ours_alone() {
    let app = TestApp::spawn().await;
    Browser::signed_up(&app, "ada@example.com").await;
    for (next, to) in [
        ("/dashboard/settings?a=b", "/dashboard/settings?a=b"),
        ("//evil.example/dashboard", "/dashboard"),
        ("https://evil.example/", "/dashboard"),
        ("/dashboard/\\evil.example", "/dashboard"),
        ("/dashboard/../../evil", "/dashboard"),
        ("/dashboard/%0d%0aSet-Cookie:a=b\r\nb", "/dashboard"),
    ] {
        let browser = Browser::new(&app);
        let csrf = browser.csrf("/dashboard/sign-in").await;
        let fields = [("csrf", csrf.as_str()), ("email", "ada@example.com"), ("password", PASSWORD), ("next", next)];
        let page = browser.post("/dashboard/sign-in", &fields).await;
        assert_eq!((page.status, page.location().as_deref()), (303, Some(to)), "{next}");
    }
    let page = Browser::new(&app).get("/dashboard/sign-in?next=%22%3E%3Cscript%3E").await;
    assert!(!page.says("\"><script>"), "{}", page.text);
}

#[actix_rt::test]
async fn cookies_are_for_http_alone_and_for_tls_where_that_is() {
    let app = TestApp::spawn_with(&[("SYNTOPEN_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let browser = Browser::new(&app).with_header("x-forwarded-proto", "https");
    let csrf = browser.csrf("/dashboard/sign-up").await;
    let fields = [("csrf", csrf.as_str()), ("email", "ada@example.com"), ("password", PASSWORD)];
    let page = browser.post("/dashboard/sign-up", &fields).await;

    let cookie = page.header("set-cookie").unwrap();
    assert!(cookie.starts_with(&format!("__Host-{SESSION}=")), "{cookie}");
    for flag in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(cookie.contains(flag), "{flag} in {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert!(page.header("strict-transport-security").is_some());
    let page = Browser::new(&app).get("/dashboard/sign-in").await;
    let cookie = page.header("set-cookie").unwrap();
    assert!(!cookie.contains("Secure") && cookie.contains("HttpOnly"), "{cookie}");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!((page.header("x-frame-options"), page.header("cache-control")), (Some("DENY"), Some("no-store")));
}

#[actix_rt::test]
async fn attempts_are_counted_by_user() {
    let app = TestApp::spawn_with(&[("SYNTOPEN_TRUSTED_PROXIES", "127.0.0.1")]).await;
    Browser::signed_up(&app, "ada@example.com").await;
    for attempt in 0..10 {
        let browser = Browser::new(&app).with_header("x-forwarded-for", &format!("10.0.0.{attempt}"));
        assert_eq!(browser.sign_in("ADA@example.com ", "wrong password").await.status, 422);
    }
    let page = Browser::new(&app).sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(page.status, 429);
    let seconds: u64 = page.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert!(page.says(&format!("Wait {seconds} seconds")), "{}", page.text);
    assert_eq!(Browser::new(&app).sign_in("eve@example.com", PASSWORD).await.status, 422, "others go on");
}

#[actix_rt::test]
async fn attempts_are_counted_by_the_address_that_proxies_tell() {
    let app = TestApp::spawn_with(&[("SYNTOPEN_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let from = |address: &str| Browser::new(&app).with_header("x-forwarded-for", address);
    for attempt in 0..10 {
        // What the client itself said stands before the address that the proxy saw.
        let forged = from(&format!("10.9.9.{attempt}, 10.0.0.1"));
        assert_eq!(forged.sign_up("no address", PASSWORD).await.status, 422);
    }
    assert_eq!(from("10.0.0.1").sign_up("no address", PASSWORD).await.status, 429);
    assert_eq!(from("10.0.0.2").sign_up("no address", PASSWORD).await.status, 422);
}

#[actix_rt::test]
async fn forwarded_addresses_of_strangers_count_for_nothing() {
    let app = TestApp::spawn().await;
    let from = |attempt: u32| Browser::new(&app).with_header("x-forwarded-for", &format!("10.0.0.{attempt}"));
    for attempt in 0..10 {
        assert_eq!(from(attempt).sign_up("no address", PASSWORD).await.status, 422);
    }
    assert_eq!(from(10).sign_up("no address", PASSWORD).await.status, 429);
}

#[actix_rt::test]
async fn signing_up_can_be_closed() {
    let app = TestApp::spawn_with(&[("SYNTOPEN_SIGN_UP", "invited")]).await;
    let browser = Browser::new(&app);
    let page = browser.visit("/dashboard/sign-up").await;
    assert!(page.says("New accounts are made by invitation.") && !page.says("name=\"password\""), "{}", page.text);
    assert!(!browser.visit("/dashboard/sign-in").await.says("Create one"));
    let fields = [("email", "ada@example.com"), ("password", PASSWORD)];
    let page = browser.submit_from("/dashboard/sign-in", "/dashboard/sign-up", &fields).await;
    assert_eq!(page.status, 404, "nor by a form that was made up");

    let (email, password) = ("bob@example.com".to_owned(), Some(PASSWORD.to_owned()));
    app.ledger.create_account(CreateAccount { email, password, operator: false }).await.unwrap();
    assert_eq!(browser.sign_in("bob@example.com", PASSWORD).await.path, "/dashboard");
}
