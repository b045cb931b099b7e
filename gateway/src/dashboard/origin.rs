//! Where a request comes from, and where its sender believes to be.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderName};
use ipnet::Ipv6Net;

use crate::app::App;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// So much of an IPv6 address is a network's: whoever has one address has all that begin like it.
const NETWORK_BITS: u8 = 64;

/// Where a request comes from, and where its sender believes to be.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The address of the client; behind trusted proxies, the one that they tell.
    pub(crate) address: IpAddr,
    /// Whether the browser speaks through TLS.
    pub(crate) is_secure: bool,
    /// Scheme and authority by which the browser reaches us.
    pub(crate) base: String,
}

impl Origin {
    /// The origin of a request.
    #[must_use]
    pub(crate) fn of(app: &App, request: &HttpRequest) -> Self {
        let settings = &app.config.dashboard;
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip()).to_canonical();
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let is_proxied = settings.trusts(peer);
        // The last of the addresses that no trusted proxy has is the client's: those before it are its own words.
        let told = request.headers().get_all(FORWARDED_FOR).filter_map(|value| value.to_str().ok());
        let told: Vec<&str> = told.flat_map(|value| value.split(',')).collect();
        let mut address = peer;
        for hop in told.iter().rev().map(|hop| read(hop.trim())) {
            if !settings.trusts(address) {
                break;
            }
            let Some(hop) = hop else { break };
            address = hop.to_canonical();
        }
        let is_secure = match &settings.public_url {
            Some(url) => url.is_secure(),
            None => is_proxied && header(FORWARDED_PROTO) == Some("https"),
        };
        let base = settings.public_url.as_ref().map_or_else(
            || format!("{}://{}", if is_secure { "https" } else { "http" }, header(HOST).unwrap_or("localhost")),
            ToString::to_string,
        );
        Self { address, is_secure, base }
    }

    /// What attempts are counted by: the address, or the network that it is of where everybody has many.
    #[must_use]
    pub(crate) fn network(&self) -> String {
        match self.address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                Ipv6Net::new(address, NETWORK_BITS).map_or_else(|_| address.to_string(), |net| net.trunc().to_string())
            }
        }
    }
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn read(hop: &str) -> Option<IpAddr> {
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    hop.parse().ok().or_else(with_port).or_else(bracketed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_by_networks() {
        let network = |text: &str| {
            let address = read(text).unwrap();
            Origin { address, is_secure: false, base: String::new() }.network()
        };
        assert_eq!(network("10.0.0.1:4711"), "10.0.0.1");
        for same in ["2001:db8:1:2::1", "[2001:db8:1:2:ffff:ffff:ffff:ffff]", "[2001:db8:1:2::3]:443"] {
            assert_eq!(network(same), "2001:db8:1:2::/64");
        }
        assert_ne!(network("2001:db8:1:3::1"), network("2001:db8:1:2::1"));
        for wrong in ["", "unknown", "_hidden", "10.0.0", "[10.0.0.1"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
