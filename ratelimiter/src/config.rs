//! The settings of the service, from the environment.

use std::net::{Ipv4Addr, SocketAddr};

use syntopen_shared::config::{Environment, InvalidSettings, Reader};
use syntopen_shared::secret::Secret;
use syntopen_shared::telemetry::TelemetrySettings;

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7002);

/// Settings of the gateway and the ledger, which may stand in the same environment. `SYNTOPEN_REDIS_URL` is not among
/// them: whoever sets it expects windows that replicas share, and must not get others silently.
const OF_OTHER_PROGRAMS: &[&str] = &[
    "SYNTOPEN_OPS_LISTEN",
    "SYNTOPEN_DATA_DIR",
    "SYNTOPEN_LEDGER_URL",
    "SYNTOPEN_RATELIMITER_URL",
    "SYNTOPEN_GATEWAY_REPLICAS",
    "SYNTOPEN_TRUSTED_PROXIES",
    "SYNTOPEN_CATALOG",
    "SYNTOPEN_DATABASE_URL",
    "SYNTOPEN_SESSION_SECRET",
];

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// `SYNTOPEN_LISTEN`: where the API and the health checks listen; default `127.0.0.1:7002`.
    pub listen: SocketAddr,
    /// `SYNTOPEN_CLUSTER_TOKEN`: the secret that callers must show; required.
    pub cluster_token: Secret,
    /// How the service logs.
    pub telemetry: TelemetrySettings,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// Everything that is wrong with them, at once.
    pub fn read(environment: Environment) -> Result<Self, InvalidSettings> {
        let mut reader = Reader::new(environment);
        let listen = reader.value("SYNTOPEN_LISTEN", DEFAULT_LISTEN);
        let cluster_token = reader.optional("SYNTOPEN_CLUSTER_TOKEN").unwrap_or_else(|| {
            reader.refuse("SYNTOPEN_CLUSTER_TOKEN", "must be set: the secret that the services of a cluster share");
            Secret::new(String::new())
        });
        let telemetry = TelemetrySettings::read(&mut reader);
        reader.foreign(OF_OTHER_PROGRAMS);
        reader.finish()?;
        Ok(Self { listen, cluster_token, telemetry })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_defaults_for_all_but_the_token() {
        let config = Config::read([("SYNTOPEN_CLUSTER_TOKEN", "t"), ("SYNTOPEN_CATALOG", "x")].into()).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:7002");
        assert_eq!(config.cluster_token.expose(), "t");
        assert!(!format!("{config:?}").contains("\"t\""));
    }

    #[test]
    fn refuses_what_it_would_not_honour() {
        let wrong = [("SYNTOPEN_LISTEN", "localhost"), ("SYNTOPEN_REDIS_URL", "redis://127.0.0.1")];
        let InvalidSettings(problems) = Config::read(wrong.into()).unwrap_err();
        let named = ["SYNTOPEN_LISTEN", "SYNTOPEN_CLUSTER_TOKEN", "SYNTOPEN_REDIS_URL"];
        assert_eq!(problems.len(), named.len(), "{problems:?}");
        assert!(problems.iter().zip(named).all(|(problem, name)| problem.starts_with(name)), "{problems:?}");
    }
}
