//! Redis servers of a test.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::{Process, free_port, wait_until};

/// One Redis, with an append-only file, so that it may be killed and started again.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    dir: TempDir,
    options: Vec<String>,
    process: Process,
}

impl RedisServer {
    /// Starts a server with the settings that a ledger asks for.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&["--appendonly", "yes"])
    }

    /// Starts a server with `options` of the command line.
    #[must_use]
    pub fn with(options: &[&str]) -> Self {
        let (port, dir) = (free_port(), TempDir::new().unwrap());
        let options: Vec<_> = options.iter().map(|option| (*option).to_owned()).collect();
        let process = launch(port, &dir, &options);
        Self { port, dir, options, process }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The directory of its files.
    #[must_use]
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// The process id of the server.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills it with `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Stops it as `kill -STOP` does: it accepts connections and answers nothing.
    pub fn pause(&self) {
        self.process.signal("STOP");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.process.signal("CONT");
    }

    /// Starts it again over its files.
    pub fn restart(&mut self) {
        self.process.kill();
        self.process = launch(self.port, &self.dir, &self.options);
    }

    /// Carries out a command whose words hold no spaces, and returns the raw answer.
    pub fn command(&self, words: &str) -> String {
        command(self.port, words).unwrap()
    }
}

fn launch(port: u16, dir: &TempDir, options: &[String]) -> Process {
    let process = Process::start(
        Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"])
            .args(["--maxmemory-policy", "noeviction"])
            .arg("--dir")
            .arg(dir.path())
            .args(options)
            .stdout(Stdio::null()),
    );
    wait_until("redis-server answers", || command(port, "PING").is_ok_and(|answer| answer.starts_with("+PONG")));
    process
}

fn command(port: u16, words: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(format!("{words}\r\n").as_bytes())?;
    let mut answer = vec![0; 64 * 1024];
    let read = stream.read(&mut answer)?;
    answer.truncate(read);
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A Redis Cluster of three primaries.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts three nodes and lets them share the slots.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts three nodes with further `options` of the command line.
    #[must_use]
    pub fn with(options: &[&str]) -> Self {
        let cluster = ["--appendonly", "yes", "--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
        let node = |_| {
            // The port that a node would choose by itself may be beyond the last one.
            let bus = free_port().to_string();
            RedisServer::with(&[&cluster, options, &["--cluster-port", &bus]].concat())
        };
        let nodes: Vec<_> = (0..3).map(node).collect();
        let addresses = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port));
        let made = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(addresses)
            .args(["--cluster-replicas", "0", "--cluster-yes"])
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success(), "redis-cli makes no cluster");
        let agrees = |node: &RedisServer| node.command("CLUSTER INFO").contains("cluster_state:ok");
        wait_until("the cluster is formed", || nodes.iter().all(agrees));
        Self { nodes }
    }

    /// Where its nodes are, comma-separated.
    #[must_use]
    pub fn url(&self) -> String {
        self.nodes.iter().map(RedisServer::url).collect::<Vec<_>>().join(",")
    }

    /// Its nodes.
    #[must_use]
    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    /// Its nodes, to be killed and started again.
    pub fn nodes_mut(&mut self) -> &mut [RedisServer] {
        &mut self.nodes
    }

    /// Which node serves `key`, as an index into [`nodes`](Self::nodes).
    ///
    /// # Panics
    /// When none does.
    #[must_use]
    pub fn node_of(&self, key: &str) -> usize {
        let serves = |node: &RedisServer| !node.command(&format!("EXISTS {key}")).starts_with("-MOVED");
        self.nodes.iter().position(serves).unwrap()
    }

    /// Hands the slot of `key`, which must be empty, to the node `to`.
    pub fn move_slot(&self, key: &str, to: usize) {
        let (slot, id) = (self.slot_of(key), self.id_of(to));
        for node in &self.nodes {
            assert_eq!(node.command(&format!("CLUSTER SETSLOT {slot} NODE {id}")), "+OK\r\n");
        }
    }

    /// Begins to hand the slot of `key` to the node `to`: until [`move_slot`](Self::move_slot), the node that serves it
    /// points to the other for keys that it has not.
    pub fn begin_to_move_slot(&self, key: &str, to: usize) {
        let (slot, from) = (self.slot_of(key), self.node_of(key));
        let importing = self.nodes[to].command(&format!("CLUSTER SETSLOT {slot} IMPORTING {}", self.id_of(from)));
        let migrating = self.nodes[from].command(&format!("CLUSTER SETSLOT {slot} MIGRATING {}", self.id_of(to)));
        assert_eq!([importing.as_str(), migrating.as_str()], ["+OK\r\n"; 2]);
    }

    fn slot_of(&self, key: &str) -> u16 {
        self.nodes[0].command(&format!("CLUSTER KEYSLOT {key}")).trim_start_matches(':').trim().parse().unwrap()
    }

    fn id_of(&self, node: usize) -> String {
        self.nodes[node].command("CLUSTER MYID").lines().nth(1).unwrap().to_owned()
    }
}
