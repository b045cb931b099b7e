//! Where a request comes from, and where its sender believes to be.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderName};

use crate::app::App;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

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
        for hop in told.iter().rev().map(|hop| hop.trim().parse::<IpAddr>()) {
            if !settings.trusts(address) {
                break;
            }
            let Ok(hop) = hop else { break };
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
}
