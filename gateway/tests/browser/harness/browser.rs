//! What a person does with the pages.

use std::path::PathBuf;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};

use super::axe;
use super::driver::Driver;
use crate::helpers::{PATIENCE, TestApp, eventually};

/// The password of whoever signs up.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// Names the folder that pictures are left in.
const SCREENSHOTS: &str = "SYNTOPEN_TEST_SCREENSHOTS";
const LOG: &str = "se/log";
/// In CSS pixels.
const HIGHEST_PICTURE: u64 = 6_000;

/// What the pages are shown on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    Desktop,
    /// As small as a screen may be on which tables are tables.
    Tablet,
    Phone,
}

/// What the system prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    Light,
    Dark,
}

/// Whether pages may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scripts {
    On,
    Off,
}

/// Chromium with one window.
pub(crate) struct Browser {
    pub(crate) client: Client,
    base: String,
    session: String,
    http: awc::Client,
    view: std::cell::Cell<(Screen, Theme)>,
    /// Last, so that the window outlives the client that speaks of it.
    driver: Driver,
}

impl Browser {
    /// Every view that a page has to look right in.
    pub(crate) const VIEWS: [(Screen, Theme); 4] = [
        (Screen::Desktop, Theme::Light),
        (Screen::Desktop, Theme::Dark),
        (Screen::Phone, Theme::Light),
        (Screen::Phone, Theme::Dark),
    ];

    /// A browser without a past, before this gateway.
    pub(crate) async fn before(app: &TestApp) -> Self {
        let driver = Driver::start();
        let client = driver.client().await;
        let session = client.session_id().await.unwrap().unwrap();
        // By name, not by number: browsers give the clipboard to `localhost`.
        let base = format!("http://localhost:{}", app.address.port());
        let http = awc::Client::builder().timeout(PATIENCE).finish();
        let view = std::cell::Cell::new((Screen::Desktop, Theme::Light));
        let browser = Self { client, base, session, http, view, driver };
        browser.view(Screen::Desktop, Theme::Light).await;
        let permissions = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        browser.devtools("Browser.grantPermissions", permissions).await;
        browser
    }

    /// Changes the screen and the theme, also of the page that is open.
    pub(crate) async fn view(&self, screen: Screen, theme: Theme) {
        self.view.set((screen, theme));
        self.set_size(screen, 0).await;
        let features = json!([{ "name": "prefers-color-scheme", "value": theme.name() }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "media": "", "features": features })).await;
    }

    /// Shows the page that is open as it would be printed.
    pub(crate) async fn print(&self) {
        self.devtools("Emulation.setEmulatedMedia", json!({ "media": "print" })).await;
    }

    /// Whether pages may run scripts, from the next page on.
    pub(crate) async fn run_scripts(&self, scripts: Scripts) {
        let off = json!({ "value": scripts == Scripts::Off });
        self.devtools("Emulation.setScriptExecutionDisabled", off).await;
    }

    /// Goes to a page of the gateway, and waits until it has loaded.
    pub(crate) async fn open(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.unwrap();
    }

    /// Where the browser is: path and query.
    pub(crate) async fn path(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    /// Waits until the browser is at a path.
    pub(crate) async fn arrive(&self, path: &str) {
        eventually(path, || async { (self.path().await == path).then_some(()) }).await;
    }

    /// Signs up through the form, with the password of the tests.
    pub(crate) async fn sign_up(&self, email: &str) {
        self.open("/dashboard/sign-up").await;
        self.fill("email", email).await;
        self.fill("password", PASSWORD).await;
        self.press("Create account").await;
        self.arrive("/dashboard").await;
    }

    /// Signs in through the form, with the password of the tests.
    pub(crate) async fn sign_in(&self, email: &str) {
        self.open("/dashboard/sign-in").await;
        self.fill("email", email).await;
        self.fill("password", PASSWORD).await;
        self.press("Sign in").await;
        self.arrive("/dashboard").await;
    }

    /// Types into the field of this name, in the place of what was there.
    pub(crate) async fn fill(&self, name: &str, text: &str) {
        let field = self.shown(&format!("//main//*[@name='{name}']")).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Chooses the option of this value in the field of this name.
    pub(crate) async fn choose(&self, name: &str, value: &str) {
        let field = self.shown(&format!("//main//select[@name='{name}']")).await;
        field.select_by_value(value).await.unwrap();
    }

    /// Presses the first button, link, summary or label that can be seen and says just this.
    pub(crate) async fn press(&self, words: &str) {
        let kinds = "self::button or self::a or self::summary or self::label";
        let element = self.shown(&format!("//*[{kinds}][normalize-space()=\"{words}\"]")).await;
        element.click().await.unwrap();
    }

    /// Waits until the page says this somewhere.
    pub(crate) async fn see(&self, words: &str) {
        let started = Instant::now();
        loop {
            let text = self.text().await;
            if text.contains(words) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "nothing says {words:?} on {}:\n{text}", self.path().await);
            actix_rt::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// All that the page says, as it is seen.
    pub(crate) async fn text(&self) -> String {
        self.run("return document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// What an element says.
    pub(crate) async fn text_of(&self, selector: &str) -> String {
        let find = || async { self.client.find(Locator::Css(selector)).await.ok() };
        eventually(selector, find).await.text().await.unwrap()
    }

    /// What was copied last.
    pub(crate) async fn clipboard(&self) -> String {
        let read =
            "const done = arguments[0]; navigator.clipboard.readText().then(done, (error) => done(String(error)))";
        self.client.execute_async(read, Vec::new()).await.unwrap().as_str().unwrap().to_owned()
    }

    /// What a script returns.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// The page as it is, in every view; `name` is what its pictures are called.
    pub(crate) async fn check_views(&self, name: &str) {
        for (screen, theme) in Self::VIEWS {
            self.view(screen, theme).await;
            self.client.refresh().await.unwrap();
            self.check(name).await;
        }
        self.view(Screen::Desktop, Theme::Light).await;
    }

    /// The page as it is, in every view, without loading it again: it may be the answer to a form.
    pub(crate) async fn check_answer(&self, name: &str) {
        for (screen, theme) in Self::VIEWS {
            self.view(screen, theme).await;
            self.check(name).await;
        }
        self.view(Screen::Desktop, Theme::Light).await;
    }

    /// What every page has to pass; where a folder for them is named, leaves a picture there.
    pub(crate) async fn check(&self, name: &str) {
        eventually("the charts", || async { (self.run(DRAWN).await == json!(true)).then_some(()) }).await;
        self.client.execute_async(AT_REST, Vec::new()).await.unwrap();
        self.screenshot(name).await;
        let flaws = self.flaws().await;
        let place = format!("{name} ({}) in {:?}", self.path().await, self.view.get());
        assert!(flaws.is_empty(), "{place}:\n  {}", flaws.join("\n  "));
    }

    /// What is wrong with the page that is open.
    pub(crate) async fn flaws(&self) -> Vec<String> {
        self.client.execute(axe::script(), Vec::new()).await.unwrap();
        let found = self.client.execute_async(axe::RUN, Vec::new()).await.unwrap();
        let mut flaws = axe::grave(&found);
        let wide = self.run(TOO_WIDE).await;
        flaws.extend(wide.as_array().unwrap().iter().map(|element| format!("wider than the screen: {element}")));
        flaws.extend(self.wider_than_its_place().await);
        flaws.extend(self.console_errors().await);
        flaws
    }

    /// Which tables have to be scrolled sideways to be seen whole.
    pub(crate) async fn wider_than_its_place(&self) -> Vec<String> {
        let tables = self.run(CUT_OFF).await;
        tables.as_array().unwrap().iter().map(|table| format!("a table is cut off: {table}")).collect()
    }

    /// What the console has said of errors since it was asked last.
    pub(crate) async fn console_errors(&self) -> Vec<String> {
        let log = self.command(LOG, json!({ "type": "browser" })).await;
        let entries = log.as_array().unwrap().iter().filter(|entry| entry["level"] == "SEVERE");
        // A page of another status than 200 is one to the console: a form that has to be mended is none to us.
        let of_pages = |message: &&str| !message.contains("the server responded with a status of");
        entries.filter_map(|entry| entry["message"].as_str()).filter(of_pages).map(str::to_owned).collect()
    }

    /// Leaves a picture of the whole page in the folder for them, where one is named.
    async fn screenshot(&self, name: &str) {
        let Some(folder) = std::env::var_os(SCREENSHOTS).map(PathBuf::from) else { return };
        let (screen, theme) = self.view.get();
        // On a screen as high as the page: the menu beside it is as high as the screen.
        let height = self.run("return document.documentElement.scrollHeight").await.as_u64().unwrap();
        self.set_size(screen, u32::try_from(height.min(HIGHEST_PICTURE)).unwrap()).await;
        self.client.execute_async(PAINTED, Vec::new()).await.unwrap();
        let shot = self.devtools("Page.captureScreenshot", json!({ "format": "png" })).await;
        self.set_size(screen, 0).await;
        let picture = STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}-{}-{}.png", screen.name(), theme.name())), picture).unwrap();
    }

    /// Ends the browser.
    pub(crate) async fn close(self) {
        self.client.close().await.unwrap();
        drop(self.driver);
    }

    /// The first element of a path that can be seen.
    async fn shown(&self, path: &str) -> Element {
        let find = || async {
            for element in self.client.find_all(Locator::XPath(path)).await.ok()? {
                if element.is_displayed().await.unwrap_or_default() {
                    return Some(element);
                }
            }
            None
        };
        eventually(path, find).await
    }

    /// At least as high as the screen is.
    async fn set_size(&self, screen: Screen, height: u32) {
        let (width, least) = screen.size();
        let is_phone = screen == Screen::Phone;
        let metrics =
            json!({ "width": width, "height": height.max(least), "deviceScaleFactor": 1, "mobile": is_phone });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.command("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    /// A command of chromedriver's own, which the client does not know.
    async fn command(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/session/{}/{path}", self.driver.url, self.session);
        let mut response = self.http.post(url).send_json(&body).await.unwrap();
        let mut answer: Value = response.json().limit(64 * 1024 * 1024).await.unwrap();
        assert!(response.status().is_success(), "{path} {body}: {answer}");
        answer["value"].take()
    }
}

/// What of the page is wider than the screen, outside of what scrolls by itself.
const TOO_WIDE: &str = "
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const wide = [...document.querySelectorAll('body *')]
      .filter((element) => Math.max(element.getBoundingClientRect().right, element.scrollWidth) > width + 1);
    return wide.slice(-5).map((element) => element.outerHTML.slice(0, 200)).concat('the page');
";

/// The tables of the page that do not fit: by how many pixels, and how they begin.
const CUT_OFF: &str = "
    return [...document.querySelectorAll('.table')].filter((table) => table.scrollWidth > table.clientWidth)
      .map((table) => `${table.scrollWidth - table.clientWidth} px, ${table.innerText.slice(0, 200)}`);
";

/// Whether what a script draws later is there.
const DRAWN: &str = "return document.fonts.status === 'loaded' && !document.querySelector('[data-charts][hidden]')";
/// Returns when what moves has come to rest: colours that change with the theme go over into one another.
const AT_REST: &str = "
    const done = arguments[0], ends = (animation) => animation.effect.getComputedTiming().endTime !== Infinity;
    const moving = document.getAnimations().filter(ends).map((animation) => animation.finished);
    Promise.allSettled(moving).then(() => done());
";
/// Waits for two frames: the second is what the first has laid out.
const PAINTED: &str = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))";

impl Screen {
    const fn size(self) -> (u32, u32) {
        match self {
            Self::Desktop => (1280, 800),
            Self::Tablet => (1024, 768),
            Self::Phone => (390, 844),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Tablet => "tablet",
            Self::Phone => "phone",
        }
    }
}

impl Theme {
    const fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}
