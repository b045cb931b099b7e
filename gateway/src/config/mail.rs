//! Settings of the messages that are sent by mail.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use syntopen_shared::config::Reader;
use syntopen_shared::secret::Secret;

use super::PublicUrl;

/// What asks for no TLS where that is not on this machine.
const PLAIN: &str = "tls=none";
const WRONG: &str = "must be like smtps://user:password@mail.example.com or smtp://mail.example.com:587";

/// How messages are sent, and from whom.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// `SYNTOPEN_SMTP_URL`: the server, with the credentials for it.
    pub server: SmtpUrl,
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

impl MailSettings {
    /// `None` where no server is set: then nothing is sent.
    pub(super) fn read(reader: &mut Reader, public_url: Option<&PublicUrl>) -> Option<Self> {
        let alert_every = Duration::from_secs(reader.within("SYNTOPEN_ALERT_SECONDS", 30, 1..=3_600));
        let server: Option<SmtpUrl> = reader.optional("SYNTOPEN_SMTP_URL");
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
        Some(Self { server: server?, from: from?.0, public_url: public_url?.clone(), alert_every })
    }
}

impl SmtpUrl {
    /// A client of the server.
    ///
    /// # Errors
    /// Never, for what has been parsed.
    pub(crate) fn transport(&self, timeout: Duration) -> anyhow::Result<AsyncSmtpTransport<Tokio1Executor>> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(self.0.expose())?;
        Ok(builder.timeout(Some(timeout)).build())
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
            ("smtp", None) => format!("{text}?tls=required"),
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
    let server = server.trim_end_matches('/');
    let host = server.strip_prefix("[::1]").map_or_else(|| server.split(':').next(), |_| Some("::1"));
    matches!(host, Some("127.0.0.1" | "localhost" | "::1"))
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
