//! Forms that come slowly, and what has become of their sender meanwhile.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::gateway::{PATIENCE, TestApp};
use crate::helpers::{Browser, PASSWORD};

const MEMBERS: &str = "/dashboard/settings/members";
const KEYS: &str = "/dashboard/keys/new";

/// A form that is under way.
struct Slow {
    stream: TcpStream,
    rest: String,
}

impl Slow {
    /// Sends all but its end.
    fn begin(app: &TestApp, browser: &Browser, (path, body): (&str, &str)) -> Self {
        let (first, rest) = body.split_at(body.len() - 1);
        let mut stream = TcpStream::connect(app.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (cookies, length) = (browser.cookie_header().unwrap(), body.len());
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\nContent-Length: {length}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{first}"
        );
        stream.write_all(head.as_bytes()).unwrap();
        Self { stream, rest: rest.to_owned() }
    }

    /// Sends its end; the answer's status.
    fn end(mut self) -> u16 {
        self.stream.write_all(self.rest.as_bytes()).unwrap();
        self.status()
    }

    fn status(&mut self) -> u16 {
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).unwrap();
        answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
    }
}

#[actix_rt::test]
async fn a_member_who_is_removed_meanwhile_makes_no_key() {
    let app = TestApp::spawn().await;
    let ada = Browser::signed_up(&app, "ada@example.com").await;
    let page = ada.submit(MEMBERS, &[("email", "bob@example.com"), ("role", "member")]).await;
    let (_, link) = page.text.split_once("/dashboard/invitation/").unwrap();
    let link = format!("/dashboard/invitation/{}", link.split('<').next().unwrap());
    let bob = Browser::new(&app);
    assert_eq!(bob.submit(&link, &[("password", PASSWORD)]).await.path, "/dashboard");
    let page = ada.visit(MEMBERS).await;
    let (before, _) = page.text.split_once("<span class=\"hide\"> bob@example.com</span>").unwrap();
    let id = before.rsplit_once(&format!("{MEMBERS}/")).unwrap().1.split('/').next().unwrap();
    let page = bob.get(KEYS).await;
    let fields = [
        ("csrf", page.csrf().unwrap()),
        ("form", page.value("form").unwrap()),
        ("expiry", "never".to_owned()),
        ("models", "all".to_owned()),
        ("rpm", "60".to_owned()),
        ("name", "mine for ever".to_owned()),
    ];
    let body = serde_html_form::to_string(fields).unwrap();
    let slow = Slow::begin(&app, &bob, (KEYS, &body));
    // Whoever came later is answered: the slow one was looked up by now, or is nobody any more when he is.
    assert_eq!(bob.get("/dashboard").await.status, 200);
    ada.submit_from(MEMBERS, &format!("{MEMBERS}/{id}/remove"), &[]).await;

    let status = actix_rt::task::spawn_blocking(|| slow.end()).await.unwrap();

    assert!(status == 404 || status == 303, "{status}");
    assert!(!ada.visit("/dashboard/keys").await.says("mine for ever"));
}

#[actix_rt::test]
async fn a_form_arrives_in_time_or_not_at_all() {
    let app = TestApp::spawn_with(&[("SYNTOPEN_BODY_TIMEOUT_SECONDS", "1")]).await;
    let browser = Browser::new(&app);
    let body = format!("csrf={}&email=a&password=b", browser.csrf("/dashboard/sign-in").await);
    let mut slow = Slow::begin(&app, &browser, ("/dashboard/sign-in", &body));
    let status = actix_rt::task::spawn_blocking(move || slow.status()).await.unwrap();
    assert_eq!(status, 400);
}
