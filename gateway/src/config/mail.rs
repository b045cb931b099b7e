//! Settings of the messages that are sent by mail.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use syntopen_shared::config::Reader;
use syntopen_shared::secret::Secret;

use super::PublicUrl;

/// What asks for no TLS where that is not on this machine.
const PLAIN: &str = "tls=none";
/// What asks for TLS from `STARTTLS` on, and for nothing without.
const REQUIRED: &str = "?tls=required";
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const WRONG: &str = "must be like smtps://user:password@mail.example.com or smtp://mail.example.com:587";

/// How messages are sent, and from whom.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// `SYNTOPEN_SMTP_URL`: the server, with the credentials for it.
    pub server: SmtpUrl,
    /// `SYNTOPEN_SMTP_CA`, default none: who may vouch for the server beside the authorities that browsers know.
    pub authority: Option<Authority>,
    /// `SYNTOPEN_SMTP_FROM`: the sender.
    pub from: Mailbox,
    /// `SYNTOPEN_PUBLIC_URL`, where links lead to.
    pub public_url: PublicUrl,
    /// `SYNTOPEN_ALERT_SECONDS`, default 30: how often it is looked whether a balance is low.
    pub alert_every: Duration,
}

/// A mail server: `smtps://` with TLS from the start, `smtp://` with TLS from `STARTTLS` on; without any to this machine,
/// or where the query is `tls=none`.
#[derive(Clone)]
pub struct SmtpUrl(Secret);

/// Who may vouch for a mail server: a file of certificates in PEM.
#[derive(Clone, Debug)]
pub struct Authority(Certificate);

impl MailSettings {
    /// `None` where no server is set: then nothing is sent.
    pub(super) fn read(reader: &mut Reader, public_url: Option<&PublicUrl>) -> Option<Self> {
        let alert_every = Duration::from_secs(reader.within("SYNTOPEN_ALERT_SECONDS", 30, 1..=3_600));
        let server: Option<SmtpUrl> = reader.optional("SYNTOPEN_SMTP_URL");
        let authority = reader.optional("SYNTOPEN_SMTP_CA");
        let from: Option<Sender> = reader.optional("SYNTOPEN_SMTP_FROM");
        let is_set = |reader: &Reader, name| reader.environment().get(name).is_some();
        let [has_server, has_from] = ["SYNTOPEN_SMTP_URL", "SYNTOPEN_SMTP_FROM"].map(|name| is_set(reader, name));
        if has_server && !has_from {
            reader.refuse("SYNTOPEN_SMTP_FROM", "must be set where SYNTOPEN_SMTP_URL is: who sends the messages");
        }
        if has_from && !has_server {
            reader.refuse("SYNTOPEN_SMTP_URL", "must be set where SYNTOPEN_SMTP_FROM is");
        }
        if has_server && !is_set(reader, "SYNTOPEN_PUBLIC_URL") {
            let why = "must be set where SYNTOPEN_SMTP_URL is: links in messages lead there";
            reader.refuse("SYNTOPEN_PUBLIC_URL", why);
        }
        Some(Self { server: server?, authority, from: from?.0, public_url: public_url?.clone(), alert_every })
    }
}

impl SmtpUrl {
    /// A client of the server, for whom this authority may vouch too.
    ///
    /// # Errors
    /// When the authority's certificates cannot be used.
    pub(crate) fn transport(
        &self,
        authority: Option<&Authority>,
        timeout: Duration,
    ) -> anyhow::Result<AsyncSmtpTransport<Tokio1Executor>> {
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(self.0.expose())?;
        if let Some(Authority(certificate)) = authority {
            let parameters = TlsParameters::builder(self.host().to_owned()).add_root_certificate(certificate.clone());
            builder = match self.0.expose().split_once("://") {
                Some(("smtps", _)) => builder.tls(Tls::Wrapper(parameters.build()?)),
                Some((_, rest)) if rest.ends_with(REQUIRED) => builder.tls(Tls::Required(parameters.build()?)),
                _ => builder,
            };
        }
        Ok(builder.timeout(Some(timeout)).build())
    }

    /// The server's name, which its certificate must have.
    fn host(&self) -> &str {
        let rest = self.0.expose().split_once("://").map_or("", |(_, rest)| rest);
        let place = rest.split('?').next().unwrap_or_default();
        host(place.rsplit_once('@').map_or(place, |(_, server)| server))
    }
}

impl FromStr for Authority {
    type Err = &'static str;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "must be a file of certificates in PEM";
        let pem = std::fs::read(path).map_err(|_| WRONG)?;
        // What has none is read as well, as no certificates.
        let has_any = pem.windows(BEGIN.len()).any(|piece| piece == BEGIN);
        Certificate::from_pem(&pem).ok().filter(|_| has_any).map(Self).ok_or(WRONG)
    }
}

impl FromStr for SmtpUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.split_once("://").ok_or(WRONG)?;
        let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
        let (credentials, server) = place.rsplit_once('@').map_or((None, place), |(user, server)| (Some(user), server));
        let url = match (scheme, query) {
            ("smtps", None) | ("smtp", Some("tls=required")) => text.to_owned(),
            ("smtp", None) if is_this_machine(server) => text.to_owned(),
            ("smtp", None) => format!("{text}{REQUIRED}"),
            ("smtp", Some(PLAIN)) if credentials.is_some() && !is_this_machine(server) => {
                return Err("must not send credentials to another machine without TLS");
            }
            ("smtp", Some(PLAIN)) => format!("{scheme}://{place}"),
            _ => return Err(WRONG),
        };
        // What the parser says of it may have the credentials in it.
        AsyncSmtpTransport::<Tokio1Executor>::from_url(&url).map_err(|_| WRONG)?;
        Ok(Self(Secret::new(url)))
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpUrl(***)")
    }
}

fn is_this_machine(server: &str) -> bool {
    matches!(host(server), "127.0.0.1" | "localhost" | "::1")
}

/// The host of a server that may have a port, and what follows it.
fn host(server: &str) -> &str {
    let server = server.split('/').next().unwrap_or_default();
    let bracketed = server.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    bracketed.map_or_else(|| server.split(':').next().unwrap_or_default(), |(host, _)| host)
}

struct Sender(Mailbox);

impl FromStr for Sender {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| "must be like Syntopen <no-reply@example.com>")
    }
}

#[cfg(test)]
mod tests {
    use syntopen_shared::config::InvalidSettings;

    use super::*;
    use crate::config::Config;

    #[test]
    fn credentials_never_go_plain_to_another_machine() {
        let kept = |text: &str| text.parse::<SmtpUrl>().unwrap().0.expose().to_owned();
        assert_eq!(kept("smtp://u:p@mail.example.com"), "smtp://u:p@mail.example.com?tls=required");
        assert_eq!(kept("smtp://u:p@127.0.0.1:2525"), "smtp://u:p@127.0.0.1:2525");
        assert_eq!(kept("smtp://[::1]:2525"), "smtp://[::1]:2525");
        assert_eq!(kept("smtp://relay:25?tls=none"), "smtp://relay:25");
        assert_eq!(kept("smtps://u:p@mail.example.com"), "smtps://u:p@mail.example.com");
        for wrong in
            ["mail.example.com", "http://mail", "smtp://u:p@mail?tls=none", "smtp://mail?tls=opportunistic", "smtp://"]
        {
            assert!(wrong.parse::<SmtpUrl>().is_err(), "{wrong}");
        }
        for (url, host) in [
            ("smtps://u:p%40x@mail.example.com:465", "mail.example.com"),
            ("smtp://mail.example.com/helo", "mail.example.com"),
            ("smtps://[2001:db8::1]:465", "2001:db8::1"),
        ] {
            assert_eq!(url.parse::<SmtpUrl>().unwrap().host(), host);
        }
        assert!(!format!("{:?}", "smtps://u:hush@mail".parse::<SmtpUrl>().unwrap()).contains("hush"));
    }

    #[test]
    fn what_is_missing_is_told_at_once() {
        let told = |environment: &[(&str, &str)]| {
            let settings = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let InvalidSettings(problems) = Config::read(settings.collect()).unwrap_err();
            problems
        };
        let lacking = told(&[("SYNTOPEN_SMTP_URL", "smtps://u:hush@mail.example.com")]);
        assert_eq!(lacking.len(), 2, "{lacking:?}");
        let wrong = told(&[
            ("SYNTOPEN_SMTP_URL", "smtp:u:hush@mail"),
            ("SYNTOPEN_SMTP_FROM", "nobody"),
            ("SYNTOPEN_ALERT_SECONDS", "0"),
        ]);
        assert_eq!(wrong.len(), 4, "{wrong:?}");
        assert!(!wrong.concat().contains("hush"));
        assert_eq!(told(&[("SYNTOPEN_SMTP_FROM", "a@example.com")]).len(), 1);
    }
}
