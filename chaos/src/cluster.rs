//! The whole cluster as processes of the operating system: their settings, their addresses, their beginning and end.

mod http;
mod program;
mod redis;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use serde::Serialize;
use syntopen_shared::testing::{PostgresServer, free_port};

use program::Program;
pub use redis::RedisPair;

/// How many of each service run.
pub const LEDGERS: usize = 2;
/// How many of each service run.
pub const LIMITERS: usize = 2;
/// How many of each service run.
pub const GATEWAYS: usize = 3;
/// How often the ledgers reconcile: so long may a rolled-back Redis have un-revoked a key.
pub const RECONCILE: Duration = Duration::from_secs(3);
/// How long an answer's end waits for its settlement.
pub const SETTLE_WAIT: Duration = Duration::from_secs(2);
/// How long a gateway serves on after SIGTERM, so that requests under way to it arrive.
pub const SHUTDOWN_DELAY: Duration = Duration::from_millis(500);

const CATALOG: &str = include_str!("../../gateway/tests/api/catalog.toml");
const UPSTREAM_KEY: &str = "sk-upstream-of-the-harness";
const TOKEN: &str = "a-token-that-only-the-harness-and-its-cluster-know";
const START_MAX: Duration = Duration::from_secs(60);
const STOP_MAX: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// One process of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The Redis that the services talk to.
    Redis,
    /// The one that follows it.
    Replica,
    /// The book's server.
    Postgres,
    /// The provider.
    Simulator,
    /// A ledger, by its number.
    Ledger(usize),
    /// A rate limiter, by its number.
    Limiter(usize),
    /// A gateway, by its number.
    Gateway(usize),
}

/// Where everything is, for those who talk to it.
#[derive(Clone, Debug)]
pub struct Map {
    /// The public APIs.
    pub gateways: Vec<SocketAddr>,
    /// The gateways' health and metrics.
    pub ops: Vec<SocketAddr>,
    /// The ledgers.
    pub ledgers: Vec<SocketAddr>,
    /// The rate limiters.
    pub limiters: Vec<SocketAddr>,
    /// The simulator.
    pub simulator: SocketAddr,
    /// The services' shared secret.
    pub token: &'static str,
    /// The book.
    pub database: String,
    /// The simulator's record.
    pub record: PathBuf,
    /// Where logs are.
    pub dir: PathBuf,
}

/// The cluster. Dropped, all of it is killed.
pub struct Cluster {
    /// Where everything is.
    pub map: Map,
    postgres: PostgresServer,
    redis: RedisPair,
    programs: BTreeMap<Part, Program>,
}

impl Cluster {
    /// Starts everything, with logs in `dir` and, where one is named, a broken rule in every service; ready on return.
    ///
    /// # Panics
    /// When a program does not start.
    #[must_use]
    pub fn start(dir: &Path, mutant: Option<&str>) -> Self {
        std::fs::write(dir.join("catalog.toml"), CATALOG).unwrap();
        let (postgres, redis) = (PostgresServer::start(), RedisPair::start());
        let map = Map::choose(dir, postgres.url("postgres"));
        let mut cluster = Self { programs: BTreeMap::new(), map, postgres, redis };
        for part in cluster.map.programs() {
            let (binary, arguments, mut settings) = cluster.recipe(part);
            // The simulator is a provider: no rule of ours is in it.
            settings
                .extend(mutant.filter(|_| part != Part::Simulator).map(|name| ("SYNTOPEN_MUTANT", name.to_owned())));
            let log = dir.join(format!("{part}.log"));
            cluster.programs.insert(part, Program::new(binary, log).with(arguments, settings));
            cluster.begin(part);
            cluster.await_ready(part);
        }
        cluster
    }

    /// Redis and its replica.
    pub const fn redis(&mut self) -> &mut RedisPair {
        &mut self.redis
    }

    /// Starts a part that does not run; one that runs is left alone.
    pub fn begin(&mut self, part: Part) {
        self.begin_with(part, &[]);
    }

    /// The same with further settings.
    pub fn begin_with(&mut self, part: Part, settings: &[(&str, &str)]) {
        match part {
            Part::Redis => self.redis.begin_primary(),
            Part::Replica => self.redis.begin_replica(),
            Part::Postgres => {
                if !is_alive(self.postgres.id()) {
                    self.postgres.restart();
                }
            }
            part => self.program(part).start(settings),
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self, part: Part) {
        match part {
            Part::Redis => self.redis.primary.kill(),
            Part::Replica => self.redis.replica.kill(),
            Part::Postgres => self.postgres.kill(),
            part => self.program(part).kill(),
        }
    }

    /// `SIGSTOP`: it keeps its connections and answers nothing.
    pub fn pause(&mut self, part: Part) {
        self.signal(part, "STOP");
    }

    /// `SIGCONT`.
    pub fn resume(&mut self, part: Part) {
        self.signal(part, "CONT");
    }

    /// Asks a program to end, as an orchestrator does, and waits until it has.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn terminate(&mut self, part: Part) -> ExitStatus {
        self.signal(part, "TERM");
        let deadline = Instant::now() + STOP_MAX;
        loop {
            if let Some(status) = self.program(part).ended() {
                return status;
            }
            assert!(Instant::now() < deadline, "{part} does not end");
            std::thread::sleep(POLL);
        }
    }

    /// Programs that have ended by themselves since this was last asked.
    pub fn ended(&mut self) -> Vec<(Part, ExitStatus)> {
        self.programs.iter_mut().filter_map(|(part, program)| Some((*part, program.ended()?))).collect()
    }

    /// Waits until a part answers that it is ready.
    ///
    /// # Panics
    /// When it is not ready in time.
    pub fn await_ready(&mut self, part: Part) {
        let deadline = Instant::now() + START_MAX;
        while !self.map.is_ready(part) {
            if let Some(status) = self.programs.get_mut(&part).and_then(Program::ended) {
                panic!("{part} does not start: {status}; its log is in {}", self.map.dir.display());
            }
            let late = Instant::now() >= deadline;
            assert!(!late, "{part} is not ready; its log is in {}", self.map.dir.display());
            std::thread::sleep(POLL);
        }
    }

    fn signal(&mut self, part: Part, signal: &str) {
        let id = match part {
            Part::Redis => Some(self.redis.primary.id()),
            Part::Replica => Some(self.redis.replica.id()),
            Part::Postgres => Some(self.postgres.id()),
            part => self.program(part).id(),
        };
        let Some(id) = id else { return };
        // The database answers through children.
        let children = if part == Part::Postgres { children(id) } else { Vec::new() };
        for id in std::iter::once(id).chain(children) {
            send(signal, id);
        }
    }

    fn program(&mut self, part: Part) -> &mut Program {
        self.programs.get_mut(&part).unwrap()
    }

    fn recipe(&self, part: Part) -> (&'static str, Vec<String>, Vec<(&'static str, String)>) {
        let (map, redis) = (&self.map, self.redis.primary.url());
        let token = ("SYNTOPEN_CLUSTER_TOKEN", map.token.to_owned());
        match part {
            Part::Simulator => {
                let [listen, key] = ["--listen", "--api-key"].map(str::to_owned);
                let record = map.record.display().to_string();
                let mut arguments = vec![listen, map.simulator.to_string(), key, UPSTREAM_KEY.to_owned()];
                arguments.extend(["--log".to_owned(), record, "--fsync".to_owned()]);
                ("syntopen-simulator", arguments, Vec::new())
            }
            Part::Ledger(number) => {
                let settings = vec![
                    token,
                    ("SYNTOPEN_LISTEN", map.ledgers[number].to_string()),
                    ("SYNTOPEN_REDIS_URL", redis),
                    ("SYNTOPEN_DATABASE_URL", map.database.clone()),
                    ("SYNTOPEN_LEDGER_SHARDS", "4".to_owned()),
                    ("SYNTOPEN_RECONCILE_SECONDS", RECONCILE.as_secs().to_string()),
                ];
                ("syntopen-ledger", Vec::new(), settings)
            }
            Part::Limiter(number) => {
                let listen = ("SYNTOPEN_LISTEN", map.limiters[number].to_string());
                ("syntopen-ratelimiter", Vec::new(), vec![token, listen, ("SYNTOPEN_REDIS_URL", redis)])
            }
            Part::Gateway(number) => {
                let mut settings = map.gateway_settings();
                settings.extend([
                    ("SYNTOPEN_LISTEN", map.gateways[number].to_string()),
                    ("SYNTOPEN_OPS_LISTEN", map.ops[number].to_string()),
                    ("SYNTOPEN_DATA_DIR", map.dir.join(part.to_string()).display().to_string()),
                    ("SYNTOPEN_WORKERS", "2".to_owned()),
                    ("SYNTOPEN_SETTLE_WAIT_MS", SETTLE_WAIT.as_millis().to_string()),
                    ("SYNTOPEN_SHUTDOWN_DELAY_MS", SHUTDOWN_DELAY.as_millis().to_string()),
                ]);
                ("syntopen-gateway", Vec::new(), settings)
            }
            Part::Redis | Part::Replica | Part::Postgres => unreachable!("servers are no programs of ours"),
        }
    }
}

impl Map {
    fn choose(dir: &Path, database: String) -> Self {
        let address = || SocketAddr::from(([127, 0, 0, 1], free_port()));
        let several = |count: usize| (0..count).map(|_| address()).collect::<Vec<_>>();
        let (gateways, ops) = (several(GATEWAYS), several(GATEWAYS));
        let (ledgers, limiters, simulator) = (several(LEDGERS), several(LIMITERS), address());
        let record = dir.join("record.jsonl");
        Self { gateways, ops, ledgers, limiters, simulator, token: TOKEN, database, record, dir: dir.to_owned() }
    }

    /// The programs, each before those that need it.
    fn programs(&self) -> Vec<Part> {
        let ledgers = (0..self.ledgers.len()).map(Part::Ledger);
        let limiters = (0..self.limiters.len()).map(Part::Limiter);
        let gateways = (0..self.gateways.len()).map(Part::Gateway);
        std::iter::once(Part::Simulator).chain(ledgers).chain(limiters).chain(gateways).collect()
    }

    /// Every part, each before those that need it.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        [Part::Postgres, Part::Redis, Part::Replica].into_iter().chain(self.programs()).collect()
    }

    /// What makes the gateway's program, and its administration commands, part of this cluster.
    #[must_use]
    pub fn gateway_settings(&self) -> Vec<(&'static str, String)> {
        let urls = |all: &[SocketAddr]| all.iter().map(|at| format!("http://{at}")).collect::<Vec<_>>().join(",");
        vec![
            ("SYNTOPEN_CLUSTER_TOKEN", self.token.to_owned()),
            ("SYNTOPEN_LEDGER_URL", urls(&self.ledgers)),
            ("SYNTOPEN_RATELIMITER_URL", urls(&self.limiters)),
            ("SYNTOPEN_GATEWAY_REPLICAS", self.gateways.len().to_string()),
            // So many programs on few processors are late at times, and a late limiter is none that is gone.
            ("SYNTOPEN_RATELIMITER_TIMEOUT_MS", "1000".to_owned()),
            ("SYNTOPEN_CATALOG", self.dir.join("catalog.toml").display().to_string()),
            ("SIMULATOR_BASE_URL", format!("http://{}/v1", self.simulator)),
            ("SIMULATOR_API_KEY", UPSTREAM_KEY.to_owned()),
        ]
    }

    /// The gateway's program, to administer this cluster with.
    #[must_use]
    pub fn administration(&self) -> Command {
        let mut command = Command::new(program::path("syntopen-gateway"));
        command.env_clear().envs(self.gateway_settings()).env("SYNTOPEN_DATA_DIR", self.dir.join("administration"));
        command
    }

    /// Whether a part says that it can do its work.
    #[must_use]
    pub fn is_ready(&self, part: Part) -> bool {
        let (address, path) = match part {
            // Their starts wait for them.
            Part::Redis | Part::Replica | Part::Postgres => return true,
            Part::Simulator => (self.simulator, "/simulator/inflight"),
            Part::Ledger(number) => (self.ledgers[number], "/readyz"),
            Part::Limiter(number) => (self.limiters[number], "/readyz"),
            Part::Gateway(number) => (self.ops[number], "/readyz"),
        };
        http::status(address, path) == Some(200)
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Redis => f.write_str("redis"),
            Self::Replica => f.write_str("replica"),
            Self::Postgres => f.write_str("postgres"),
            Self::Simulator => f.write_str("simulator"),
            Self::Ledger(number) => write!(f, "ledger-{number}"),
            Self::Limiter(number) => write!(f, "limiter-{number}"),
            Self::Gateway(number) => write!(f, "gateway-{number}"),
        }
    }
}

/// Sends a signal; a process that is gone already needs none.
fn send(signal: &str, id: u32) {
    let _sent = Command::new("kill").args([&format!("-{signal}"), &id.to_string()]).output();
}

fn children(id: u32) -> Vec<u32> {
    let told = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    told.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

/// Whether a child of ours runs: one that was killed has been waited for.
fn is_alive(id: u32) -> bool {
    Path::new(&format!("/proc/{id}")).exists()
}
