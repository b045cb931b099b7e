//! Choosing another password by a link.

use syntopen_shared::wire::admin::CreateAccount;

use super::server::MailServer;
use crate::gateway::TestApp;
use crate::helpers::{Browser, PASSWORD};

const NEW: &str = "another good password";
const FORGOT: &str = "/dashboard/forgot-password";

async fn user(app: &TestApp, email: &str) {
    let account = CreateAccount { email: email.to_owned(), password: Some(PASSWORD.to_owned()), operator: false };
    app.ledger.create_account(account).await.unwrap();
}

#[actix_rt::test]
async fn a_password_is_reset_and_every_session_ends() {
    let mail = MailServer::start();
    let app = mail.gateway(&[]).await;
    user(&app, "ada@example.com").await;
    let signed_in = Browser::new(&app);
    assert_eq!(signed_in.sign_in("ada@example.com", PASSWORD).await.path, "/dashboard");

    let browser = Browser::new(&app);
    assert!(browser.visit("/dashboard/sign-in").await.says(FORGOT));
    for email in ["ada@example.com", "ada@example.com"] {
        assert_eq!(browser.submit(FORGOT, &[("email", email)]).await.path, "/dashboard/done/sent");
    }
    let links = [mail.message("ada@example.com").await.link(), mail.message("ada@example.com").await.link()];
    assert_eq!(browser.visit(&links[0]).await.status, 200);
    assert_eq!(signed_in.visit("/dashboard").await.path, "/dashboard", "to look at a link changes nothing");
    let page = browser.submit(&links[0], &[("password", "short")]).await;
    assert_eq!((page.status, page.error("password").is_some()), (422, true));

    let page = browser.submit(&links[0], &[("password", NEW)]).await;

    assert_eq!(page.path, "/dashboard/done/password");
    assert!(signed_in.visit("/dashboard").await.path.starts_with("/dashboard/sign-in"), "its session has ended");
    assert!(browser.visit("/dashboard").await.path.starts_with("/dashboard/sign-in"), "nobody was signed in by it");
    for link in &links {
        assert_eq!(browser.visit(link).await.status, 404, "neither works any more");
    }
    assert_eq!(Browser::new(&app).sign_in("ada@example.com", PASSWORD).await.status, 422);
    assert_eq!(Browser::new(&app).sign_in("ada@example.com", NEW).await.path, "/dashboard");
}

#[actix_rt::test]
async fn the_answer_does_not_tell_who_is_known() {
    let mail = MailServer::start();
    let app = mail.gateway(&[]).await;
    user(&app, "ada@example.com").await;
    let browser = Browser::new(&app);
    let unknown = browser.submit(FORGOT, &[("email", "eve@example.com")]).await;
    let known = browser.submit(FORGOT, &[("email", "ada@example.com")]).await;
    assert_eq!((known.status, &known.path, &known.text), (unknown.status, &unknown.path, &unknown.text));
    mail.message("ada@example.com").await;
    assert!(!mail.has_another(), "who is unknown gets nothing");
}

#[actix_rt::test]
async fn a_link_is_of_one_purpose() {
    let mail = MailServer::start();
    let app = mail.gateway(&[]).await;
    user(&app, "ada@example.com").await;
    let browser = Browser::new(&app);
    browser.submit(FORGOT, &[("email", "ada@example.com")]).await;
    let link = mail.message("ada@example.com").await.link();
    let (_, token) = link.rsplit_once('/').unwrap();
    for other in ["finish-sign-up", "verify-address", "invitation"] {
        let path = format!("/dashboard/{other}/{token}");
        assert_eq!(browser.visit(&path).await.status, 404, "{path}");
        let csrf = browser.csrf(FORGOT).await;
        assert_eq!(browser.post(&path, &[("csrf", &csrf), ("password", NEW)]).await.status, 404, "{path}");
    }
    for wrong in ["x", "../../settings", "%0d%0a"] {
        assert_eq!(browser.get(&format!("/dashboard/reset-password/{wrong}")).await.status, 404, "{wrong}");
    }
    let page = browser.post(&link, &[("csrf", "forged"), ("password", NEW)]).await;
    assert_eq!(page.status, 403);
    assert_eq!(browser.visit(&link).await.status, 200, "it works still");
}

#[actix_rt::test]
async fn a_second_factor_stays() {
    let mail = MailServer::start();
    let app = mail.gateway(&[]).await;
    user(&app, "ada@example.com").await;
    let ada = Browser::new(&app);
    ada.sign_in("ada@example.com", PASSWORD).await;
    let authenticator = ada.enrol().await;
    let thief = Browser::new(&app);
    assert!(thief.sign_in("ada@example.com", PASSWORD).await.path.starts_with("/dashboard/sign-in/code"));

    ada.submit(FORGOT, &[("email", "ada@example.com")]).await;
    ada.submit(&mail.message("ada@example.com").await.link(), &[("password", NEW)]).await;

    let late = thief.submit("/dashboard/sign-in/code", &[("code", &authenticator.next_code())]).await;
    assert_eq!(late.path, "/dashboard/sign-in?late=code", "who knew the old password has gained nothing");
    let page = ada.sign_in("ada@example.com", NEW).await;
    assert!(page.path.starts_with("/dashboard/sign-in/code"), "{}", page.path);
    assert_eq!(ada.submit("/dashboard/sign-in/code", &[("code", &authenticator.next_code())]).await.path, "/dashboard");
}
