//! Settings of the ledger: of one within a gateway, and of the service.

mod retention;
mod second_factor_key;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use syntopen_shared::config::{Environment, InvalidSettings, Reader};
use syntopen_shared::redis::RedisUrl;
use syntopen_shared::secret::Secret;
use syntopen_shared::telemetry::TelemetrySettings;

pub use retention::Retention;
pub use second_factor_key::SecondFactorKey;

/// Where the ledger keeps its book, and how much it takes upon itself.
#[derive(Clone, Debug)]
pub struct LedgerSettings {
    /// The directory of the book and its lock; made where it is missing.
    pub data_dir: PathBuf,
    /// How many charges may wait for the book before holds are refused. Charges themselves are never refused.
    pub journal_max: usize,
    /// How many charges share one transaction.
    pub batch_max: usize,
    /// How many finished requests are remembered in memory, so that replays are answered without the book. Beyond
    /// that the oldest are looked up.
    pub ended_max: usize,
    /// How many connections read the book at once.
    pub readers_max: u32,
    /// How long single requests are kept.
    pub usage_retention: Retention,
    /// What secrets of second factors are sealed with.
    pub second_factor_key: Option<SecondFactorKey>,
    /// How long [`close`](crate::Ledger::close) tries to book what is left.
    pub drain_max: Duration,
}

impl LedgerSettings {
    /// The usual settings over `data_dir`.
    #[must_use]
    pub const fn new(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            journal_max: 100_000,
            batch_max: 256,
            ended_max: 250_000,
            readers_max: 4,
            usage_retention: Retention::FOR_EVER,
            second_factor_key: None,
            drain_max: Duration::from_secs(10),
        }
    }
}

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7001);

/// Settings of the gateway and the rate limiter, which may stand in the same environment.
const OF_OTHER_PROGRAMS: &[&str] = &[
    "SYNTOPEN_OPS_LISTEN",
    "SYNTOPEN_DATA_DIR",
    "SYNTOPEN_LEDGER_URL",
    "SYNTOPEN_RATELIMITER_URL",
    "SYNTOPEN_RATELIMITER_MEMORY",
    "SYNTOPEN_GATEWAY_REPLICAS",
    "SYNTOPEN_PUBLIC_URL",
    "SYNTOPEN_SIGN_UP",
    "SYNTOPEN_SMTP_URL",
    "SYNTOPEN_SMTP_CA",
    "SYNTOPEN_SMTP_FROM",
    "SYNTOPEN_ALERT_SECONDS",
    "SYNTOPEN_TOP_UP_MIN_USD",
    "SYNTOPEN_TOP_UP_MAX_USD",
    "SYNTOPEN_SUPPORT_EMAIL",
    "SYNTOPEN_OIDC_ISSUER",
    "SYNTOPEN_OIDC_CLIENT_ID",
    "SYNTOPEN_OIDC_CLIENT_SECRET",
    "SYNTOPEN_OIDC_NAME",
    "SYNTOPEN_RATELIMITER_TIMEOUT_MS",
    "SYNTOPEN_SHUTDOWN_DELAY_MS",
    "SYNTOPEN_TRUSTED_PROXIES",
    "SYNTOPEN_CATALOG",
    "SYNTOPEN_SESSION_SECRET",
    "SYNTOPEN_BREAKER_FAILURES",
    "SYNTOPEN_BREAKER_OPEN_SECONDS",
    "SYNTOPEN_STREAM_START_TIMEOUT_SECONDS",
];

/// Settings of the service.
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    /// `SYNTOPEN_LISTEN`, default `127.0.0.1:7001`: API, health and metrics; internal, keep it off the Internet.
    pub listen: SocketAddr,
    /// `SYNTOPEN_WORKERS`, default 1: threads that answer. Replicas scale better.
    pub workers: usize,
    /// `SYNTOPEN_CLUSTER_TOKEN`: the secret that callers must show; required.
    pub cluster_token: Secret,
    /// Where the money is kept.
    pub cluster: ClusterSettings,
    /// How the service logs.
    pub telemetry: TelemetrySettings,
}

/// Where a cluster keeps its money.
#[derive(Clone, Debug)]
pub struct ClusterSettings {
    /// `SYNTOPEN_REDIS_URL`: `redis://host:port`, or several nodes of a Redis Cluster, comma-separated; required.
    pub redis_url: RedisUrl,
    /// `SYNTOPEN_DATABASE_URL`: the book, `postgres://user:password@host/database`; required.
    pub database_url: Secret,
    /// `SYNTOPEN_LEDGER_SHARDS`, default 64: into how many parts the accounts are cut. Chosen once: the book remembers
    /// it and refuses another.
    pub shards: u32,
    /// `SYNTOPEN_LEDGER_REDIS_UNSAFE`, default 0: whether a Redis is accepted that evicts, or that neither writes to a
    /// disk nor has a replica.
    pub accepts_unsafe_redis: bool,
    /// `SYNTOPEN_LEDGER_BACKLOG_MAX`, default 20,000: charges of one shard that may wait for the book before its holds
    /// are refused. Charges themselves are never refused.
    pub backlog_max: u64,
    /// `SYNTOPEN_DATABASE_CONNECTIONS`, default 8: connections to the book.
    pub connections_max: u32,
    /// `SYNTOPEN_RECONCILE_SECONDS`, default 300: how often balances are compared with the book.
    pub reconcile_every: Duration,
    /// [`Retention`].
    pub usage_retention: Retention,
    /// [`SecondFactorKey`].
    pub second_factor_key: Option<SecondFactorKey>,
    /// `SYNTOPEN_START_SECONDS`, default 60: how long the service waits for Redis and the book when it starts.
    pub start_max: Duration,
}

impl ServiceConfig {
    /// Reads the settings.
    ///
    /// # Errors
    /// Everything that is wrong with them, at once.
    pub fn read(environment: Environment) -> Result<Self, InvalidSettings> {
        let mut reader = Reader::new(environment);
        let listen = reader.value("SYNTOPEN_LISTEN", DEFAULT_LISTEN);
        let workers = reader.within("SYNTOPEN_WORKERS", 1, 1..=256);
        let cluster_token = reader.optional("SYNTOPEN_CLUSTER_TOKEN").unwrap_or_else(|| {
            reader.refuse("SYNTOPEN_CLUSTER_TOKEN", "must be set: the secret that the services of a cluster share");
            Secret::new(String::new())
        });
        let cluster = ClusterSettings::take(&mut reader);
        let telemetry = TelemetrySettings::read(&mut reader);
        reader.foreign(OF_OTHER_PROGRAMS);
        let cluster = finish(reader, cluster)?;
        Ok(Self { listen, workers, cluster_token, cluster, telemetry })
    }
}

/// Ends the reading; what is missing has been remembered by the reader.
fn finish<T>(reader: Reader, read: Option<T>) -> Result<T, InvalidSettings> {
    reader.finish()?;
    read.ok_or_else(|| InvalidSettings(Vec::new()))
}

impl ClusterSettings {
    /// Reads what a command needs that looks at the money itself.
    ///
    /// # Errors
    /// Everything that is wrong with them, at once.
    pub fn read(environment: Environment) -> Result<Self, InvalidSettings> {
        let mut reader = Reader::new(environment);
        let settings = Self::take(&mut reader);
        reader.foreign(OF_OTHER_PROGRAMS);
        reader.foreign(&["SYNTOPEN_LISTEN", "SYNTOPEN_WORKERS", "SYNTOPEN_CLUSTER_TOKEN"]);
        reader.foreign(&["SYNTOPEN_LOG", "SYNTOPEN_LOG_FORMAT"]);
        finish(reader, settings)
    }

    /// `None` where something that is required is missing or wrong, which the reader remembers.
    fn take(reader: &mut Reader) -> Option<Self> {
        let redis_url = required(reader, "SYNTOPEN_REDIS_URL", "redis://127.0.0.1:6379");
        let database_url = required(reader, "SYNTOPEN_DATABASE_URL", "postgres://user:password@host/database");
        let shards = reader.within("SYNTOPEN_LEDGER_SHARDS", 64, 1..=1_024);
        let unsafe_redis: u8 = reader.within("SYNTOPEN_LEDGER_REDIS_UNSAFE", 0, 0..=1);
        let backlog_max = reader.within("SYNTOPEN_LEDGER_BACKLOG_MAX", 20_000, 16..=10_000_000);
        let connections_max = reader.within("SYNTOPEN_DATABASE_CONNECTIONS", 8, 2..=100);
        let reconcile = reader.within("SYNTOPEN_RECONCILE_SECONDS", 300, 1..=86_400);
        let usage_retention = reader.value(Retention::NAME, Retention::default());
        let second_factor_key = reader.optional(SecondFactorKey::NAME);
        let start = reader.within("SYNTOPEN_START_SECONDS", 60, 1..=3_600);
        Some(Self {
            redis_url: redis_url?,
            database_url: database_url?,
            shards,
            accepts_unsafe_redis: unsafe_redis == 1,
            backlog_max,
            connections_max,
            reconcile_every: Duration::from_secs(reconcile),
            usage_retention,
            second_factor_key,
            start_max: Duration::from_secs(start),
        })
    }
}

fn required<T: std::str::FromStr<Err: std::fmt::Display>>(
    reader: &mut Reader,
    name: &'static str,
    example: &str,
) -> Option<T> {
    let is_set = reader.environment().get(name).is_some();
    let value = reader.optional(name);
    if !is_set {
        reader.refuse(name, format!("must be set, such as {example}"));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_needs_a_token_and_two_stores() {
        let InvalidSettings(problems) = ServiceConfig::read([("SYNTOPEN_LEDGER_SHARDS", "0")].into()).unwrap_err();
        for name in
            ["SYNTOPEN_CLUSTER_TOKEN:", "SYNTOPEN_REDIS_URL:", "SYNTOPEN_DATABASE_URL:", "SYNTOPEN_LEDGER_SHARDS:"]
        {
            assert!(problems.iter().any(|problem| problem.starts_with(name)), "{name} in {problems:?}");
        }
    }

    #[test]
    fn defaults_are_those_of_the_documentation_and_secrets_stay_hidden() {
        let config = ServiceConfig::read(
            [
                ("SYNTOPEN_CLUSTER_TOKEN", "hidden"),
                ("SYNTOPEN_REDIS_URL", "redis://:hidden@127.0.0.1:6379"),
                ("SYNTOPEN_DATABASE_URL", "postgres://a:hidden@127.0.0.1/b"),
                ("SYNTOPEN_CATALOG", "x"),
            ]
            .into(),
        )
        .unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:7001");
        assert_eq!((config.cluster.shards, config.cluster.accepts_unsafe_redis), (64, false));
        assert!(!format!("{config:?}").contains("hidden"));
    }
}
