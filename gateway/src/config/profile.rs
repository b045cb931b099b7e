//! Where ledger and rate limiter run: in this process, or as services.

use std::path::PathBuf;
use std::time::Duration;

use syntopen_shared::config::Reader;
use syntopen_shared::secret::Secret;

use crate::clients::address::ServiceUrl;

/// Settings of the services, which may stand in the same environment.
const OF_THE_SERVICES: &[&str] = &[
    "SYNTOPEN_REDIS_URL",
    "SYNTOPEN_DATABASE_URL",
    "SYNTOPEN_LEDGER_SHARDS",
    "SYNTOPEN_LEDGER_REDIS_UNSAFE",
    "SYNTOPEN_LEDGER_BACKLOG_MAX",
    "SYNTOPEN_DATABASE_CONNECTIONS",
    "SYNTOPEN_START_SECONDS",
    "SYNTOPEN_RECONCILE_SECONDS",
    "SYNTOPEN_RATELIMITER_MEMORY",
];

/// Where ledger and rate limiter run.
#[derive(Clone, Debug)]
pub enum Profile {
    /// In this process, over this directory (`SYNTOPEN_DATA_DIR`, default `./data`): the book, its lock and the
    /// administration socket.
    Embedded(PathBuf),
    /// As services, so that this process keeps nothing.
    Cluster(Cluster),
}

/// The services of a cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// `SYNTOPEN_LEDGER_URL`: the replicas of the ledger.
    pub ledger: Vec<ServiceUrl>,
    /// `SYNTOPEN_RATELIMITER_URL`: the replicas of the rate limiter.
    pub ratelimiter: Vec<ServiceUrl>,
    /// `SYNTOPEN_RATELIMITER_TIMEOUT_MS`, default 100: how long a replica of the rate limiter may take.
    pub ratelimiter_timeout: Duration,
    /// `SYNTOPEN_CLUSTER_TOKEN`: the secret that the services ask for.
    pub token: Secret,
    /// `SYNTOPEN_GATEWAY_REPLICAS`: how many gateways share a key's limit while the rate limiter is gone.
    pub gateways: u32,
}

impl Profile {
    pub(super) fn read(reader: &mut Reader) -> Self {
        reader.foreign(OF_THE_SERVICES);
        let data_dir = reader.value("SYNTOPEN_DATA_DIR", PathBuf::from("./data"));
        let ledger = reader.list("SYNTOPEN_LEDGER_URL");
        let ratelimiter = reader.list("SYNTOPEN_RATELIMITER_URL");
        let timeout = reader.within::<u64>("SYNTOPEN_RATELIMITER_TIMEOUT_MS", 100, 1..=10_000);
        let token: Option<Secret> = reader.optional("SYNTOPEN_CLUSTER_TOKEN");
        let gateways = reader.optional("SYNTOPEN_GATEWAY_REPLICAS");
        let is_set = |reader: &Reader, name| reader.environment().get(name).is_some();
        let urls = ["SYNTOPEN_LEDGER_URL", "SYNTOPEN_RATELIMITER_URL"].map(|name| is_set(reader, name));
        if urls == [false, false] {
            if is_set(reader, "SYNTOPEN_GATEWAY_REPLICAS") {
                let why = "gateways share nothing without SYNTOPEN_LEDGER_URL and SYNTOPEN_RATELIMITER_URL";
                reader.refuse("SYNTOPEN_GATEWAY_REPLICAS", why);
            }
            return Self::Embedded(data_dir);
        }
        for (name, is_set) in [("SYNTOPEN_LEDGER_URL", urls[0]), ("SYNTOPEN_RATELIMITER_URL", urls[1])] {
            if !is_set {
                reader.refuse(name, "must be set where the other service's URL is");
            }
        }
        let required = "must be set in the cluster profile";
        if token.is_none() {
            reader.refuse("SYNTOPEN_CLUSTER_TOKEN", format!("{required}: the secret that its programs share"));
        }
        if token.as_ref().is_some_and(|token| !token.expose().bytes().all(|byte| byte.is_ascii_graphic())) {
            reader.refuse("SYNTOPEN_CLUSTER_TOKEN", "must be of visible ASCII characters");
        }
        match gateways {
            None if !is_set(reader, "SYNTOPEN_GATEWAY_REPLICAS") => {
                reader.refuse("SYNTOPEN_GATEWAY_REPLICAS", format!("{required}: how many gateways run"));
            }
            Some(0) => reader.refuse("SYNTOPEN_GATEWAY_REPLICAS", "must be at least 1"),
            _ => {}
        }
        let token = token.unwrap_or_else(|| Secret::new(String::new()));
        let ratelimiter_timeout = Duration::from_millis(timeout);
        Self::Cluster(Cluster { ledger, ratelimiter, ratelimiter_timeout, token, gateways: gateways.unwrap_or(1) })
    }
}

#[cfg(test)]
mod tests {
    use syntopen_shared::config::{Environment, InvalidSettings};

    use super::*;
    use crate::config::Config;

    const CLUSTER: [(&str, &str); 4] = [
        ("SYNTOPEN_LEDGER_URL", "http://10.0.0.1:7001, http://ledger:7001"),
        ("SYNTOPEN_RATELIMITER_URL", "http://ratelimiter:7002"),
        ("SYNTOPEN_CLUSTER_TOKEN", "hush"),
        ("SYNTOPEN_GATEWAY_REPLICAS", "3"),
    ];

    fn problems(environment: Environment) -> Vec<String> {
        let InvalidSettings(problems) = Config::read(environment).unwrap_err();
        problems
    }

    #[test]
    fn urls_make_a_cluster() {
        let settings = CLUSTER.into_iter().chain([("SYNTOPEN_REDIS_URL", "redis://r"), ("SYNTOPEN_DATA_DIR", "d")]);
        let config = Config::read(settings.map(|(name, value)| (name.into(), value.into())).collect()).unwrap();
        let Profile::Cluster(cluster) = &config.profile else { panic!("{config:?}") };
        assert_eq!(cluster.ledger.len(), 2);
        assert_eq!((cluster.ratelimiter.len(), cluster.gateways, cluster.token.expose()), (1, 3, "hush"));
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn what_a_cluster_lacks_is_told_at_once() {
        let told = problems([("SYNTOPEN_LEDGER_URL", "ledger:7001")].into());
        let named = ["LEDGER_URL: must be http://", "RATELIMITER_URL", "CLUSTER_TOKEN", "GATEWAY_REPLICAS"];
        assert_eq!(told.len(), named.len(), "{told:?}");
        for (problem, name) in told.iter().zip(named) {
            assert!(problem.starts_with(&format!("SYNTOPEN_{name}")), "{problem}");
        }
        let mut wrong = CLUSTER;
        (wrong[2].1, wrong[3].1) = ("of two words", "0");
        assert_eq!(problems(wrong.into()).len(), 2);
    }

    #[test]
    fn several_gateways_cannot_be_embedded() {
        let told = problems([("SYNTOPEN_GATEWAY_REPLICAS", "3")].into());
        assert!(told[0].contains("SYNTOPEN_LEDGER_URL"), "{told:?}");
    }
}
