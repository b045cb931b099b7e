//! A program of ours, which may be started again and again with the same settings.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// A program and, while it runs, its process.
pub(super) struct Program {
    binary: PathBuf,
    arguments: Vec<String>,
    settings: Vec<(&'static str, String)>,
    log: PathBuf,
    child: Option<Child>,
}

impl Program {
    /// The program `binary`, which writes what it has to say to `log`.
    pub(super) fn new(binary: &str, log: PathBuf) -> Self {
        Self { binary: path(binary), arguments: Vec::new(), settings: Vec::new(), log, child: None }
    }

    /// The same with arguments, and with these settings as its whole environment.
    pub(super) fn with(mut self, arguments: Vec<String>, settings: Vec<(&'static str, String)>) -> Self {
        (self.arguments, self.settings) = (arguments, settings);
        self
    }

    /// Starts it, unless it runs.
    pub(super) fn start(&mut self, extra: &[(&str, &str)]) {
        if self.child.is_some() {
            return;
        }
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        let mut command = Command::new(&self.binary);
        command.args(&self.arguments).env_clear().envs(self.settings.iter().cloned()).envs(extra.iter().copied());
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let started = command.spawn();
        self.child = Some(started.unwrap_or_else(|error| panic!("{}: {error}", self.binary.display())));
    }

    /// Its process, while it runs.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// `kill -9`; it is gone on return.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself just now.
            let _ended = child.kill();
            let _status = child.wait();
        }
    }

    /// How it ended, where it has since it was started.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.as_mut()?.try_wait().unwrap()?;
        self.child = None;
        Some(status)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Where a program of the workspace is: beside this one, which was built with it.
///
/// # Panics
/// When it is not there.
pub(super) fn path(binary: &str) -> PathBuf {
    let this = std::env::current_exe().unwrap();
    // A test lies one folder deeper than a program.
    let found = this.ancestors().skip(1).take(2).map(|folder| folder.join(binary)).find(|path| Path::is_file(path));
    found.unwrap_or_else(|| panic!("{binary} is missing: run cargo build --workspace --all-targets"))
}
