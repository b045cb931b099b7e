//! Servers that tests start for themselves (feature `testing`): real ones, on ports of their own, killed when dropped.
//!
//! A program that is missing is a failure, never a skipped test: the test command installs them.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot start its servers has failed")]

mod postgres;
mod redis;

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub use postgres::{Postgres, PostgresServer};
pub use redis::{RedisCluster, RedisServer};

const START_MAX: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// A port that nobody listens on now.
#[must_use]
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A process that does not outlive its owner.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts a program.
    ///
    /// # Panics
    /// When the program is not there.
    pub fn start(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        Self(command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}; install it")))
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Sends it a signal by name, as `kill -STOP` does.
    ///
    /// # Panics
    /// When there is no such signal, or no such process any more.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status().unwrap();
        assert!(sent.success(), "kill -{name} failed");
    }

    /// Waits until it ends by itself, and returns its exit code; none where a signal ended it.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub fn wait(&mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }

    /// Kills it and its children as `kill -9` does, and waits until it is gone. What it had forked must not go on
    /// writing to its files while its successor does.
    pub fn kill(&mut self) {
        let children = children_of(self.id());
        // It may have ended by itself.
        let _ended = self.0.kill();
        for child in children {
            let _ended = Command::new("kill").args(["-KILL", &child]).stderr(Stdio::null()).status();
        }
        let _status = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The processes whose parent this is: the fourth word of `/proc/<pid>/stat`, behind a name in brackets (proc(5)).
fn children_of(parent: u32) -> Vec<String> {
    let is_child = |stat: &str| {
        let words = stat.rsplit_once(')').map(|(_, words)| words.split_whitespace());
        words.and_then(|mut words| words.nth(1)) == Some(parent.to_string().as_str())
    };
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let stat = |pid: &String| std::fs::read_to_string(format!("/proc/{pid}/stat"));
    processes.filter(|pid| stat(pid).is_ok_and(|stat| is_child(&stat))).collect()
}

/// Polls until `is_so`, for half a minute at most.
///
/// # Panics
/// When it does not come true in time.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + START_MAX;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: not within {START_MAX:?}");
        std::thread::sleep(POLL);
    }
}
