//! Whom the load is for. It is kept to this machine unless the caller says otherwise, so that a slip of the fingers
//! does not flood someone else's service.

use std::net::{SocketAddr, ToSocketAddrs as _};

const HTTP_PORT: u16 = 80;

/// A base URL, resolved.
#[derive(Debug, Clone)]
pub struct Target {
    address: SocketAddr,
    host: String,
    path: String,
}

/// Which targets are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Only this machine.
    Loopback,
    /// Any machine.
    Anywhere,
}

/// Why there is no target.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Another scheme, or no host.
    #[error("the URL must be http://host[:port][/path]")]
    NotHttp,
    /// The host has no address.
    #[error("the host {0} cannot be resolved")]
    Unresolved(String),
    /// The host is another machine.
    #[error("{0} is not this machine; --allow-remote allows it")]
    Remote(SocketAddr),
}

impl Target {
    /// Resolves a base URL such as `http://127.0.0.1:8080/api/v1`.
    ///
    /// # Errors
    /// When it is no such URL, has no address, or is out of `reach`.
    pub fn resolve(url: &str, reach: Reach) -> Result<Self, TargetError> {
        let rest = url.strip_prefix("http://").ok_or(TargetError::NotHttp)?;
        let (host, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        if host.is_empty() || path.contains(char::is_whitespace) {
            return Err(TargetError::NotHttp);
        }
        let unresolved = || TargetError::Unresolved(host.to_owned());
        let port = host.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        let name = if port.is_some() { host.to_owned() } else { format!("{host}:{HTTP_PORT}") };
        let address = name.to_socket_addrs().map_err(|_| unresolved())?.next().ok_or_else(unresolved)?;
        if reach == Reach::Loopback && !address.ip().is_loopback() {
            return Err(TargetError::Remote(address));
        }
        Ok(Self { address, host: host.to_owned(), path: path.trim_end_matches('/').to_owned() })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_base_urls() {
        let target = Target::resolve("http://127.0.0.1:8080/api/v1/", Reach::Loopback).unwrap();
        assert_eq!((target.address().port(), target.host(), target.path()), (8080, "127.0.0.1:8080", "/api/v1"));
        assert_eq!(Target::resolve("http://127.0.0.1", Reach::Loopback).unwrap().address().port(), 80);
    }

    #[test]
    fn keeps_to_this_machine() {
        assert!(matches!(Target::resolve("http://192.0.2.1:80", Reach::Loopback), Err(TargetError::Remote(_))));
        assert!(Target::resolve("http://192.0.2.1:80", Reach::Anywhere).is_ok());
        assert!(matches!(Target::resolve("https://127.0.0.1", Reach::Loopback), Err(TargetError::NotHttp)));
    }
}
