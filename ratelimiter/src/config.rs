//! The settings of the service, from the environment.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use syntopen_shared::config::{Environment, InvalidSettings, Reader};
use syntopen_shared::redis::RedisUrl;
use syntopen_shared::secret::Secret;
use syntopen_shared::telemetry::TelemetrySettings;

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7002);

/// Settings of the gateway and the ledger, which may stand in the same environment.
const OF_OTHER_PROGRAMS: &[&str] = &[
    "SYNTOPEN_BODY_TIMEOUT_SECONDS",
    "SYNTOPEN_BREAKER_FAILURES",
    "SYNTOPEN_BREAKER_OPEN_SECONDS",
    "SYNTOPEN_CATALOG",
    "SYNTOPEN_CONNECT_TIMEOUT_SECONDS",
    "SYNTOPEN_CORS_ORIGINS",
    "SYNTOPEN_DATABASE_CONNECTIONS",
    "SYNTOPEN_DATABASE_URL",
    "SYNTOPEN_DATA_DIR",
    "SYNTOPEN_DRAIN_SECONDS",
    "SYNTOPEN_FIRST_BYTE_TIMEOUT_SECONDS",
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
    "SYNTOPEN_IDLE_TIMEOUT_SECONDS",
    "SYNTOPEN_KEEP_ALIVE_COMMENT_SECONDS",
    "SYNTOPEN_LEDGER_BACKLOG_MAX",
    "SYNTOPEN_LEDGER_REDIS_UNSAFE",
    "SYNTOPEN_LEDGER_SHARDS",
    "SYNTOPEN_LEDGER_URL",
    "SYNTOPEN_MAX_ANSWER_BYTES",
    "SYNTOPEN_MAX_BODIES_BYTES",
    "SYNTOPEN_MAX_BODY_BYTES",
    "SYNTOPEN_MAX_SSE_LINE_BYTES",
    "SYNTOPEN_MAX_UPSTREAM_CALLS",
    "SYNTOPEN_OPS_LISTEN",
    "SYNTOPEN_OUTBOX_MAX",
    "SYNTOPEN_OUTPUT_FLOOR_TOKENS",
    "SYNTOPEN_RATELIMITER_URL",
    "SYNTOPEN_RECONCILE_SECONDS",
    "SYNTOPEN_USAGE_RETENTION_DAYS",
    "SYNTOPEN_SECOND_FACTOR_KEY",
    "SYNTOPEN_SESSION_SECRET",
    "SYNTOPEN_SETTLE_WAIT_MS",
    "SYNTOPEN_STREAM_START_TIMEOUT_SECONDS",
    "SYNTOPEN_TOTAL_TIMEOUT_SECONDS",
    "SYNTOPEN_TRUSTED_PROXIES",
    "SYNTOPEN_UPSTREAM_ATTEMPTS",
];

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// `SYNTOPEN_LISTEN`: where the API, the health checks and the metrics listen; default `127.0.0.1:7002`.
    pub listen: SocketAddr,
    /// `SYNTOPEN_WORKERS`: HTTP worker threads; default the number of processors.
    pub workers: usize,
    /// `SYNTOPEN_CLUSTER_TOKEN`: the secret that callers must show; required.
    pub cluster_token: Secret,
    /// Where the windows are kept.
    pub store: Store,
    /// `SYNTOPEN_START_SECONDS`: how long the service waits for Redis when it starts; default 60.
    pub start: Duration,
    /// How the service logs.
    pub telemetry: TelemetrySettings,
}

/// Where the windows are kept.
#[derive(Debug, Clone)]
pub enum Store {
    /// `SYNTOPEN_REDIS_URL`: in Redis, shared by all replicas; required unless memory is asked for.
    Redis(RedisUrl),
    /// `SYNTOPEN_RATELIMITER_MEMORY=1`: in this one replica, which forgets them when it ends.
    Memory,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// Everything that is wrong with them, at once.
    pub fn read(environment: Environment) -> Result<Self, InvalidSettings> {
        let mut reader = Reader::new(environment);
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let listen = reader.value("SYNTOPEN_LISTEN", DEFAULT_LISTEN);
        let workers = reader.within("SYNTOPEN_WORKERS", processors, 1..=1_024);
        let cluster_token = reader.optional("SYNTOPEN_CLUSTER_TOKEN").unwrap_or_else(|| {
            reader.refuse("SYNTOPEN_CLUSTER_TOKEN", "must be set: the secret that the services of a cluster share");
            Secret::new(String::new())
        });
        let store = Store::read(&mut reader);
        let start = Duration::from_secs(reader.within("SYNTOPEN_START_SECONDS", 60, 1..=3_600));
        let telemetry = TelemetrySettings::read(&mut reader);
        reader.foreign(OF_OTHER_PROGRAMS);
        reader.finish()?;
        Ok(Self { listen, workers, cluster_token, store, start, telemetry })
    }
}

impl Store {
    fn read(reader: &mut Reader) -> Self {
        let in_memory = matches!(reader.value("SYNTOPEN_RATELIMITER_MEMORY", Switch::Off), Switch::On);
        let is_set = reader.environment().get("SYNTOPEN_REDIS_URL").is_some();
        match reader.optional("SYNTOPEN_REDIS_URL") {
            Some(url) if !in_memory => return Self::Redis(url),
            None if !in_memory && !is_set => reader.refuse(
                "SYNTOPEN_REDIS_URL",
                "must be set: the Redis that all replicas share; for windows in the memory of one replica, which a \
                 restart forgets, set SYNTOPEN_RATELIMITER_MEMORY=1 instead",
            ),
            _ => {}
        }
        Self::Memory
    }
}

enum Switch {
    Off,
    On,
}

impl FromStr for Switch {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "0" => Ok(Self::Off),
            "1" => Ok(Self::On),
            _ => Err("must be 1 or 0"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: (&str, &str) = ("SYNTOPEN_CLUSTER_TOKEN", "t");

    #[test]
    fn has_defaults_for_all_but_the_token_and_redis() {
        let redis = ("SYNTOPEN_REDIS_URL", "redis://:hidden@127.0.0.1,redis://127.0.0.2");
        let config = Config::read([TOKEN, redis, ("SYNTOPEN_LEDGER_URL", "x")].into()).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:7002");
        assert_eq!(config.cluster_token.expose(), "t");
        assert!(matches!(config.store, Store::Redis(_)));
        let shown = format!("{config:?}");
        assert!(!shown.contains("\"t\"") && !shown.contains("hidden"), "{shown}");
    }

    #[test]
    fn keeps_windows_in_memory_only_where_told_to() {
        let store = |switch| Config::read([TOKEN, ("SYNTOPEN_RATELIMITER_MEMORY", switch)].into()).map(|it| it.store);
        assert!(matches!(store("1"), Ok(Store::Memory)));
        let InvalidSettings(problems) = store("0").unwrap_err();
        assert!(problems.len() == 1 && problems[0].contains("SYNTOPEN_RATELIMITER_MEMORY=1"), "{problems:?}");
    }

    #[test]
    fn reports_every_mistake_at_once() {
        let wrong = [
            ("SYNTOPEN_LISTEN", "localhost"),
            ("SYNTOPEN_WORKERS", "0"),
            ("SYNTOPEN_RATELIMITER_MEMORY", "yes"),
            ("SYNTOPEN_REDIS_URL", "127.0.0.1"),
        ];
        let InvalidSettings(problems) = Config::read(wrong.into()).unwrap_err();
        let named = [
            "SYNTOPEN_LISTEN",
            "SYNTOPEN_WORKERS",
            "SYNTOPEN_CLUSTER_TOKEN",
            "SYNTOPEN_RATELIMITER_MEMORY",
            "SYNTOPEN_REDIS_URL",
        ];
        assert_eq!(problems.len(), named.len(), "{problems:?}");
        assert!(problems.iter().zip(named).all(|(problem, name)| problem.starts_with(name)), "{problems:?}");
    }
}
