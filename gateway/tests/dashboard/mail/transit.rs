//! What goes to the mail server: nothing but through TLS that its certificate vouches for, nor what names slip in.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::server::{BASE, MailServer};
use crate::gateway::{TestApp, eventually};
use crate::helpers::Browser;

const REFUSED: &str = "gateway_mails_total{kind=\"sign_up\",result=\"refused\"}";
const CREDENTIALS: [&str; 2] = ["postman", "hush-hush"];

/// A certificate of its own authority with its key, for this name, in one file.
fn certificate(dir: &Path, name: &str) -> PathBuf {
    let file = dir.join(format!("{}.pem", name.replace(':', "-")));
    let key = dir.join("key.pem");
    let subject = ["-subj", "/CN=mail", "-addext", &format!("subjectAltName={name}")].map(str::to_owned);
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(subject)
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&file)
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    let both = [std::fs::read(&key).unwrap(), std::fs::read(&file).unwrap()].concat();
    std::fs::write(&file, both).unwrap();
    file
}

/// A gateway that sends through this server by TLS, and believes this authority.
async fn gateway(mail: &MailServer, (scheme, query): (&str, &str), authority: Option<&Path>) -> TestApp {
    let [user, password] = CREDENTIALS;
    let url = format!("{scheme}://{user}:{password}@127.0.0.1:{}{query}", mail.port);
    let mut settings = vec![
        ("SYNTOPEN_SMTP_URL", url.as_str()),
        ("SYNTOPEN_SMTP_FROM", "Syntopen <no-reply@gateway.test>"),
        ("SYNTOPEN_PUBLIC_URL", BASE),
    ];
    settings.extend(authority.map(|path| ("SYNTOPEN_SMTP_CA", path.to_str().unwrap())));
    TestApp::spawn_with(&settings).await
}

async fn ask(app: &TestApp) {
    let page = Browser::new(app).submit("/dashboard/sign-up", &[("email", "ada@example.com")]).await;
    assert_eq!(page.path, "/dashboard/done/sent", "who asked is not told");
}

#[actix_rt::test]
async fn messages_go_through_tls_that_is_vouched_for() {
    let dir = TempDir::new().unwrap();
    let ours = certificate(dir.path(), "IP:127.0.0.1");
    for (kind, to) in [("starttls", ("smtp", "?tls=required")), ("tls", ("smtps", ""))] {
        let mail = MailServer::start_as(&[kind, ours.to_str().unwrap()]);
        let app = gateway(&mail, to, Some(&ours)).await;
        ask(&app).await;
        assert_eq!(mail.message("ada@example.com").await.subject(), "Finish your Syntopen account", "{kind}");
        assert_eq!(mail.credentials(), [CREDENTIALS.map(str::to_owned)], "{kind}");
    }
}

#[actix_rt::test]
async fn nobody_else_is_shown_credentials() {
    let dir = TempDir::new().unwrap();
    let (ours, other) = (certificate(dir.path(), "IP:127.0.0.1"), certificate(dir.path(), "DNS:mail.example.com"));
    let (start, implicit) = (("smtp", "?tls=required"), ("smtps", ""));
    for (what, kind, shown, (to, authority)) in [
        ("an unknown authority", "starttls", &ours, (start, None)),
        ("an unknown authority", "tls", &ours, (implicit, None)),
        ("another name", "starttls", &other, (start, Some(&other))),
        ("another name", "tls", &other, (implicit, Some(&other))),
        ("another key", "starttls", &other, (start, Some(&ours))),
        ("no STARTTLS", "stripped", &ours, (start, Some(&ours))),
        ("no TLS", "stripped", &ours, (implicit, Some(&ours))),
    ] {
        let mail = MailServer::start_as(&[kind, shown.to_str().unwrap()]);
        let app = gateway(&mail, to, authority.map(PathBuf::as_path)).await;
        ask(&app).await;
        // It comes again when the first try has ended, unless that told it that there is no way.
        let is_refused = async || app.metric(REFUSED).await.as_deref() == Some("1");
        eventually(what, || async { (1 < mail.connections() || is_refused().await).then_some(()) }).await;
        assert_eq!(mail.credentials(), [[""; 2]; 0], "{what}, {kind}");
        assert!(!mail.has_another(), "{what}, {kind}");
    }
}

#[actix_rt::test]
async fn an_authority_is_a_file_of_certificates() {
    let dir = TempDir::new().unwrap();
    let empty = dir.path().join("empty.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    for path in [empty, dir.path().join("nothing")] {
        let settings = [("SYNTOPEN_SMTP_CA", path.to_str().unwrap())];
        let read = syntopen_gateway::config::Config::read(settings.into());
        assert!(read.unwrap_err().to_string().contains("SYNTOPEN_SMTP_CA: must be a file of certificates in PEM"));
    }
}

#[actix_rt::test]
async fn an_address_brings_neither_headers_nor_recipients() {
    let mail = MailServer::start();
    let app = mail.gateway(&[]).await;
    for email in [
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com\nSubject: hello",
        "ada@example.com, eve@example.com",
        "\"a\r\nBcc: eve@example.com\"@example.com",
        "<ada@example.com>",
        "ada@example.com\0",
    ] {
        let page = Browser::new(&app).submit("/dashboard/forgot-password", &[("email", email)]).await;
        assert_eq!((page.status, page.error("email").is_some()), (422, true), "{email:?}");
    }
    assert!(!mail.has_another());
}

#[actix_rt::test]
async fn links_lead_to_the_set_address_whatever_host_was_asked() {
    let mail = MailServer::start();
    let app = mail.gateway(&[("SYNTOPEN_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let browser =
        Browser::new(&app).with_header("host", "evil.example").with_header("x-forwarded-host", "evil.example");
    browser.submit("/dashboard/sign-up", &[("email", "ada@example.com")]).await;
    let message = mail.message("ada@example.com").await;
    assert!(!message.body.contains("evil") && message.link().starts_with("/dashboard/finish-sign-up/"));
}
