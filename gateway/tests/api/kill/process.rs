//! The gateway as the process it is in production, to be killed.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use serde::Deserialize;

use crate::helpers::{PATIENCE, UPSTREAM_KEY, eventually};

const PROGRAM: &str = env!("CARGO_BIN_EXE_syntopen-gateway");

/// A running gateway. Dropped, it is killed.
pub(super) struct Process {
    child: Child,
    pub(super) address: SocketAddr,
    ops: SocketAddr,
    log: Option<JoinHandle<Vec<String>>>,
}

/// What the gateway logs when it accepts connections.
#[derive(Deserialize)]
struct Ready {
    address: SocketAddr,
    ops: SocketAddr,
}

impl Process {
    /// Starts a gateway over `data_dir`, whose catalog is there already; it is ready when this returns.
    pub(super) async fn start(data_dir: &Path, simulator: &str) -> Self {
        let mut command = program(data_dir);
        command
            .env("SYNTOPEN_LISTEN", "127.0.0.1:0")
            .env("SYNTOPEN_OPS_LISTEN", "127.0.0.1:0")
            .env("SYNTOPEN_WORKERS", "2")
            .env("SYNTOPEN_CATALOG", data_dir.join("catalog.toml"))
            .env("SYNTOPEN_LOG_FORMAT", "json")
            // An answer may be told unsettled after this: no disk is so slow that it excuses an uncharged one here.
            .env("SYNTOPEN_SETTLE_WAIT_MS", "60000")
            .env("SYNTOPEN_DRAIN_SECONDS", "1")
            .env("SIMULATOR_BASE_URL", simulator)
            .env("SIMULATOR_API_KEY", UPSTREAM_KEY);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, told) = tokio::sync::oneshot::channel();
        let mut tell = Some(tell);
        let log = std::thread::spawn(move || {
            let note = |line: std::io::Result<String>| {
                let line = line.unwrap();
                if let Ok(ready) = serde_json::from_str::<Ready>(&line) {
                    // Nobody listens any more where the test has failed, which it says itself.
                    let _gone = tell.take().map(|tell| tell.send(ready));
                }
                line
            };
            lines.map(note).collect()
        });
        let Ok(Ok(ready)) = tokio::time::timeout(PATIENCE, told).await else {
            drop(child.kill());
            panic!("the gateway did not start: {:?}", log.join());
        };
        let process = Self { child, address: ready.address, ops: ready.ops, log: Some(log) };
        process.ready().await;
        process
    }

    async fn ready(&self) {
        let client = awc::Client::default();
        let url = format!("http://{}/readyz", self.ops);
        let is_ready =
            || async { client.get(&url).send().await.is_ok_and(|answer| answer.status() == 200).then_some(()) };
        eventually("a gateway that is ready", is_ready).await;
    }

    /// Kills it, as `kill -9` does. The lines that it logged.
    pub(super) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log.take().unwrap().join().unwrap()
    }

    /// Asks it to end, as an orchestrator does.
    pub(super) fn terminate(&self) {
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("/bin/sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for its end: how it ended, and the lines that it logged.
    pub(super) async fn ended(mut self) -> (ExitStatus, Vec<String>) {
        let child = std::cell::RefCell::new(&mut self.child);
        let status = eventually("the end of the gateway", || async { child.borrow_mut().try_wait().unwrap() }).await;
        (status, self.log.take().unwrap().join().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already, unless the test fails.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The program over a data directory, with nothing else of this process' environment.
pub(super) fn program(data_dir: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("SYNTOPEN_DATA_DIR", data_dir).stdin(Stdio::null());
    command
}
