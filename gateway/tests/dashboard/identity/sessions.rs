//! Signing up, in and out, and what a session is worth.

use crate::gateway::TestApp;
use crate::helpers::{Browser, PASSWORD};

const SESSION: &str = "syntopen_session";

#[actix_rt::test]
async fn a_customer_signs_up_out_and_in_again() {
    let app = TestApp::spawn().await;
    let browser = Browser::signed_up(&app, "ada@example.com").await;
    let first = browser.cookie(SESSION).unwrap();

    let page = browser.submit_from("/dashboard", "/dashboard/sign-out", &[]).await;
    assert_eq!(page.path, "/dashboard/sign-in");
    assert_eq!(browser.cookie(SESSION), None);
    browser.set_cookie(SESSION, &first);
    assert_eq!(browser.visit("/dashboard").await.path, "/dashboard/sign-in?next=%2Fdashboard", "it has really ended");

    let page = browser.sign_in("ADA@example.com", PASSWORD).await;
    assert_eq!((page.status, page.path.as_str()), (200, "/dashboard"));
    assert_ne!(browser.cookie(SESSION).unwrap(), first);
}

#[actix_rt::test]
async fn what_is_wrong_stands_beside_its_field() {
    let app = TestApp::spawn().await;
    let browser = Browser::new(&app);
    let page = browser.sign_up("no address", PASSWORD).await;
    assert_eq!(page.status, 422);
    assert!(page.error("email").unwrap().contains("must be an address"), "{}", page.text);
    let page = browser.sign_up("<b>@example.com", "short").await;
    assert_eq!(page.status, 422);
    assert!(page.error("password").unwrap().contains("8 to 256"), "{}", page.text);
    assert!(!page.says("<b>@") && page.value("email").unwrap().contains("&#60;b&#62;@"), "typed, and escaped");
    assert!(!page.says("short"), "a password is never sent back");
    for (email, password) in [("ada@example.com", "wrong password"), ("nobody@example.com", PASSWORD)] {
        let page = browser.sign_in(email, password).await;
        assert_eq!(page.status, 422);
        assert!(page.says("That e-mail address or password is not right."), "{}", page.text);
    }
    let bad = browser.post("/dashboard/sign-in", &[("csrf", &browser.csrf("/dashboard/sign-in").await)]).await;
    assert_eq!(bad.status, 400, "no field at all");
}

#[actix_rt::test]
async fn who_is_known_is_not_told() {
    let app = TestApp::spawn().await;
    Browser::signed_up(&app, "ada@example.com").await;
    let browser = Browser::new(&app);

    let known = browser.sign_in("ada@example.com", "wrong password").await;
    let unknown = browser.sign_in("eve@example.com", "wrong password").await;

    let neutral = |text: &str| text.replace("ada@example.com", "E").replace("eve@example.com", "E");
    assert_eq!((known.status, unknown.status), (422, 422));
    assert_eq!(neutral(&known.text), neutral(&unknown.text));
}

#[actix_rt::test]
async fn a_planted_session_is_worth_nothing() {
    let app = TestApp::spawn().await;
    let (victim, attacker) = (Browser::signed_up(&app, "ada@example.com").await, Browser::new(&app));
    victim.submit_from("/dashboard", "/dashboard/sign-out", &[]).await;
    let planted = "A".repeat(43);
    for browser in [&victim, &attacker] {
        browser.set_cookie(SESSION, &planted);
    }

    victim.sign_in("ada@example.com", PASSWORD).await;

    assert_ne!(victim.cookie(SESSION).unwrap(), planted);
    assert_eq!(victim.visit("/dashboard").await.path, "/dashboard");
    assert!(attacker.visit("/dashboard").await.path.starts_with("/dashboard/sign-in"));
}

#[actix_rt::test]
async fn a_session_is_listed_and_ended_from_another_browser() {
    let app = TestApp::spawn().await;
    let here = Browser::signed_up(&app, "ada@example.com").await;
    let there = Browser::new(&app).with_header("user-agent", "<script>alert(1)</script> Firefox/140.0 Linux");
    there.sign_in("ada@example.com", PASSWORD).await;

    let page = here.visit("/dashboard/settings").await;
    assert_eq!(page.text.matches("This browser").count(), 1);
    assert!(page.says("Firefox on Linux") && page.says("127.0.0.1"));
    assert!(!page.says("<script>alert"), "{}", page.text);
    let ids: Vec<_> = page.text.split("/dashboard/settings/sessions/").skip(1).map(|rest| &rest[..36]).collect();
    let ids: Vec<_> = ids.into_iter().filter(|id| !id.contains('"')).collect();
    assert_eq!(ids.len(), 2, "the latest first");

    let stranger = Browser::signed_up(&app, "eve@example.com").await;
    let action = format!("/dashboard/settings/sessions/{}/end", ids[0]);
    let foreign = stranger.submit_from("/dashboard/settings", &action, &[]).await;
    assert_eq!(foreign.status, 404, "somebody else's session");
    assert_eq!(there.visit("/dashboard").await.path, "/dashboard");
    let odd = stranger.submit_from("/dashboard/settings", "/dashboard/settings/sessions/1/end", &[]).await;
    assert_eq!(odd.status, 404);

    let page = here.submit_from("/dashboard/settings", &action, &[]).await;
    assert!(page.says("That browser is signed out."));
    assert!(there.visit("/dashboard").await.path.starts_with("/dashboard/sign-in"));
    let own = format!("/dashboard/settings/sessions/{}/end", ids[1]);
    assert_eq!(here.submit_from("/dashboard/settings", &own, &[]).await.path, "/dashboard/sign-in");
    assert_eq!(here.cookie(SESSION), None);
}

#[actix_rt::test]
async fn signing_out_everywhere_ends_every_session() {
    let app = TestApp::spawn().await;
    let here = Browser::signed_up(&app, "ada@example.com").await;
    let there = Browser::new(&app);
    there.sign_in("ada@example.com", PASSWORD).await;

    here.submit_from("/dashboard/settings", "/dashboard/settings/sessions/end", &[]).await;

    for browser in [here, there] {
        assert!(browser.visit("/dashboard").await.path.starts_with("/dashboard/sign-in"));
    }
}

#[actix_rt::test]
async fn another_password_ends_the_other_sessions() {
    const OTHER: &str = "staple battery horse";
    let app = TestApp::spawn().await;
    let here = Browser::signed_up(&app, "ada@example.com").await;
    let there = Browser::new(&app);
    there.sign_in("ada@example.com", PASSWORD).await;
    let change = async |current: &str, new: &str, repeated: &str| {
        let fields = [("current", current), ("new", new), ("repeated", repeated)];
        here.submit_from("/dashboard/settings", "/dashboard/settings/password", &fields).await
    };

    let page = change("wrong password", OTHER, OTHER).await;
    assert_eq!((page.status, page.error("current").is_some()), (422, true));
    let page = change(PASSWORD, "short", "short").await;
    assert_eq!((page.status, page.error("new").is_some()), (422, true));
    let page = change(PASSWORD, OTHER, "other").await;
    assert_eq!((page.status, page.error("repeated").is_some()), (422, true));
    assert_eq!(there.visit("/dashboard").await.path, "/dashboard", "nothing was changed");

    let page = change(PASSWORD, OTHER, OTHER).await;
    assert!(page.says("Your password is changed"), "{}", page.text);
    assert_eq!(here.visit("/dashboard").await.path, "/dashboard");
    assert!(there.visit("/dashboard").await.path.starts_with("/dashboard/sign-in"));
    assert_eq!(there.sign_in("ada@example.com", PASSWORD).await.status, 422);
    assert_eq!(there.sign_in("ada@example.com", OTHER).await.path, "/dashboard");
}
