//! An identity provider by which people sign in (`OpenID` Connect).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use actix_web::http::Uri;
use syntopen_shared::config::Reader;
use syntopen_shared::secret::Secret;

use super::dashboard::PublicUrl;

const DEFAULT_NAME: &str = "single sign-on";
const NAME_MAX: usize = 60;

/// An identity provider by which people sign in.
#[derive(Clone, Debug)]
pub struct OidcSettings {
    /// `SYNTOPEN_OIDC_ISSUER`: its address, below which `/.well-known/openid-configuration` is; without it, people sign
    /// in by password alone.
    pub issuer: Issuer,
    /// `SYNTOPEN_OIDC_CLIENT_ID`: what it calls this gateway.
    pub client_id: String,
    /// `SYNTOPEN_OIDC_CLIENT_SECRET`: by what it knows this gateway.
    pub client_secret: Secret,
    /// `SYNTOPEN_OIDC_NAME`, default `single sign-on`: what people call it.
    pub name: String,
    /// Where it sends people back: `SYNTOPEN_PUBLIC_URL`.
    pub public_url: PublicUrl,
}

/// The address of an identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(String);

impl OidcSettings {
    pub(super) fn read(reader: &mut Reader, public_url: Option<&PublicUrl>) -> Option<Self> {
        let issuer: Option<Issuer> = reader.optional("SYNTOPEN_OIDC_ISSUER");
        let client_id: Option<String> = reader.optional("SYNTOPEN_OIDC_CLIENT_ID");
        let client_secret: Option<Secret> = reader.optional("SYNTOPEN_OIDC_CLIENT_SECRET");
        let name = reader.value("SYNTOPEN_OIDC_NAME", DEFAULT_NAME.to_owned());
        if name.chars().count() > NAME_MAX {
            reader.refuse("SYNTOPEN_OIDC_NAME", format!("must have at most {NAME_MAX} characters"));
        }
        let is_set = |reader: &Reader, name| reader.environment().get(name).is_some();
        let parts = ["SYNTOPEN_OIDC_ISSUER", "SYNTOPEN_OIDC_CLIENT_ID", "SYNTOPEN_OIDC_CLIENT_SECRET"];
        if !parts.iter().any(|part| is_set(reader, part)) {
            return None;
        }
        for part in parts.into_iter().chain(["SYNTOPEN_PUBLIC_URL"]) {
            if !is_set(reader, part) {
                reader.refuse(part, "must be set where people sign in by an identity provider");
            }
        }
        let (issuer, client_id, client_secret) = (issuer?, client_id?, client_secret?);
        Some(Self { issuer, client_id, client_secret, name, public_url: public_url?.clone() })
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Issuer {
    type Err = &'static str;

    /// What it says is worth as much as the way by which it arrives: nothing less than TLS, but from this machine.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Option<Uri> = text.parse().ok();
        let is_right = uri.is_some_and(|uri| {
            let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
            let is_local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
            let is_plain = uri.query().is_none() && uri.authority().is_some_and(|it| !it.as_str().contains('@'));
            let is_safe = uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && is_local);
            !host.is_empty() && is_plain && is_safe
        });
        if is_right { Ok(Self(text.to_owned())) } else { Err("must be like https://login.example.com") }
    }
}

#[cfg(test)]
mod tests {
    use syntopen_shared::config::InvalidSettings;

    use super::*;
    use crate::config::Config;

    const ALL: [(&str, &str); 4] = [
        ("SYNTOPEN_OIDC_ISSUER", "https://login.example.com/realm"),
        ("SYNTOPEN_OIDC_CLIENT_ID", "syntopen"),
        ("SYNTOPEN_OIDC_CLIENT_SECRET", "hidden"),
        ("SYNTOPEN_PUBLIC_URL", "https://api.example.com"),
    ];

    #[test]
    fn all_of_it_or_nothing() {
        let config = Config::read(ALL.into()).unwrap();
        assert_eq!(config.oidc.as_ref().unwrap().name, DEFAULT_NAME);
        assert!(!format!("{config:?}").contains("hidden"));
        assert!(Config::read([ALL[3]].into()).unwrap().oidc.is_none());
        for (place, (name, _)) in ALL.into_iter().enumerate() {
            let three = ALL.iter().enumerate().filter(|(at, _)| *at != place).map(|(_, pair)| *pair);
            let environment = three.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let InvalidSettings(problems) = Config::read(environment).unwrap_err();
            assert_eq!(problems.len(), 1);
            assert!(problems[0].starts_with(name), "{problems:?}");
        }
    }

    #[test]
    fn issuers() {
        for text in ["https://a.example", "http://127.0.0.1:1", "http://[::1]:1/x", "http://localhost"] {
            assert!(text.parse::<Issuer>().is_ok(), "{text}");
        }
        for text in ["", "a.example", "http://a.example", "https://u@a.example", "https://a.example?x", "file:///a"] {
            assert!(text.parse::<Issuer>().is_err(), "{text}");
        }
    }
}
