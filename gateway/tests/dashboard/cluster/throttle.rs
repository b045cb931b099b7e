//! Attempts are counted over all gateways.

use super::Cluster;
use crate::gateway::TestApp;
use crate::helpers::{Browser, PASSWORD, Page};

const EMAIL: &str = "ada@example.com";
const CODE: &str = "/dashboard/sign-in/code";
const PROXIED: [(&str, &str); 1] = [("SYNTOPEN_TRUSTED_PROXIES", "127.0.0.1")];

fn from(app: &TestApp, address: &str) -> Browser {
    Browser::new(app).with_header("x-forwarded-for", address)
}

/// Tries at both gateways in turn, from whichever address `of` tells; the statuses.
async fn try_in_turn(cluster: &Cluster, tries: usize, of: impl Fn(usize) -> (String, String)) -> Vec<u16> {
    let mut statuses = Vec::new();
    for attempt in 0..tries {
        let (address, email) = of(attempt);
        let page = from(&cluster.gateways[attempt % 2], &address).sign_in(&email, "wrong password").await;
        statuses.push(page.status);
    }
    statuses
}

#[actix_rt::test]
async fn tries_of_a_user_and_of_a_network_are_counted_together() {
    let cluster = Cluster::start(&PROXIED).await;
    Browser::signed_up(&cluster.gateways[0], EMAIL).await;

    let of_user = try_in_turn(&cluster, 12, |attempt| (format!("10.0.0.{attempt}"), EMAIL.to_owned())).await;
    assert_eq!(of_user, [[422; 10].as_slice(), &[429; 2]].concat());

    let hosts = |attempt: usize| (format!("2001:db8::{attempt}"), format!("{attempt}@example.com"));
    let of_network = try_in_turn(&cluster, 32, hosts).await;
    assert_eq!(of_network, [[422; 30].as_slice(), &[429; 2]].concat(), "one network of many addresses");
    let elsewhere = from(&cluster.gateways[1], "2001:db8:0:1::1").sign_in("eve@example.com", PASSWORD).await;
    assert_eq!(elsewhere.status, 422, "the next network goes on");
}

#[actix_rt::test]
async fn a_session_and_its_forms_are_of_all_gateways() {
    let cluster = Cluster::start(&[]).await;
    let [one, two] = &cluster.gateways;
    let (here, there) = (Browser::signed_up(one, EMAIL).await, Browser::new(two));
    there.set_cookie("syntopen_session", &here.cookie("syntopen_session").unwrap());
    assert_eq!(there.get("/dashboard").await.status, 200);
    let csrf = here.csrf("/dashboard/settings").await;
    assert_eq!(there.post("/dashboard/sign-out", &[("csrf", &csrf)]).await.status, 303);
    assert_eq!(here.get("/dashboard").await.status, 303, "signed out there is signed out here");
}

#[actix_rt::test]
async fn codes_are_guessed_and_used_over_all_gateways() {
    let cluster = Cluster::start(&[]).await;
    let [one, two] = &cluster.gateways;
    let authenticator = Browser::signed_up(one, EMAIL).await.enrol().await;
    let half_way = async |app: &TestApp| {
        let browser = Browser::new(app);
        assert!(browser.sign_in(EMAIL, PASSWORD).await.path.starts_with(CODE));
        browser
    };
    let (here, there) = (half_way(one).await, half_way(two).await);

    let code = authenticator.next_code();
    let fields = [("code", code.as_str())];
    let both = futures_util::future::join(here.submit(CODE, &fields), there.submit(CODE, &fields)).await;
    let is_in = |page: &Page| page.path == "/dashboard";
    assert!(is_in(&both.0) != is_in(&both.1), "one code, one browser: {} {}", both.0.path, both.1.path);

    let (here, there) = (half_way(one).await, half_way(two).await);
    for browser in [&here, &there, &here, &there, &here] {
        assert_eq!(browser.submit(CODE, &[("code", "000000")]).await.status, 422);
    }
    for browser in [&here, &there] {
        let page = browser.submit(CODE, &[("code", "000000")]).await;
        assert!(page.error("code").unwrap().starts_with("Too many codes were wrong."), "{}", page.text);
    }
    let recovery = [("code", authenticator.recovery_codes[0].as_str())];
    let both = futures_util::future::join(here.submit(CODE, &recovery), there.submit(CODE, &recovery)).await;
    assert!(is_in(&both.0) != is_in(&both.1), "a recovery code, too");
}
