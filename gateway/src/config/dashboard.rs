//! Settings of the dashboard.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use actix_web::http::Uri;
use ipnet::IpNet;
use syntopen_shared::config::Reader;
use syntopen_shared::secret::Secret;

/// A shorter secret could be guessed.
const SECRET_BYTES_MIN: usize = 32;

/// How the dashboard is reached, and who may sign up.
#[derive(Clone, Debug)]
pub struct DashboardSettings {
    /// `SYNTOPEN_PUBLIC_URL`: where customers reach the gateway; where it is not set, pages show the address that the
    /// request came to, and no message can be sent that has a link.
    pub public_url: Option<PublicUrl>,
    /// `SYNTOPEN_TRUSTED_PROXIES`, default none: address ranges whose `X-Forwarded-For` and `X-Forwarded-Proto` are
    /// believed.
    pub trusted_proxies: Vec<Proxies>,
    /// `SYNTOPEN_SESSION_SECRET`: proves the dashboard's own forms. In the embedded profile it is made and kept in the
    /// data directory where it is not set; in a cluster it then follows from the cluster token.
    pub session_secret: Option<Secret>,
    /// `SYNTOPEN_SIGN_UP`, default `open`: whether anybody may sign up, or only who is invited.
    pub sign_up: SignUp,
}

/// Who may sign up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUp {
    /// Anybody.
    Open,
    /// Who was invited.
    Invited,
}

/// Where customers reach the gateway: scheme and authority, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proxies(IpNet);

impl DashboardSettings {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let session_secret: Option<Secret> = reader.optional("SYNTOPEN_SESSION_SECRET");
        if session_secret.as_ref().is_some_and(|secret| secret.expose().len() < SECRET_BYTES_MIN) {
            let why = format!("must have at least {SECRET_BYTES_MIN} characters, drawn by chance");
            reader.refuse("SYNTOPEN_SESSION_SECRET", why);
        }
        Self {
            public_url: reader.optional("SYNTOPEN_PUBLIC_URL"),
            trusted_proxies: reader.list("SYNTOPEN_TRUSTED_PROXIES"),
            session_secret,
            sign_up: reader.value("SYNTOPEN_SIGN_UP", SignUp::Open),
        }
    }

    /// Whether what this address says of others is believed.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|range| range.0.contains(&address.to_canonical()))
    }
}

impl FromStr for SignUp {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "open" => Ok(Self::Open),
            "invited" => Ok(Self::Invited),
            _ => Err("must be open or invited"),
        }
    }
}

impl PublicUrl {
    /// Whether browsers reach it through TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Option<Uri> = text.parse().ok();
        let is_right = uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
                && uri.path() == "/"
                && uri.query().is_none()
        });
        let bare = text.strip_suffix('/').unwrap_or(text);
        if is_right { Ok(Self(bare.to_owned())) } else { Err("must be like https://api.example.com, without a path") }
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Proxies {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let range = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        range.map(Self).map_err(|_| "must be addresses or ranges such as 10.0.0.0/8")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_urls() {
        for text in ["https://api.example.com", "http://127.0.0.1:8080/"] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().to_string(), text.trim_end_matches('/'));
        }
        for text in ["api.example.com", "https://a/b", "ftp://a", "https://u@a", "https://a?b", "javascript:alert(1)"] {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn proxies() {
        let settings = DashboardSettings {
            public_url: None,
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()],
            session_secret: None,
            sign_up: SignUp::Open,
        };
        for (address, is_trusted) in [("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("::1", true), ("11.0.0.1", false)]
        {
            assert_eq!(settings.trusts(address.parse().unwrap()), is_trusted, "{address}");
        }
        assert!("everybody".parse::<Proxies>().is_err());
    }
}
