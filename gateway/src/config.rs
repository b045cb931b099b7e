//! Settings of the gateway: one struct per concern, read from the environment, every mistake reported at once.

use std::net::SocketAddr;
use std::time::Duration;

use syntopen_ledger::{Retention, SecondFactorKey};
use syntopen_shared::config::{Environment, InvalidSettings, Reader};
use syntopen_shared::telemetry::TelemetrySettings;

use crate::breaker::BreakerSettings;
use crate::catalog::CatalogSource;

mod dashboard;
mod mail;
mod oidc;
mod payments;
mod profile;

pub use dashboard::{DashboardSettings, PublicUrl, SignUp};
pub use mail::{MailSettings, SmtpUrl};
pub use oidc::OidcSettings;
pub use payments::{ApiBase, PaymentSettings, StripeSettings, SupportEmail};
pub use profile::{Cluster, Profile};

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: Listen,
    /// Whether ledger and rate limiter are in this process.
    pub profile: Profile,
    /// How long the embedded ledger keeps single requests.
    pub usage_retention: Retention,
    /// [`SecondFactorKey`]; the ledger's own setting in the cluster profile.
    pub second_factor_key: Option<SecondFactorKey>,
    /// `SYNTOPEN_CATALOG`: the catalog file; the built-in one where it is not set.
    pub catalog: CatalogSource,
    /// Bounds on what a client may ask.
    pub limits: Limits,
    /// Bounds on waiting.
    pub timeouts: Timeouts,
    /// When upstreams that fail are left alone.
    pub breaker: BreakerSettings,
    /// Who may call from a browser.
    pub cors: Cors,
    /// The dashboard.
    pub dashboard: DashboardSettings,
    /// How messages are sent; none are where it is not set.
    pub mail: Option<MailSettings>,
    /// How customers pay.
    pub payments: PaymentSettings,
    /// The identity provider by which people sign in.
    pub oidc: Option<OidcSettings>,
    /// How it logs.
    pub telemetry: TelemetrySettings,
    /// Where the catalog finds credentials and base URLs.
    pub environment: Environment,
}

/// Addresses and threads.
#[derive(Debug, Clone)]
pub struct Listen {
    /// `SYNTOPEN_LISTEN`, default `127.0.0.1:8080`: the public API.
    pub public: SocketAddr,
    /// `SYNTOPEN_OPS_LISTEN`, default `127.0.0.1:8081`: health and metrics, never to be published.
    pub ops: SocketAddr,
    /// `SYNTOPEN_WORKERS`, default the number of processors: HTTP worker threads.
    pub workers: usize,
}

/// Bounds on what a client may ask, and on what is kept in memory for it.
#[derive(Debug, Clone)]
pub struct Limits {
    /// `SYNTOPEN_MAX_BODY_BYTES`, default 20 MiB: a request body.
    pub body_bytes: usize,
    /// `SYNTOPEN_MAX_BODIES_BYTES`, default 1 GiB: the bodies of all requests that arrive or run, together.
    pub bodies_bytes: usize,
    /// `SYNTOPEN_MAX_ANSWER_BYTES`, default 64 MiB: a JSON answer of an upstream.
    pub answer_bytes: usize,
    /// `SYNTOPEN_MAX_SSE_LINE_BYTES`, default 4 MiB: a line of an upstream's stream.
    pub sse_line_bytes: usize,
    /// `SYNTOPEN_MAX_UPSTREAM_CALLS`, default 10,000: calls to upstreams at once.
    pub upstream_calls: usize,
    /// `SYNTOPEN_UPSTREAM_ATTEMPTS`, default 3: calls to upstreams for one request.
    pub upstream_attempts: u32,
    /// `SYNTOPEN_OUTBOX_MAX`, default 100,000: requests running, or with a settlement that the book has not confirmed.
    pub outbox: usize,
    /// `SYNTOPEN_OUTPUT_FLOOR_TOKENS`, default 256: output that must be affordable where the client named no maximum.
    pub output_floor_tokens: u64,
}

/// Bounds on waiting.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// `SYNTOPEN_BODY_TIMEOUT_SECONDS`, default 60: for a request body to arrive.
    pub body: Duration,
    /// `SYNTOPEN_CONNECT_TIMEOUT_SECONDS`, default 5: to connect to an upstream.
    pub connect: Duration,
    /// `SYNTOPEN_FIRST_BYTE_TIMEOUT_SECONDS`, default 120: for an upstream's response head.
    pub first_byte: Duration,
    /// `SYNTOPEN_IDLE_TIMEOUT_SECONDS`, default 120: between two pieces of an upstream's answer.
    pub idle: Duration,
    /// `SYNTOPEN_TOTAL_TIMEOUT_SECONDS`, default 600: for a JSON answer, all attempts and waits included.
    pub total: Duration,
    /// `SYNTOPEN_STREAM_START_TIMEOUT_SECONDS`, default 240: for the response head of a stream, all attempts and waits
    /// included; what follows the head has no bound but `idle`.
    pub stream_start: Duration,
    /// `SYNTOPEN_KEEP_ALIVE_COMMENT_SECONDS`, default 15: silence after which a stream carries a comment.
    pub comment: Duration,
    /// `SYNTOPEN_SETTLE_WAIT_MS`, default 2,000: how long the end of an answer waits for its settlement.
    pub settle: Duration,
    /// `SYNTOPEN_SHUTDOWN_DELAY_MS`, default 0: for load balancers to look elsewhere after SIGTERM, before the gateway
    /// stops accepting.
    pub delay: Duration,
    /// `SYNTOPEN_DRAIN_SECONDS`, default 30: for running requests to end after SIGTERM.
    pub drain: Duration,
}

/// Cross-origin requests.
#[derive(Debug, Clone, Default)]
pub struct Cors {
    /// `SYNTOPEN_CORS_ORIGINS`, default none: comma-separated origins, or `*`.
    pub origins: Vec<String>,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// All that are wrong.
    pub fn read(environment: Environment) -> Result<Self, InvalidSettings> {
        let mut reader = Reader::new(environment.clone());
        let dashboard = DashboardSettings::read(&mut reader);
        let config = Self {
            listen: Listen::read(&mut reader),
            profile: Profile::read(&mut reader),
            usage_retention: reader.value(Retention::NAME, Retention::default()),
            second_factor_key: reader.optional(SecondFactorKey::NAME),
            catalog: reader.optional("SYNTOPEN_CATALOG").map_or(CatalogSource::Builtin, CatalogSource::File),
            limits: Limits::read(&mut reader),
            timeouts: Timeouts::read(&mut reader),
            breaker: BreakerSettings {
                failures: reader.within("SYNTOPEN_BREAKER_FAILURES", 10, 0..=1_000_000),
                open: Duration::from_secs(reader.within("SYNTOPEN_BREAKER_OPEN_SECONDS", 5, 1..=3_600)),
            },
            cors: Cors { origins: reader.list("SYNTOPEN_CORS_ORIGINS") },
            mail: MailSettings::read(&mut reader, dashboard.public_url.as_ref()),
            oidc: OidcSettings::read(&mut reader, dashboard.public_url.as_ref()),
            dashboard,
            payments: PaymentSettings::read(&mut reader),
            telemetry: TelemetrySettings::read(&mut reader),
            environment,
        };
        reader.finish()?;
        Ok(config)
    }
}

impl Listen {
    fn read(reader: &mut Reader) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            public: reader.value("SYNTOPEN_LISTEN", SocketAddr::from(([127, 0, 0, 1], 8080))),
            ops: reader.value("SYNTOPEN_OPS_LISTEN", SocketAddr::from(([127, 0, 0, 1], 8081))),
            workers: reader.within("SYNTOPEN_WORKERS", processors, 1..=1_024),
        }
    }
}

impl Limits {
    fn read(reader: &mut Reader) -> Self {
        const MIB: usize = 1 << 20;
        Self {
            body_bytes: reader.within("SYNTOPEN_MAX_BODY_BYTES", 20 * MIB, 1_024..=512 * MIB),
            bodies_bytes: reader.within("SYNTOPEN_MAX_BODIES_BYTES", 1_024 * MIB, MIB..=1_024 * 1_024 * MIB),
            answer_bytes: reader.within("SYNTOPEN_MAX_ANSWER_BYTES", 64 * MIB, 1_024..=1_024 * MIB),
            sse_line_bytes: reader.within("SYNTOPEN_MAX_SSE_LINE_BYTES", 4 * MIB, 1_024..=64 * MIB),
            upstream_calls: reader.within("SYNTOPEN_MAX_UPSTREAM_CALLS", 10_000, 1..=1_000_000),
            upstream_attempts: reader.within("SYNTOPEN_UPSTREAM_ATTEMPTS", 3, 1..=20),
            outbox: reader.within("SYNTOPEN_OUTBOX_MAX", 100_000, 1..=10_000_000),
            output_floor_tokens: reader.within("SYNTOPEN_OUTPUT_FLOOR_TOKENS", 256, 1..=1_000_000),
        }
    }
}

impl Timeouts {
    fn read(reader: &mut Reader) -> Self {
        let mut seconds = |name, default| Duration::from_secs(reader.within::<u64>(name, default, 1..=86_400));
        let (body, connect) =
            (seconds("SYNTOPEN_BODY_TIMEOUT_SECONDS", 60), seconds("SYNTOPEN_CONNECT_TIMEOUT_SECONDS", 5));
        let first_byte = seconds("SYNTOPEN_FIRST_BYTE_TIMEOUT_SECONDS", 120);
        let idle = seconds("SYNTOPEN_IDLE_TIMEOUT_SECONDS", 120);
        let total = seconds("SYNTOPEN_TOTAL_TIMEOUT_SECONDS", 600);
        let stream_start = seconds("SYNTOPEN_STREAM_START_TIMEOUT_SECONDS", 240);
        let comment = seconds("SYNTOPEN_KEEP_ALIVE_COMMENT_SECONDS", 15);
        let drain = seconds("SYNTOPEN_DRAIN_SECONDS", 30);
        let settle = Duration::from_millis(reader.within::<u64>("SYNTOPEN_SETTLE_WAIT_MS", 2_000, 1..=60_000));
        let delay = Duration::from_millis(reader.within::<u64>("SYNTOPEN_SHUTDOWN_DELAY_MS", 0, 0..=600_000));
        Self { body, connect, first_byte, idle, total, stream_start, comment, settle, delay, drain }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn nothing_set_is_the_embedded_profile() {
        let config = Config::read(Environment::default()).unwrap();
        assert_eq!(config.listen.public.to_string(), "127.0.0.1:8080");
        assert_eq!(config.listen.ops.to_string(), "127.0.0.1:8081");
        assert_eq!(config.timeouts.settle, Duration::from_secs(2));
        assert!(matches!(config.catalog, CatalogSource::Builtin));
        assert!(matches!(config.profile, Profile::Embedded(dir) if dir == Path::new("./data")));
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let environment = [
            ("SYNTOPEN_LISTEN", "8080"),
            ("SYNTOPEN_WORKERS", "0"),
            ("SYNTOPEN_DRAIN_SECONDS", "soon"),
            ("SYNTOPEN_LISTN", "127.0.0.1:1"),
        ];
        let InvalidSettings(problems) = Config::read(environment.into()).unwrap_err();
        for name in ["SYNTOPEN_LISTEN:", "SYNTOPEN_WORKERS:", "SYNTOPEN_DRAIN_SECONDS:", "SYNTOPEN_LISTN:"] {
            assert!(problems.iter().any(|problem| problem.starts_with(name)), "{name} in {problems:?}");
        }
    }
}
