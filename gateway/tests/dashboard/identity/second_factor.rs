//! The second factor.

use syntopen_shared::wire::admin::CreateAccount;

use crate::gateway::TestApp;
use crate::helpers::{Browser, PASSWORD};

const PATH: &str = "/dashboard/settings/second-factor";
const CODE: &str = "/dashboard/sign-in/code";

#[actix_rt::test]
async fn signing_in_takes_a_code_once() {
    let app = TestApp::spawn().await;
    let browser = Browser::signed_up(&app, "ada@example.com").await;
    let authenticator = browser.enrol().await;
    assert_eq!(authenticator.recovery_codes.len(), 10);
    assert!(browser.visit(PATH).await.says("10 recovery codes left"));
    assert!(!browser.visit(PATH).await.says(&authenticator.secret), "it is shown no more");

    let other = Browser::new(&app);
    let page = other.submit("/dashboard/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    assert!(page.path.starts_with(CODE), "{}", page.path);
    assert!(other.visit("/dashboard").await.path.starts_with("/dashboard/sign-in"), "not signed in yet");
    let challenge = other.cookie("syntopen_challenge").unwrap();
    other.set_cookie("syntopen_session", &challenge);
    assert!(other.visit("/dashboard").await.path.starts_with("/dashboard/sign-in"), "nor by the half of it");
    let page = other.submit(CODE, &[("code", "000000")]).await;
    assert_eq!((page.status, page.error("code").is_some()), (422, true), "{}", page.text);
    let page = other.submit(CODE, &[("code", &authenticator.code())]).await;
    assert_eq!(page.status, 422, "it was used for the enrolment");
    let code = authenticator.next_code();
    let page = other.submit(CODE, &[("code", &code), ("next", "/dashboard/settings")]).await;
    assert_eq!((page.status, page.path.as_str()), (200, "/dashboard/settings"));
    assert_eq!(other.cookie("syntopen_challenge"), None);

    let thief = Browser::new(&app);
    thief.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(thief.submit(CODE, &[("code", &code)]).await.status, 422, "it was used");
    thief.set_cookie("syntopen_challenge", &challenge);
    let fields = [("code", authenticator.recovery_codes[0].as_str())];
    assert_eq!(thief.submit(CODE, &fields).await.path, "/dashboard/sign-in?late=code", "it was used, too");
}

#[actix_rt::test]
async fn recovery_codes_are_good_once_each() {
    let app = TestApp::spawn().await;
    let browser = Browser::signed_up(&app, "ada@example.com").await;
    let authenticator = browser.enrol().await;
    let typed = authenticator.recovery_codes[3].to_uppercase().replace('-', " ");

    let other = Browser::new(&app);
    other.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(other.submit(CODE, &[("code", &typed)]).await.path, "/dashboard");
    assert!(other.visit(PATH).await.says("9 recovery codes left"));
    let third = Browser::new(&app);
    third.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(third.submit(CODE, &[("code", &typed)]).await.status, 422);

    let fields = [("code", authenticator.recovery_codes[4].as_str())];
    let page = other.submit_from(PATH, &format!("{PATH}/renew"), &fields).await;
    assert!(!page.says(&authenticator.recovery_codes[5]), "they are others");
    let renewed = page.code_block().unwrap().lines().next().unwrap().to_owned();
    assert_eq!(third.submit(CODE, &[("code", &authenticator.recovery_codes[5])]).await.status, 422);
    assert_eq!(third.submit(CODE, &[("code", &renewed)]).await.path, "/dashboard");
}

#[actix_rt::test]
async fn turning_it_off_takes_password_and_code() {
    let app = TestApp::spawn().await;
    let browser = Browser::signed_up(&app, "ada@example.com").await;
    let authenticator = browser.enrol().await;
    let end = format!("{PATH}/end");
    let code = authenticator.next_code();

    let page = browser.submit_from(PATH, &end, &[("password", "wrong password"), ("code", &code)]).await;
    assert_eq!((page.status, page.error("password").is_some()), (422, true), "{}", page.text);
    let page = browser.submit_from(PATH, &end, &[("password", PASSWORD), ("code", "000000")]).await;
    assert_eq!((page.status, page.error("end-code").is_some()), (422, true), "{}", page.text);
    let page = browser.submit_from(PATH, &format!("{PATH}/begin"), &[]).await;
    assert_eq!(page.status, 422, "a secret is not replaced while it is in use");

    let page = browser.submit_from(PATH, &end, &[("password", PASSWORD), ("code", &code)]).await;
    assert!(page.says("The second factor is off"), "{}", page.text);
    assert_eq!(Browser::new(&app).sign_in("ada@example.com", PASSWORD).await.path, "/dashboard");
    browser.submit_from(PATH, &format!("{PATH}/begin"), &[]).await;
    let page = browser.submit_from(PATH, &format!("{PATH}/confirm"), &[("code", &code)]).await;
    assert_eq!(page.status, 422, "a code of the secret before");
}

#[actix_rt::test]
async fn wrong_codes_make_who_guesses_wait() {
    let app = TestApp::spawn().await;
    let browser = Browser::signed_up(&app, "ada@example.com").await;
    let authenticator = browser.enrol().await;
    let other = Browser::new(&app);
    other.sign_in("ada@example.com", PASSWORD).await;
    for _ in 0..5 {
        assert_eq!(other.submit(CODE, &[("code", "000000")]).await.status, 422);
    }
    let page = other.submit(CODE, &[("code", &authenticator.next_code())]).await;
    assert!(page.error("code").unwrap().starts_with("Too many codes were wrong."), "{}", page.text);
    let fields = [("code", authenticator.recovery_codes[0].as_str())];
    assert_eq!(other.submit(CODE, &fields).await.path, "/dashboard", "its owner is not locked out");
}

#[actix_rt::test]
async fn a_code_is_asked_of_nobody_without_the_password() {
    let app = TestApp::spawn().await;
    let browser = Browser::new(&app);
    assert_eq!(browser.visit(CODE).await.path, "/dashboard/sign-in");
    browser.set_cookie("syntopen_challenge", &"A".repeat(43));
    assert_eq!(browser.submit(CODE, &[("code", "000000")]).await.path, "/dashboard/sign-in?late=code");
    let customer = Browser::signed_up(&app, "ada@example.com").await;
    customer.enrol().await;
    let stranger = Browser::signed_up(&app, "eve@example.com").await;
    assert!(stranger.visit(PATH).await.says("Not set up"));
}

#[actix_rt::test]
async fn an_enrolment_shows_its_secret_as_a_picture_too() {
    let app = TestApp::spawn().await;
    let browser = Browser::signed_up(&app, "ada@example.com").await;
    let page = browser.submit_from(PATH, &format!("{PATH}/begin"), &[]).await;
    let secret = page.code_block().unwrap().to_owned();
    assert!(page.says("src=\"data:image/svg+xml;base64,"), "{}", page.text);
    assert!(browser.visit(PATH).await.says(&secret), "the page can be loaded again");
    let page = browser.submit_from(PATH, &format!("{PATH}/begin"), &[]).await;
    assert!(!page.says(&secret), "another secret");
    let page = browser.submit_from(PATH, &format!("{PATH}/confirm"), &[("code", "<b>")]).await;
    assert_eq!((page.status, page.error("code").is_some()), (422, true));
    assert_eq!(Browser::new(&app).sign_in("ada@example.com", PASSWORD).await.path, "/dashboard", "not in use yet");
}

#[actix_rt::test]
async fn operators_see_nothing_without_one() {
    let app = TestApp::spawn().await;
    let (email, password) = ("root@example.com".to_owned(), Some(PASSWORD.to_owned()));
    app.ledger.create_account(CreateAccount { email, password, operator: true }).await.unwrap();
    let browser = Browser::new(&app);
    browser.sign_in("root@example.com", PASSWORD).await;
    assert!(browser.visit(&format!("{PATH}?needed=operator")).await.says("Operators need a second factor"));
    browser.enrol().await;
    assert!(browser.visit(PATH).await.says("Second factor is on"));
}
