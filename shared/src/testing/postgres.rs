//! PostgreSQL servers of a test.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use super::{Process, free_port, wait_until};

/// One PostgreSQL server. It survives `kill -9` as a real one does; `fsync` is off, which only a power cut would show.
#[derive(Debug)]
pub struct PostgresServer {
    port: u16,
    dir: TempDir,
    process: Process,
    databases: AtomicU32,
}

/// Settings of a server for one test.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// Its address, with user and database.
    pub url: String,
}

impl PostgresServer {
    /// Makes a cluster of databases in a directory of its own and starts the server.
    #[must_use]
    pub fn start() -> Self {
        let (port, dir) = (free_port(), TempDir::new().unwrap());
        give_to_postgres(dir.path());
        let made = as_postgres(&program("initdb"))
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync", "--pgdata"])
            .arg(dir.path().join("data"))
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success(), "initdb fails");
        let process = launch(port, dir.path());
        Self { port, dir, process, databases: AtomicU32::new(0) }
    }

    /// Makes an empty database.
    pub async fn database(&self) -> Postgres {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
        Postgres { url: self.url(&name) }
    }

    /// The address of a database.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The process id of the server.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills it and its children with `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again over its files.
    pub fn restart(&mut self) {
        self.process.kill();
        // What the killed one left would make the new one refuse while its children are still ending.
        wait_until("the old server has let go", || {
            let _gone = fs::remove_file(self.dir.path().join("data/postmaster.pid"));
            TcpStream::connect(("127.0.0.1", self.port)).is_err()
        });
        self.process = launch(self.port, self.dir.path());
    }
}

fn launch(port: u16, dir: &Path) -> Process {
    let process = Process::start(
        as_postgres(&program("postgres"))
            .arg("-D")
            .arg(dir.join("data"))
            .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200"])
            .arg("-k")
            .arg(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    let ready = program("pg_isready");
    wait_until("postgres answers", || {
        let mut ask = Command::new(&ready);
        ask.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]).status().is_ok_and(|status| status.success())
    });
    process
}

/// Debian keeps the server's programs out of the path, by version.
fn program(name: &str) -> PathBuf {
    let newest = fs::read_dir("/usr/lib/postgresql").ok().and_then(|versions| {
        let of = |entry: fs::DirEntry| entry.path().join("bin").join(name);
        versions.filter_map(Result::ok).map(of).filter(|path| path.is_file()).max()
    });
    newest.unwrap_or_else(|| PathBuf::from(name))
}

/// The server refuses to run as root: then it runs as the user that Debian's package makes.
fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    // Becomes the server itself, so that a signal to its process id reaches the server.
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

fn give_to_postgres(dir: &Path) {
    if is_root() {
        let id = |flag: &str| {
            let told = Command::new("id").args([flag, "postgres"]).output().unwrap();
            String::from_utf8(told.stdout).unwrap().trim().parse::<u32>().unwrap()
        };
        chown(dir, Some(id("-u")), Some(id("-g"))).unwrap();
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").unwrap().uid() == 0
}
