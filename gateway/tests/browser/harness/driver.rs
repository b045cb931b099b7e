//! chromedriver, on a port of its own choice.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

const SAYS_ITS_PORT: &str = "started successfully on port ";
/// As root, as in a container, Chromium has no sandbox; the pages are our own, and on this machine alone.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-proxy-server",
    "--hide-scrollbars",
    "--force-prefers-reduced-motion",
    "--lang=en-US",
];

/// chromedriver, which ends with its test, and with it its browser.
pub(super) struct Driver {
    process: Child,
    pub(super) url: String,
}

impl Driver {
    pub(super) fn start() -> Self {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null());
        let mut process = command.spawn().unwrap_or_else(|error| {
            panic!("chromedriver is missing ({error}): on Debian, install chromium and chromium-driver")
        });
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "chromedriver ended");
            if let Some((_, port)) = line.split_once(SAYS_ITS_PORT) {
                break port.trim().trim_end_matches('.').to_owned();
            }
        };
        // Goes on reading, so that the program never waits for a full pipe.
        std::thread::spawn(move || drop(output.read_to_string(&mut String::new())));
        Self { process, url: format!("http://127.0.0.1:{port}") }
    }

    /// A new window of a browser without a past.
    pub(super) async fn client(&self) -> Client {
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "args": FLAGS },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let capabilities = capabilities.as_object().unwrap().clone();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities).connect(&self.url).await.unwrap()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // chromedriver ends its browsers when it is asked to end, not when it is killed.
        let asked = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        if !asked.is_ok_and(|status| status.success()) {
            drop(self.process.kill());
        }
        drop(self.process.wait());
    }
}
