//! Signing up where the address is proven first.

use super::server::MailServer;
use crate::gateway::TestApp;
use crate::helpers::{Browser, PASSWORD};

const SENT: &str = "/dashboard/done/sent";

#[actix_rt::test]
async fn a_customer_signs_up_by_a_link() {
    let mail = MailServer::start();
    let app = mail.gateway(&[]).await;
    let browser = Browser::new(&app);

    let page = browser.submit("/dashboard/sign-up", &[("email", "Ada@Example.com")]).await;
    assert_eq!((page.status, page.path.as_str()), (200, SENT));
    assert!(browser.cookie("syntopen_session").is_none(), "nobody is signed in by that");
    let message = mail.message("ada@example.com").await;
    assert_eq!(message.subject(), "Finish your Syntopen account");
    assert_eq!(message.headers["from"], "Syntopen <no-reply@gateway.test>");
    let link = message.link();

    // To look at it changes nothing, and it is not only for the browser that asked for it.
    let other = Browser::new(&app);
    for _ in 0..2 {
        assert_eq!(other.visit(&link).await.status, 200);
    }
    let page = other.submit(&link, &[("password", "short")]).await;
    assert_eq!((page.status, page.error("password").is_some()), (422, true), "{}", page.text);
    let page = other.submit(&link, &[("password", PASSWORD)]).await;
    assert_eq!((page.status, page.path.as_str()), (200, "/dashboard"), "{}", page.text);
    assert!(!page.says("not confirmed"), "the link has proven the address");

    assert_eq!(browser.visit(&link).await.status, 404, "it works once");
    let page = Browser::new(&app).sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(page.path, "/dashboard");
    assert!(!mail.has_another());
}

#[actix_rt::test]
async fn nobody_learns_who_is_known() {
    let mail = MailServer::start();
    let app = mail.gateway(&[]).await;
    let browser = Browser::new(&app);
    browser.submit("/dashboard/sign-up", &[("email", "ada@example.com")]).await;
    browser.submit(&mail.message("ada@example.com").await.link(), &[("password", PASSWORD)]).await;

    let stranger = Browser::new(&app);
    let known = stranger.submit("/dashboard/sign-up", &[("email", "ada@example.com")]).await;
    let unknown = stranger.submit("/dashboard/sign-up", &[("email", "eve@example.com")]).await;

    assert_eq!((known.status, &known.path, &known.text), (unknown.status, &unknown.path, &unknown.text));
    let message = mail.message("ada@example.com").await;
    assert_eq!(message.subject(), "You have a Syntopen account already");
    assert!(message.body.contains("http://gateway.test/dashboard/sign-in\n"), "{}", message.body);
    assert!(!message.body.contains("finish-sign-up"));
    assert_eq!(mail.message("eve@example.com").await.subject(), "Finish your Syntopen account");
}

#[actix_rt::test]
async fn a_mailbox_is_not_flooded() {
    let mail = MailServer::start();
    let app = mail.gateway(&[]).await;
    let browser = Browser::new(&app);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(browser.submit("/dashboard/sign-up", &[("email", "ada@example.com")]).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 429]);
    assert_eq!(browser.submit("/dashboard/sign-up", &[("email", "eve@example.com")]).await.status, 200);
}

#[actix_rt::test]
async fn what_is_no_address_gets_nothing() {
    let mail = MailServer::start();
    let app = mail.gateway(&[]).await;
    let browser = Browser::new(&app);
    let wrong =
        ["a@b.example\r\nBcc: eve@example.com", "a@b.example,eve@example.com", "A <a@b.example>", "\"><script>@x"];
    for email in wrong {
        let page = browser.submit("/dashboard/sign-up", &[("email", email)]).await;
        assert_eq!((page.status, page.error("email").is_some()), (422, true), "{email}: {}", page.text);
        assert!(!page.says("\"><script>@x"), "what was typed is escaped: {}", page.text);
    }
    assert!(!mail.has_another());
}

#[actix_rt::test]
async fn who_is_not_invited_gets_no_link() {
    let mail = MailServer::start();
    let app = mail.gateway(&[("SYNTOPEN_SIGN_UP", "invited")]).await;
    let browser = Browser::new(&app);
    let csrf = browser.csrf("/dashboard/sign-in").await;
    let page = browser.post("/dashboard/sign-up", &[("csrf", &csrf), ("email", "ada@example.com")]).await;
    assert_eq!(page.status, 404);
    assert!(!mail.has_another());
}

#[actix_rt::test]
async fn without_mail_pages_say_so() {
    let app = TestApp::spawn().await;
    let browser = Browser::signed_up(&app, "ada@example.com").await;
    assert!(!browser.visit("/dashboard").await.says("not confirmed"));
    let page = browser.visit("/dashboard/forgot-password").await;
    assert!(page.says("sends no mail") && page.csrf().is_none(), "{}", page.text);
    let csrf = browser.csrf("/dashboard/settings").await;
    let page = browser.post("/dashboard/forgot-password", &[("csrf", &csrf), ("email", "ada@example.com")]).await;
    assert_eq!(page.status, 404);
    assert_eq!(browser.post("/dashboard/settings/verification", &[("csrf", &csrf)]).await.status, 404);
}
