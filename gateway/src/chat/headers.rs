//! What the response headers of a completion tell besides the answer.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use syntopen_shared::wire::ratelimiter::Decision;

const RATE_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const RATE_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RATE_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const MAX_TOKENS: HeaderName = HeaderName::from_static("x-syntopen-max-tokens");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-syntopen-attempts");
const MICROS_PER_SECOND: u64 = 1_000_000;

/// The extension headers, which a browser may read when CORS is on.
pub const EXPOSED: [&str; 9] = [
    "x-request-id",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "x-syntopen-max-tokens",
    "x-syntopen-attempts",
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
    }
}
