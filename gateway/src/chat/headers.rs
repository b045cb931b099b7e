//! What the response headers of a completion tell besides the answer.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use syntopen_shared::wire::ratelimiter::Decision;

const RATE_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const RATE_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RATE_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const MAX_TOKENS: HeaderName = HeaderName::from_static("x-syntopen-max-tokens");
const DROPPED_PARAMS: HeaderName = HeaderName::from_static("x-syntopen-dropped-params");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-syntopen-attempts");
/// The longest list of dropped parameters.
const DROPPED_CHARS_MAX: usize = 1_024;
const ELLIPSIS: &str = ", ...";
const MICROS_PER_SECOND: u64 = 1_000_000;

/// The extension headers, which a browser may read when CORS is on.
pub const EXPOSED: [&str; 10] = [
    "x-request-id",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "x-syntopen-max-tokens",
    "x-syntopen-attempts",
    "x-syntopen-dropped-params",
];

/// Gathered on the way through the stages.
#[derive(Debug, Default)]
pub struct AnswerHeaders {
    /// The key's window; known after the second stage.
    pub rate: Option<RateHeaders>,
    /// The output maximum that was set because the balance affords no more.
    pub max_tokens: Option<u64>,
    /// How many upstream calls were made.
    pub attempts: u32,
    /// Parameters that the upstream was not sent, because its provider does not have them and they do not change what
    /// is asked for.
    pub dropped: Vec<String>,
}

/// The state of a key's window after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateHeaders {
    limit: u32,
    remaining: u32,
    reset_seconds: u64,
}

impl RateHeaders {
    /// What to tell after `decision` under `limit`.
    #[must_use]
    pub const fn new(limit: u32, decision: &Decision) -> Self {
        // A slot frees a microsecond after its 60 s are over, which is not worth telling a 61st second.
        let reset_seconds = decision.next_us.saturating_sub(1).div_ceil(MICROS_PER_SECOND);
        Self { limit, remaining: decision.remaining, reset_seconds }
    }
}

impl AnswerHeaders {
    /// Writes what is known.
    pub fn write(&self, headers: &mut HeaderMap) {
        if let Some(rate) = &self.rate {
            headers.insert(RATE_LIMIT, HeaderValue::from(rate.limit));
            headers.insert(RATE_REMAINING, HeaderValue::from(rate.remaining));
            headers.insert(RATE_RESET, HeaderValue::from(rate.reset_seconds));
        }
        if let Some(max_tokens) = self.max_tokens {
            headers.insert(MAX_TOKENS, HeaderValue::from(max_tokens));
        }
        if self.attempts > 0 {
            headers.insert(ATTEMPTS, HeaderValue::from(self.attempts));
        }
        if let Ok(dropped) = HeaderValue::from_str(&listed(&self.dropped))
            && !dropped.is_empty()
        {
            headers.insert(DROPPED_PARAMS, dropped);
        }
    }
}

/// Names on one line, as many as fit. Some are the client's own: what no header can carry is shown as `?`.
fn listed(names: &[String]) -> String {
    let mut line = String::new();
    for name in names {
        if DROPPED_CHARS_MAX < line.len() + name.len() + ELLIPSIS.len() {
            line.push_str(if line.is_empty() { "..." } else { ELLIPSIS });
            break;
        }
        if !line.is_empty() {
            line.push_str(", ");
        }
        let shown = |char: char| if char.is_ascii_graphic() && char != ',' { char } else { '?' };
        line.extend(name.chars().map(shown));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dropped(names: &[&str]) -> Option<String> {
        let dropped = names.iter().map(|name| (*name).to_owned()).collect();
        let mut headers = HeaderMap::new();
        AnswerHeaders { dropped, ..AnswerHeaders::default() }.write(&mut headers);
        headers.get(DROPPED_PARAMS).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn dropped_parameters_are_named_on_one_line() {
        assert_eq!(dropped(&[]), None);
        assert_eq!(dropped(&["seed", "messages[0].name"]).as_deref(), Some("seed, messages[0].name"));
        assert_eq!(dropped(&["a\r\nset-cookie: x", "\u{e9},"]).as_deref(), Some("a??set-cookie:?x, ??"));
        let long = "x".repeat(DROPPED_CHARS_MAX);
        assert_eq!(dropped(&["seed", &long, "user"]).as_deref(), Some("seed, ..."));
        assert_eq!(dropped(&[&long]).as_deref(), Some("..."));
    }
}
