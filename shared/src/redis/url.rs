//! The address of Redis.

use std::fmt;
use std::str::FromStr;

use redis::{ConnectionInfo, IntoConnectionInfo as _};

/// Where Redis is: `redis://host:port`, `rediss://…` with TLS, or several of them, comma-separated, for a cluster.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(pub(super) Vec<String>);

impl RedisUrl {
    /// How each of its nodes is reached.
    pub(super) fn nodes(&self) -> redis::RedisResult<Vec<ConnectionInfo>> {
        self.0.iter().map(|node| node.as_str().into_connection_info()).collect()
    }
}

impl FromStr for RedisUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let nodes: Vec<_> = text.split(',').map(|node| node.trim().to_owned()).collect();
        for node in &nodes {
            // The address may hold a password, so that the error does not repeat it.
            let known = ["redis://", "rediss://", "unix://"].iter().any(|scheme| node.starts_with(scheme));
            if !known || node.as_str().into_connection_info().is_err() {
                return Err("must be redis://host:port, or several of these, comma-separated, for a cluster".into());
            }
        }
        Ok(Self(nodes))
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({} node(s))", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_shows_a_password() {
        let one: RedisUrl = "redis://:secret@127.0.0.1:6379".parse().unwrap();
        assert!(!format!("{one:?}").contains("secret"));
        assert_eq!("redis://a:1, redis://b:2,redis://c:3".parse::<RedisUrl>().unwrap().0.len(), 3);
        for wrong in ["", "a:1", "http://a", "redis://a,", "redis://:secret@"] {
            let error = wrong.parse::<RedisUrl>().unwrap_err();
            assert!(!error.contains("secret"), "{wrong}: {error}");
        }
    }
}
