//! Signing in by an identity provider: a certified one, which `npm` installs and `node` runs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use sha2::Digest as _;
use syntopen_shared::testing::{Process, free_port};
use syntopen_shared::wire::admin::CreateAccount;
use tempfile::TempDir;

use crate::gateway::{TestApp, eventually};
use crate::helpers::{Browser, PASSWORD, Page};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oidc");
const CLIENT_SECRET: &str = "the secret of the client, for tests";
const CALLBACK: &str = "/dashboard/sign-in/provider/callback";
const BEGIN: &str = "/dashboard/sign-in/provider?next=%2Fdashboard%2Fsettings";

/// A gateway and its identity provider.
struct Stage {
    app: TestApp,
    issuer: String,
    _provider: Process,
    _dir: TempDir,
}

impl Stage {
    async fn set(more: &[(&str, &str)]) -> Self {
        let (port, listen) = (free_port(), format!("127.0.0.1:{}", free_port()));
        let (issuer, public_url) = (format!("http://127.0.0.1:{port}"), format!("http://{listen}"));
        let libraries = actix_rt::task::spawn_blocking(libraries).await.unwrap();
        let dir = TempDir::new().unwrap();
        std::fs::copy(Path::new(SOURCES).join("provider.mjs"), dir.path().join("provider.mjs")).unwrap();
        std::os::unix::fs::symlink(libraries.join("node_modules"), dir.path().join("node_modules")).unwrap();
        let arguments = [port.to_string(), CLIENT_SECRET.to_owned(), format!("{public_url}{CALLBACK}")];
        let mut node = Command::new("node");
        node.arg("provider.mjs").args(arguments).current_dir(dir.path());
        let provider = Process::start(node.stdout(Stdio::null()).stderr(Stdio::null()));
        eventually("the identity provider", || async { std::net::TcpStream::connect(("127.0.0.1", port)).ok() }).await;
        let settings = [
            ("SYNTOPEN_LISTEN", listen.as_str()),
            ("SYNTOPEN_PUBLIC_URL", &public_url),
            ("SYNTOPEN_OIDC_ISSUER", &issuer),
            ("SYNTOPEN_OIDC_CLIENT_ID", "syntopen"),
            ("SYNTOPEN_OIDC_CLIENT_SECRET", CLIENT_SECRET),
            ("SYNTOPEN_OIDC_NAME", "Example <ID>"),
        ];
        let settings: Vec<_> = settings.iter().chain(more).copied().collect();
        let app = TestApp::spawn_with(&settings).await;
        Self { app, issuer, _provider: provider, _dir: dir }
    }

    /// Goes to the provider, signs in there, and returns the way back.
    async fn way_back(&self, browser: &Browser, login: &str) -> String {
        let mut page = browser.get(BEGIN).await;
        for fields in [&[("prompt", "login"), ("login", login), ("password", "any")][..], &[("prompt", "consent")]] {
            page = self.at_provider(browser, page).await;
            assert_eq!(page.status, 200, "{}", page.text);
            page = browser.post(&page.path.clone(), fields).await;
        }
        self.at_provider(browser, page).await.location().unwrap()
    }

    /// Follows redirects as long as they stay at the provider.
    async fn at_provider(&self, browser: &Browser, mut page: Page) -> Page {
        while let Some(location) = page.location() {
            let absolute = if location.starts_with('/') { format!("{}{location}", self.issuer) } else { location };
            if !absolute.starts_with(&self.issuer) {
                break;
            }
            page = browser.get(&absolute).await;
        }
        page
    }

    async fn sign_in(&self, browser: &Browser, login: &str) -> Page {
        let back = self.way_back(browser, login).await;
        let page = browser.get(&back).await;
        browser.follow(page).await
    }
}

/// Installs the provider, once for all runs with the same list of packages.
fn libraries() -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let lock = std::fs::read(Path::new(SOURCES).join("package-lock.json")).unwrap();
    let version = uuid::Uuid::from_slice(&sha2::Sha256::digest(lock)[..16]).unwrap();
    let home = || PathBuf::from(std::env::var("HOME").unwrap()).join(".cache/syntopen");
    let cache = std::env::var("SYNTOPEN_TEST_CACHE").map_or_else(|_| home(), PathBuf::from);
    let ready = cache.join(format!("oidc-{version}"));
    if !ready.is_dir() {
        std::fs::create_dir_all(&cache).unwrap();
        let dir = TempDir::new_in(&cache).unwrap();
        for name in ["package.json", "package-lock.json"] {
            std::fs::copy(Path::new(SOURCES).join(name), dir.path().join(name)).unwrap();
        }
        let flags = ["ci", "--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts", "--loglevel=error"];
        let done = Command::new("npm").args(flags).current_dir(dir.path()).stdout(Stdio::null()).status();
        assert!(done.unwrap().success(), "npm ci failed");
        // Another process may have been faster.
        let _kept = std::fs::rename(dir.path(), &ready);
    }
    ready
}

#[actix_rt::test]
async fn a_newcomer_gets_an_account_and_finds_it_again() {
    let stage = Stage::set(&[]).await;
    let browser = Browser::new(&stage.app);
    let page = browser.visit("/dashboard/sign-in").await;
    assert!(page.says("Sign in with Example &#60;ID&#62;"), "{}", page.text);
    let page = browser.visit("/dashboard/sign-up").await;
    assert!(page.says("Sign up with Example &#60;ID&#62;"), "{}", page.text);

    let page = stage.sign_in(&browser, "ada@example.com").await;
    assert_eq!((page.status, page.path.as_str()), (200, "/dashboard/settings"), "{}", page.text);
    assert!(page.says("ada@example.com") && page.says("You have no password here"), "{}", page.text);
    assert_eq!(browser.cookie("syntopen_journey"), None);

    let again = Browser::new(&stage.app);
    let page = stage.sign_in(&again, "ada@example.com").await;
    assert_eq!(page.text.matches("/end\"").count(), 3, "two sessions of one person, and all of them");
}

#[actix_rt::test]
async fn what_comes_back_belongs_to_the_browser_that_left() {
    let stage = Stage::set(&[]).await;
    let (ada, eve) = (Browser::new(&stage.app), Browser::new(&stage.app));
    let back = stage.way_back(&ada, "ada@example.com").await;

    let page = eve.visit(&back).await;
    assert_eq!(page.path, "/dashboard/sign-in?late=provider", "a browser that did not leave");
    eve.get(BEGIN).await;
    assert_eq!(eve.visit(&back).await.status, 403, "another journey");
    let forged = back.replace("state=", "state=x");
    assert_eq!(ada.visit(&forged).await.status, 403);
    let page = ada.visit(&back).await;
    assert_eq!(page.path, "/dashboard/settings");
    let page = ada.visit(&back).await;
    assert_eq!(page.path, "/dashboard/sign-in?late=provider", "it is over");

    let bob = Browser::new(&stage.app);
    let back = stage.way_back(&bob, "bob@example.com").await;
    let journey = bob.cookie("syntopen_journey").unwrap();
    assert_eq!(bob.visit(&back).await.path, "/dashboard/settings");
    let thief = Browser::new(&stage.app);
    thief.set_cookie("syntopen_journey", &journey);
    assert_eq!(thief.visit(&back).await.path, "/dashboard/sign-in?failed=provider", "a code is good once");
    let state = back.split("state=").nth(1).unwrap().split('&').next().unwrap();
    thief.set_cookie("syntopen_journey", &journey);
    let page = thief.visit(&format!("{CALLBACK}?error=access_denied&state={state}")).await;
    assert_eq!(page.path, "/dashboard/sign-in?failed=provider");
}

#[actix_rt::test]
async fn an_account_is_linked_only_where_both_are_sure() {
    let stage = Stage::set(&[]).await;
    Browser::signed_up(&stage.app, "ada@example.com").await;
    let create = |email: &str| CreateAccount { email: email.to_owned(), password: None, operator: false };
    stage.app.ledger.create_account(create("bob@example.com")).await.unwrap();

    let page = stage.sign_in(&Browser::new(&stage.app), "ada@example.com").await;
    assert_eq!(page.status, 422, "who signed up with it may be anybody");
    assert!(page.says("There is an account with your e-mail address already."), "{}", page.text);
    let page = stage.sign_in(&Browser::new(&stage.app), "unsure-bob@example.com").await;
    assert_eq!(page.status, 422, "whom the provider means may be anybody");
    let page = stage.sign_in(&Browser::new(&stage.app), "nameless").await;
    assert!(page.says("tells no e-mail address"), "{}", page.text);

    let bob = Browser::new(&stage.app);
    assert_eq!(stage.sign_in(&bob, "bob@example.com").await.path, "/dashboard/settings");
    bob.enrol().await;
    let page = stage.sign_in(&Browser::new(&stage.app), "bob@example.com").await;
    assert!(page.path.starts_with("/dashboard/sign-in/code?"), "the second factor is asked for: {}", page.path);
}

#[actix_rt::test]
async fn newcomers_are_refused_where_signing_up_is_closed() {
    let stage = Stage::set(&[("SYNTOPEN_SIGN_UP", "invited")]).await;
    assert!(!Browser::new(&stage.app).visit("/dashboard/sign-up").await.says("Sign up with"));
    let page = stage.sign_in(&Browser::new(&stage.app), "ada@example.com").await;
    assert_eq!(page.status, 422);
    assert!(page.says("new accounts are made by invitation"), "{}", page.text);
}

#[actix_rt::test]
async fn a_provider_that_does_not_vouch_signs_nobody_in() {
    let stage = Stage::set(&[("SYNTOPEN_OIDC_CLIENT_SECRET", "another secret")]).await;
    let browser = Browser::new(&stage.app);
    let page = stage.sign_in(&browser, "ada@example.com").await;
    assert_eq!(page.path, "/dashboard/sign-in?failed=provider");
    assert!(page.says("The identity provider has not signed you in."), "{}", page.text);

    let gone = format!("http://127.0.0.1:{}", free_port());
    let settings = [
        ("SYNTOPEN_PUBLIC_URL", gone.as_str()),
        ("SYNTOPEN_OIDC_ISSUER", &gone),
        ("SYNTOPEN_OIDC_CLIENT_ID", "syntopen"),
        ("SYNTOPEN_OIDC_CLIENT_SECRET", CLIENT_SECRET),
    ];
    let app = TestApp::spawn_with(&settings).await;
    let browser = Browser::new(&app);
    assert_eq!(browser.visit(BEGIN).await.path, "/dashboard/sign-in?failed=provider");
    let plain = TestApp::spawn().await;
    assert_eq!(Browser::new(&plain).get(BEGIN).await.status, 404, "there is no provider");
    assert_eq!(browser.sign_up("ada@example.com", PASSWORD).await.path, "/dashboard", "passwords go on");
}
