//! What a Redis must be like to keep money.

use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::{RedisResult, from_redis_value};
use syntopen_shared::redis::Connection;

use super::RedisBalances;

/// Scripts say what they do in a way that older versions do not understand.
const VERSION_MIN: (u64, u64) = (7, 0);

impl RedisBalances {
    /// What is wrong with Redis, on any primary, in words that say how to mend it. Nothing where all is well.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn preflight(&self) -> RedisResult<Vec<String>> {
        Ok(self.infos().await?.iter().flat_map(|(node, info)| complaints(node, info)).collect())
    }

    /// What every primary says of itself, by its name.
    async fn infos(&self) -> RedisResult<Vec<(String, String)>> {
        let info = redis::cmd("INFO");
        match self.redis.connection().await? {
            Connection::One(mut connection) => Ok(vec![("Redis".to_owned(), info.query_async(&mut connection).await?)]),
            Connection::Cluster(mut connection) => {
                let all = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
                Ok(from_redis_value(connection.route_command(info, all).await?)?)
            }
        }
    }
}

fn complaints(node: &str, info: &str) -> Vec<String> {
    let field = |name: &str| {
        let value = info.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'));
        value.unwrap_or_default()
    };
    let mut complaints = Vec::new();
    let version = field("redis_version");
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    if (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < VERSION_MIN {
        complaints.push(format!("{node} is of version {version}: the ledger needs 7.0 or later"));
    }
    let policy = field("maxmemory_policy");
    if policy != "noeviction" {
        complaints.push(format!(
            "{node} has maxmemory-policy {policy} and would throw balances away when its memory is full: \
             set maxmemory-policy to noeviction"
        ));
    }
    let replicas: u64 = field("connected_slaves").parse().unwrap_or(0);
    if field("aof_enabled") != "1" && replicas == 0 {
        complaints.push(format!(
            "{node} has neither an append-only file nor a replica, and loses all charges that are not booked yet when it \
             stops: set appendonly to yes, or give it a replica"
        ));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_is_told_with_its_remedy() {
        let info = |version: &str, policy: &str, aof: u8, replicas: u8| {
            format!(
                "# Server\r\nredis_version:{version}\r\n# Memory\r\nmaxmemory_policy:{policy}\r\n\
                 # Persistence\r\naof_enabled:{aof}\r\n# Replication\r\nconnected_slaves:{replicas}\r\n"
            )
        };
        for (fine, aof, replicas) in [("7.0.15", 1, 0), ("8.2.0", 0, 1), ("10.0.0", 1, 2)] {
            assert_eq!(complaints("a:1", &info(fine, "noeviction", aof, replicas)), [""; 0], "{fine}");
        }
        for (version, policy, aof, remedy) in [
            ("6.2.1", "noeviction", 1, "7.0"),
            ("7.0.0", "allkeys-lru", 1, "noeviction"),
            ("7.0.0", "noeviction", 0, "appendonly"),
        ] {
            let told = complaints("a:1", &info(version, policy, aof, 0));
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].starts_with("a:1 ") && told[0].contains(remedy), "{told:?}");
        }
        assert_eq!(complaints("a:1", "").len(), 3, "what is not told is not believed");
    }
}
