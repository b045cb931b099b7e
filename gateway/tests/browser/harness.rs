//! A browser for each test, as a person in front of the screen uses it.
//!
//! ```ignore
//! let app = TestApp::spawn().await;                    // a gateway, its simulator in this process (helpers.rs)
//! let browser = Browser::before(&app).await;           // Chromium, 1280 × 800, light
//! browser.view(Screen::Phone, Theme::Dark).await;      // 390 × 844, prefers-color-scheme: dark
//! browser.sign_up("ada@example.com").await;            // through the form; ends on the overview
//! browser.open("/dashboard/keys").await;
//! browser.press("Create key").await;                   // a button, link, summary or label that says so, as seen
//! browser.fill("name", "production").await;            // the field of that name, in the main part of the page
//! browser.choose("period", "month").await;             // an option, by its value
//! browser.see("It is shown this once").await;          // waits until the page says so
//! let key = browser.text_of(".secret code").await;     // what an element says
//! browser.press("Copy").await;
//! assert_eq!(browser.clipboard().await, key);
//! browser.check("keys").await;                         // see below
//! ```
//!
//! [`Browser::check`] is what every page has to pass in every view: axe-core finds nothing serious or critical, nothing
//! is wider than the screen, and the console has no error (a policy that refused something is one). Where
//! `SYNTOPEN_TEST_SCREENSHOTS` names a folder, it leaves a picture of the whole page there, named after the page, the
//! screen and the theme. `deploy/screenshots.sh` sets it.
//!
//! Nothing sleeps: what needs time is asked for again until [`PATIENCE`](crate::helpers::PATIENCE) ends. What a test
//! needs beyond this: `run` gives a script's value, `client` is the `WebDriver` client itself, `TestApp` has the ledger
//! (credit an account, make an operator) and the simulator. Chromium and chromedriver are Debian's; axe-core comes from
//! npm into the tests' cache, once.

mod axe;
mod browser;
mod driver;

pub(crate) use browser::{Browser, PASSWORD, Screen, Scripts, Theme};
