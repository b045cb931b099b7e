//! Where a service is: `http://host:port`, the host an address or a name that may have several.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

const SCHEME: &str = "http://";
/// A name server must answer within this time.
const RESOLVE_MAX: Duration = Duration::from_secs(2);

/// One URL of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceUrl {
    /// It names an address.
    Address(SocketAddr),
    /// It names a host, whose addresses are all replicas.
    Name(String),
}

/// Why a URL of a service is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be http://host:port, without a path; several are separated by commas")]
pub struct InvalidServiceUrl;

impl FromStr for ServiceUrl {
    type Err = InvalidServiceUrl;

    fn from_str(text: &str) -> Result<Self, InvalidServiceUrl> {
        let authority = text.strip_prefix(SCHEME).ok_or(InvalidServiceUrl)?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        if let Ok(address) = authority.parse() {
            return Ok(Self::Address(address));
        }
        let (host, port) = authority.rsplit_once(':').ok_or(InvalidServiceUrl)?;
        let is_host =
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        if is_host && port.parse::<u16>().is_ok() {
            Ok(Self::Name(authority.to_owned()))
        } else {
            Err(InvalidServiceUrl)
        }
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{SCHEME}{address}"),
            Self::Name(authority) => write!(f, "{SCHEME}{authority}"),
        }
    }
}

/// Whether there are names among them, whose addresses may change.
#[must_use]
pub fn have_names(urls: &[ServiceUrl]) -> bool {
    urls.iter().any(|url| matches!(url, ServiceUrl::Name(_)))
}

/// What names and addresses of a service come to.
#[derive(Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The addresses that were found, each once.
    pub addresses: Vec<SocketAddr>,
    /// Whether every name was found: else there may be more.
    pub is_whole: bool,
}

/// Looks up the addresses of a service.
pub async fn resolve(urls: &[ServiceUrl]) -> Resolved {
    let (mut addresses, mut is_whole) = (BTreeSet::new(), true);
    for url in urls {
        match url {
            ServiceUrl::Address(address) => drop(addresses.insert(*address)),
            ServiceUrl::Name(authority) => {
                let found = actix_rt::time::timeout(RESOLVE_MAX, tokio::net::lookup_host(authority.as_str())).await;
                match found {
                    Ok(Ok(found)) => addresses.extend(found),
                    // The replicas of other names are there all the same.
                    Ok(Err(_)) | Err(_) => is_whole = false,
                }
            }
        }
    }
    Resolved { addresses: addresses.into_iter().collect(), is_whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_host_and_a_port() {
        for text in ["http://127.0.0.1:7001", "http://[::1]:7001/", "http://ledger:7001", "http://a-b.c_d.svc:80"] {
            let url: ServiceUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), text.trim_end_matches('/'));
        }
        for wrong in ["", "ledger:7001", "https://ledger:7001", "http://ledger", "http://:1", "http://a:70000"] {
            assert_eq!(wrong.parse::<ServiceUrl>(), Err(InvalidServiceUrl), "{wrong}");
        }
        for wrong in ["http://a:1/b", "http://u@a:1", "http://a b:1", "http://a:1?x"] {
            assert_eq!(wrong.parse::<ServiceUrl>(), Err(InvalidServiceUrl), "{wrong}");
        }
    }

    #[actix_rt::test]
    async fn a_name_has_all_of_its_addresses() {
        let urls = ["http://localhost:7", "http://127.0.0.1:7", "http://127.0.0.1:8"].map(|url| url.parse().unwrap());
        assert!(have_names(&urls));
        let Resolved { addresses, is_whole } = resolve(&urls).await;
        assert!(is_whole);
        for port in [7, 8] {
            let expected = SocketAddr::from(([127, 0, 0, 1], port));
            assert_eq!(addresses.iter().filter(|address| **address == expected).count(), 1);
        }
    }

    #[actix_rt::test]
    async fn a_name_that_is_not_found_hides_no_other() {
        let urls = ["http://no-such-host.invalid:1", "http://127.0.0.1:7"].map(|url| url.parse().unwrap());
        let found = Resolved { addresses: vec![SocketAddr::from(([127, 0, 0, 1], 7))], is_whole: false };
        assert_eq!(resolve(&urls).await, found);
    }
}
