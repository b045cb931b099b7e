//! A real mail server, and a gateway that sends through it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::gateway::{PATIENCE, TestApp};

/// Debian's Python, for which its packages are.
const PYTHON: &str = "/usr/bin/python3";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dashboard/mail/server.py");
/// Where links lead to.
pub(crate) const BASE: &str = "http://gateway.test";

pub(crate) struct MailServer {
    process: Child,
    pub(crate) port: u16,
    told: Receiver<String>,
    seen: RefCell<Vec<Message>>,
    /// Whoever showed credentials, with which.
    shown: RefCell<Vec<[String; 2]>>,
    connections: Cell<usize>,
}

/// What the server tells.
#[derive(Deserialize)]
#[serde(untagged)]
enum Told {
    Message(Message),
    Credentials { credentials: [String; 2] },
    Connection { met: bool },
}

/// A message as it arrived.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Message {
    pub(crate) recipients: Vec<String>,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl MailServer {
    pub(crate) fn start() -> Self {
        Self::start_as(&[])
    }

    /// The same of another kind: see the script.
    pub(crate) fn start_as(arguments: &[&str]) -> Self {
        let mut process = Command::new(PYTHON).arg(SCRIPT).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let Some(Ok(port)) = lines.next() else { panic!("the mail server needs python3-aiosmtpd") };
        let port = port.parse().unwrap();
        let (tell, told) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        let (seen, shown, connections) = (RefCell::default(), RefCell::default(), Cell::default());
        Self { process, port, told, seen, shown, connections }
    }

    /// A gateway that sends through this server.
    pub(crate) async fn gateway(&self, settings: &[(&str, &str)]) -> TestApp {
        let url = format!("smtp://127.0.0.1:{}", self.port);
        let own = [
            ("SYNTOPEN_SMTP_URL", url.as_str()),
            ("SYNTOPEN_SMTP_FROM", "Syntopen <no-reply@gateway.test>"),
            ("SYNTOPEN_PUBLIC_URL", BASE),
        ];
        TestApp::spawn_with(&own.into_iter().chain(settings.iter().copied()).collect::<Vec<_>>()).await
    }

    /// The next message to this address.
    pub(crate) async fn message(&self, to: &str) -> Message {
        let started = Instant::now();
        loop {
            self.read();
            let found = self.seen.borrow().iter().position(|message| message.recipients == [to]);
            if let Some(place) = found {
                return self.seen.borrow_mut().remove(place);
            }
            assert!(started.elapsed() < PATIENCE, "waited in vain for a message to {to}");
            actix_rt::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Whether there is a message that nobody has asked for yet.
    pub(crate) fn has_another(&self) -> bool {
        self.read();
        !self.seen.borrow().is_empty()
    }

    /// The credentials that it was shown until now.
    pub(crate) fn credentials(&self) -> Vec<[String; 2]> {
        self.read();
        self.shown.borrow().clone()
    }

    /// How many connections it has had until now.
    pub(crate) fn connections(&self) -> usize {
        self.read();
        self.connections.get()
    }

    fn read(&self) {
        loop {
            match self.told.recv_timeout(Duration::ZERO) {
                Ok(line) => match serde_json::from_str(&line).unwrap() {
                    Told::Message(message) => self.seen.borrow_mut().push(message),
                    Told::Credentials { credentials } => self.shown.borrow_mut().push(credentials),
                    Told::Connection { met } => self.connections.set(self.connections.get() + usize::from(met)),
                },
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => panic!("the mail server has ended"),
            }
        }
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // It may be gone already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Message {
    /// The path of its only link.
    pub(crate) fn link(&self) -> String {
        let links: Vec<_> = self.body.lines().filter_map(|line| line.strip_prefix(BASE)).collect();
        assert_eq!(links.len(), 1, "{}", self.body);
        links[0].to_owned()
    }

    pub(crate) fn subject(&self) -> &str {
        &self.headers["subject"]
    }
}
