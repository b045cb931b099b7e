//! Why an upstream gave no answer, and what of its words may be told.

use std::time::Duration;

/// The longest message that is passed on, in characters.
const MAX_MESSAGE_CHARS: usize = 500;
const MAX_PARAM_CHARS: usize = 200;
/// A longer wait is no help to anybody who retries.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3_600);
/// Words of this length with letters and digits mixed are taken for credentials.
const OPAQUE_CHARS: usize = 32;
const REDACTED: &str = "[redacted]";
/// How the keys of known vendors, and the ids of an operator's organisation there, begin.
const SECRET_PREFIXES: [&str; 10] = ["sk-", "sk_", "gsk_", "xai-", "pplx-", "AIza", "AKIA", "eyJ", "org-", "proj_"];
/// How names of hosts end, as far as upstreams and what stands before them go.
const HOST_ENDINGS: [&str; 11] =
    [".com", ".net", ".org", ".io", ".ai", ".dev", ".cloud", ".local", ".internal", ".svc", "localhost"];

/// Why an upstream gave no answer, or only a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UpstreamErrorKind {
    /// It refused what the client sent.
    BadRequest,
    /// It refused the gateway's credential.
    Credential,
    /// The operator's credit with it is used up.
    Billing,
    /// It does not have the model (any more).
    NotFound,
    /// The operator's rate limit with it is used up.
    RateLimited,
    /// It has too much to do.
    Overloaded,
    /// It could not be reached.
    Unavailable,
    /// It did not answer in time.
    Timeout,
    /// It failed, or its answer could not be understood.
    Failed,
    /// Its stream ended without the mark of an end.
    Truncated,
    /// It answered, but with nothing that could be used: the model's own doing.
    Unusable,
}

impl UpstreamErrorKind {
    /// The word for it in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Credential => "credential",
            Self::Billing => "billing",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Failed => "failed",
            Self::Truncated => "truncated",
            Self::Unusable => "unusable",
        }
    }
}

/// A failure of an upstream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UpstreamError {
    /// What went wrong.
    pub kind: UpstreamErrorKind,
    /// The HTTP status, or the one that a body under another status names. `None` where there was no answer.
    pub status: Option<u16>,
    /// What the upstream said, without hosts and credentials, at most 500 characters. Clients are shown it for
    /// [`UpstreamErrorKind::BadRequest`] only; logs must leave it out just there, because it may quote a prompt.
    pub message: String,
    /// The field of the client's request that the upstream complains about.
    pub param: Option<String>,
    /// How long the upstream asks to be left alone, in milliseconds; an hour at most.
    pub retry_after_ms: Option<u64>,
}

/// What an answer's head says about when to come again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryHints<'a> {
    /// The header `retry-after`.
    pub retry_after: Option<&'a str>,
    /// The header `retry-after-ms`.
    pub retry_after_ms: Option<&'a str>,
}

impl UpstreamError {
    /// An error with a message of our own.
    #[must_use]
    pub fn new(kind: UpstreamErrorKind, message: &str) -> Self {
        Self { kind, status: None, message: message.to_owned(), param: None, retry_after_ms: None }
    }

    /// An answer that could not be understood. Nothing of it is repeated.
    #[must_use]
    pub fn undecodable() -> Self {
        Self::new(UpstreamErrorKind::Failed, "The provider's answer could not be understood.")
    }

    /// A stream that ended too early.
    #[must_use]
    pub fn truncated() -> Self {
        Self::new(UpstreamErrorKind::Truncated, "The provider's answer ended before it was complete.")
    }

    /// Whether another upstream may well serve the request, though this one will not.
    #[must_use]
    pub const fn is_upstreams_own(&self) -> bool {
        matches!(self.kind, UpstreamErrorKind::Credential | UpstreamErrorKind::Billing | UpstreamErrorKind::NotFound)
    }

    /// Whether the same request may be sent to the same upstream again, as long as the client has got nothing.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self.kind {
            UpstreamErrorKind::Unavailable | UpstreamErrorKind::RateLimited | UpstreamErrorKind::Overloaded => true,
            // After a time-out of our own the request may well be running, and there is no time left.
            UpstreamErrorKind::Timeout => self.status.is_some(),
            UpstreamErrorKind::Failed => matches!(self.status, Some(409 | 500..=599)),
            UpstreamErrorKind::BadRequest
            | UpstreamErrorKind::Credential
            | UpstreamErrorKind::Billing
            | UpstreamErrorKind::NotFound
            | UpstreamErrorKind::Truncated
            | UpstreamErrorKind::Unusable => false,
        }
    }
}

impl RetryHints<'_> {
    /// The wait in milliseconds, rounded up; the finer header goes first. A date is no hint here, since it would need
    /// a clock that agrees with the provider's.
    #[must_use]
    pub fn wait_ms(&self) -> Option<u64> {
        let millis = self.retry_after_ms.and_then(|text| duration(text, 1e-3));
        let wait = millis.or_else(|| self.retry_after.and_then(|text| duration(text, 1.0)))?;
        u64::try_from(wait.min(MAX_RETRY_AFTER).as_micros().div_ceil(1_000)).ok()
    }
}

fn duration(text: &str, unit_seconds: f64) -> Option<Duration> {
    let count = text.trim().parse::<f64>().ok().filter(|count| !count.is_nan())?;
    Duration::try_from_secs_f64((count * unit_seconds).min(MAX_RETRY_AFTER.as_secs_f64())).ok()
}

/// An upstream's message as it may be told: on one line, without HTML, hosts, addresses or anything like a credential,
/// and not too long. `None` where nothing is left to tell.
#[must_use]
pub fn scrub(message: &str) -> Option<String> {
    let lower = message.to_ascii_lowercase();
    if ["<html", "<!doctype", "<head", "<body"].iter().any(|mark| lower.contains(mark)) {
        return None;
    }
    // Long messages are cut before they are looked at, at a bound that redaction cannot make shorter than the last.
    let shortened: String = message.chars().take(4 * MAX_MESSAGE_CHARS).collect();
    let mut words: Vec<String> = Vec::new();
    let mut after_scheme = false;
    for word in shortened.split(|char: char| char.is_whitespace() || char.is_control()).filter(|word| !word.is_empty())
    {
        words.push(if after_scheme { REDACTED.to_owned() } else { redact(word) });
        let scheme = word.trim_end_matches(|char: char| !char.is_alphanumeric()).to_ascii_lowercase();
        after_scheme = scheme.ends_with("bearer");
    }
    let told: String = words.join(" ").chars().take(MAX_MESSAGE_CHARS).collect();
    (!told.is_empty()).then_some(told)
}

/// The name of a request's field as it may be told.
#[must_use]
pub fn scrub_param(param: &str) -> Option<String> {
    let fits = !param.is_empty() && param.chars().count() <= MAX_PARAM_CHARS;
    (fits && scrub(param).as_deref() == Some(param)).then(|| param.to_owned())
}

/// Replaces what is secret within one word and leaves quotes and brackets around it.
fn redact(word: &str) -> String {
    let is_bracket = |char: char| "\"'`()<>[]{},;=".contains(char);
    let mut told = String::with_capacity(word.len());
    for piece in word.split_inclusive(is_bracket) {
        let inside = piece.trim_end_matches(is_bracket);
        told.push_str(if is_secret(inside) { REDACTED } else { inside });
        told.push_str(&piece[inside.len()..]);
    }
    told
}

fn is_secret(piece: &str) -> bool {
    has_secret_prefix(piece) || piece.contains("://") || is_host(piece) || piece.split(['.', ':']).any(is_opaque)
}

fn has_secret_prefix(piece: &str) -> bool {
    let is_start = |at: usize| !piece[..at].ends_with(|char: char| char.is_ascii_alphanumeric());
    SECRET_PREFIXES.iter().any(|prefix| piece.match_indices(prefix).any(|(at, _)| is_start(at)))
}

fn is_host(piece: &str) -> bool {
    let authority = piece.split('/').next().unwrap_or_default().trim_end_matches(['.', ':']).to_ascii_lowercase();
    let (name, port) = authority.split_once(':').unwrap_or((&authority, ""));
    let name = name.rsplit('@').next().unwrap_or_default();
    let is_ipv6 = piece.matches(':').count() > 2 && piece.chars().all(|char| char.is_ascii_hexdigit() || char == ':');
    let is_label = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    let has_port = matches!(port.len(), 4 | 5) && port.bytes().all(|byte| byte.is_ascii_digit());
    is_ipv6
        || (is_label && has_port)
        || name.parse::<std::net::Ipv4Addr>().is_ok()
        || HOST_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn is_opaque(piece: &str) -> bool {
    let is_mixed =
        piece.bytes().any(|byte| byte.is_ascii_digit()) && piece.bytes().any(|byte| byte.is_ascii_alphabetic());
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'/' | b'*');
    piece.len() >= OPAQUE_CHARS && is_mixed && piece.bytes().all(is_token)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_and_hosts_are_not_told() {
        for (message, told) in [
            ("Incorrect API key provided: sk-proj-abc****wxyz.", "Incorrect API key provided: [redacted]"),
            ("See https://platform.openai.com/account, please", "See [redacted], please"),
            ("no route to api.openai.com:443", "no route to [redacted]"),
            ("dial 10.0.3.17:8080 or localhost:11434", "dial [redacted] or [redacted]"),
            ("upstream vllm-0:8000 or bob@gpu.internal", "upstream [redacted] or [redacted]"),
            ("Authorization:Bearer abc", "Authorization:Bearer [redacted]"),
            ("header 'Authorization: Bearer abc123' is bad", "header 'Authorization: Bearer [redacted] is bad"),
            ("key=AIzaSyA-123, token \"gsk_1\"", "key=[redacted], token \"[redacted]\""),
            ("in organization org-AbC on tokens", "in organization [redacted] on tokens"),
            ("id 0123456789abcdef0123456789abcdef failed", "id [redacted] failed"),
            ("two\nlines\tand\u{0}more", "two lines and more"),
        ] {
            assert_eq!(scrub(message).as_deref(), Some(told));
        }
    }

    #[test]
    fn what_helps_the_client_is_told() {
        for message in [
            "Invalid value: 'messages[0].content'. Supported values are: 'text', and 'image_url'.",
            "Unsupported parameter: 'max_tokens' is not supported with gpt-4.1-mini, use 'max_completion_tokens'.",
            "Invalid max_tokens:4096, messages:3.",
            "Invalid schema for response_format 'risk-score': schema.properties.name.io_type is missing",
            "This model's maximum context length is 128000 tokens. However, your messages resulted in 130012 tokens.",
            "An assistant message with 'tool_calls' must be followed by tool messages: call_AbCdEfGhIjKlMnOpQrStUvWx",
        ] {
            assert_eq!(scrub(message).as_deref(), Some(message));
        }
    }

    #[test]
    fn html_is_not_told_and_long_messages_are_cut() {
        assert_eq!(scrub("<!DOCTYPE html><p>nginx</p>"), None);
        assert_eq!(scrub(" \n "), None);
        assert_eq!(scrub(&"é ".repeat(2_000)).unwrap().chars().count(), MAX_MESSAGE_CHARS);
    }

    #[test]
    fn params_are_told_whole_or_not_at_all() {
        assert_eq!(
            scrub_param("messages[2].content[0].image_url").as_deref(),
            Some("messages[2].content[0].image_url")
        );
        assert_eq!(scrub_param("sk-abc"), None);
        assert_eq!(scrub_param(""), None);
    }

    #[test]
    fn waits_are_rounded_up_and_bounded() {
        let seconds = |text| RetryHints { retry_after: Some(text), retry_after_ms: None }.wait_ms();
        assert_eq!(seconds("17"), Some(17_000));
        assert_eq!(seconds(" 0.0005 "), Some(1));
        assert_eq!(seconds("1e300"), Some(3_600_000));
        for text in ["", "-1", "NaN", "soon", "Wed, 21 Oct 2026 07:28:00 GMT"] {
            assert_eq!(seconds(text), None, "{text}");
        }
        let both = RetryHints { retry_after: Some("2"), retry_after_ms: Some("1500") };
        assert_eq!(both.wait_ms(), Some(1_500));
        assert_eq!(RetryHints { retry_after: Some("2"), retry_after_ms: Some("x") }.wait_ms(), Some(2_000));
    }

    #[test]
    fn only_what_may_help_is_retried() {
        use UpstreamErrorKind as Kind;
        let error = |kind, status| UpstreamError { status, ..UpstreamError::new(kind, "") };
        for (kind, status) in [
            (Kind::Unavailable, None),
            (Kind::RateLimited, Some(429)),
            (Kind::Overloaded, Some(529)),
            (Kind::Timeout, Some(408)),
            (Kind::Failed, Some(409)),
            (Kind::Failed, Some(500)),
        ] {
            assert!(error(kind, status).is_retryable(), "{kind:?}");
        }
        for (kind, status) in [
            (Kind::BadRequest, Some(400)),
            (Kind::Billing, Some(429)),
            (Kind::Credential, Some(401)),
            (Kind::NotFound, Some(404)),
            (Kind::Timeout, None),
            (Kind::Failed, Some(200)),
            (Kind::Truncated, None),
            (Kind::Unusable, None),
        ] {
            assert!(!error(kind, status).is_retryable(), "{kind:?}");
        }
    }

    proptest! {
        #[test]
        fn no_message_is_too_long_or_broken(message in "\\PC{0,60}|(sk-|Bearer |http://| |=|é){0,40}") {
            if let Some(told) = scrub(&message) {
                prop_assert!(told.chars().count() <= MAX_MESSAGE_CHARS);
                prop_assert!(!told.contains("sk-") && !told.contains("://"));
            }
        }
    }
}
