//! What a client is told when something goes wrong: OpenAI's error envelope, on every path.
//!
//! An error has a public half, which is sent, and a private cause, which is logged once where it is made. The second
//! never reaches a client.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Map, Value, json};
use syntopen_shared::money::NanoUsd;

use crate::answer::{UpstreamError, UpstreamErrorKind};
use crate::protocol::InvalidRequest;

const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// A refusal or a failure, as the client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    kind: &'static str,
    message: String,
    param: Option<String>,
    retry: Retry,
    funds: Option<Box<Funds>>,
}

/// What the client is told about trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retry {
    /// Nothing: the status speaks for itself.
    Unsaid,
    /// Not before so many milliseconds.
    AfterMs(u64),
    /// Not at all; a `Retry-After` in seconds for those who do all the same.
    Never(Option<u64>),
}

/// The figures of a 402.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Funds {
    /// What the request needs at least.
    pub required: NanoUsd,
    /// What is there for it.
    pub available: NanoUsd,
    /// What open holds reserve.
    pub held: NanoUsd,
    /// How many output tokens could be paid for.
    pub affordable_tokens: u64,
}

impl ApiError {
    const fn new(status: StatusCode, code: &'static str, kind: &'static str, message: String) -> Self {
        Self { status, code, kind, message, param: None, retry: Retry::Unsaid, funds: None }
    }

    /// 400: the payload is wrong.
    #[must_use]
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", "invalid_request_error", message.into())
    }

    /// 401: the bearer key is missing, malformed, unknown, revoked or expired.
    #[must_use]
    pub fn invalid_api_key(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_api_key", "authentication_error", message.into())
    }

    /// 402: the account, or the key's own limit, does not cover the request.
    #[must_use]
    pub fn insufficient_balance(message: impl Into<String>, funds: Funds) -> Self {
        let message = message.into();
        let error = Self::new(StatusCode::PAYMENT_REQUIRED, "insufficient_balance", "insufficient_quota", message);
        Self { retry: Retry::Never(None), funds: Some(Box::new(funds)), ..error }
    }

    /// 403: the key's allow-list excludes the model.
    #[must_use]
    pub fn model_not_allowed(model: &str) -> Self {
        let message = format!("This API key may not use the model `{}`.", shorten(model));
        Self::new(StatusCode::FORBIDDEN, "model_not_allowed", "permission_error", message).at("model")
    }

    /// 403: the operator suspended the account.
    #[must_use]
    pub fn account_suspended() -> Self {
        let message = "This account is suspended. Please contact the operator.".to_owned();
        Self::new(StatusCode::FORBIDDEN, "account_suspended", "permission_error", message)
    }

    /// 404: no such model, or none of its upstreams is configured.
    #[must_use]
    pub fn model_not_found(model: &str) -> Self {
        let message = format!("The model `{}` does not exist. GET /api/v1/models lists those that do.", shorten(model));
        Self::new(StatusCode::NOT_FOUND, "model_not_found", "invalid_request_error", message).at("model")
    }

    /// 404: no such path.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "invalid_request_error", message.into())
    }

    /// 405: the path does not take this method.
    #[must_use]
    pub fn method_not_allowed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "invalid_request_error", message.into())
    }

    /// 408: the body took too long to arrive.
    #[must_use]
    pub fn request_timeout() -> Self {
        let message = "The request did not arrive in time.".to_owned();
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "invalid_request_error", message)
    }

    /// 413: the body is larger than `limit` bytes.
    #[must_use]
    pub fn payload_too_large(limit: usize) -> Self {
        let message = format!("The request body must not exceed {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "invalid_request_error", message)
    }

    /// 415: the body is not declared to be JSON.
    #[must_use]
    pub fn unsupported_media_type() -> Self {
        let message = "The Content-Type must be application/json.".to_owned();
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "invalid_request_error", message)
    }

    /// 429: the key's own limit.
    #[must_use]
    pub fn rate_limit_exceeded(limit: u32, wait_ms: u64) -> Self {
        let message = format!("Rate limit reached: this API key may make {limit} requests per minute.");
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", "rate_limit_error", message);
        let retry = if limit == 0 { Retry::Never(Some(wait_ms.div_ceil(1_000))) } else { Retry::AfterMs(wait_ms) };
        Self { retry, ..error }
    }

    /// 500: a fault of ours. The cause is logged, not told.
    #[must_use]
    pub fn internal() -> Self {
        let message = "An internal error occurred. Please quote the X-Request-Id of this answer.".to_owned();
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "server_error", message)
    }

    /// 502: the provider failed.
    #[must_use]
    pub fn upstream_error(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "upstream_error", "server_error", message.into())
    }

    /// 503: the provider cannot take the request now.
    #[must_use]
    pub fn upstream_unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "upstream_unavailable", "server_error", message.into())
    }

    /// 503: everyone who could serve the request has failed too often, and is called again in so many milliseconds.
    #[must_use]
    pub fn upstreams_left_alone(ms: u64) -> Self {
        let message = "The providers of this model fail at the moment; try again later.";
        Self::upstream_unavailable(message).retry_after_ms(ms)
    }

    /// 504: the provider did not answer in time.
    #[must_use]
    pub fn upstream_timeout() -> Self {
        let message = "The provider did not answer in time.".to_owned();
        Self::new(StatusCode::GATEWAY_TIMEOUT, "upstream_timeout", "server_error", message)
    }

    /// What ends a stream that an upstream broke off.
    #[must_use]
    pub fn broken_stream() -> Self {
        Self::upstream_error("The provider broke off in the middle of the answer.")
    }

    /// What ends a stream whose client had stopped reading it.
    #[must_use]
    pub fn stalled_reader() -> Self {
        let message = "The answer was not read for too long and has been given up.".to_owned();
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "invalid_request_error", message)
    }

    /// 503: our own side cannot admit the request now.
    #[must_use]
    pub fn service_unavailable(message: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", "server_error", message.into());
        error.retry_after_ms(1_000)
    }

    /// What the framework refused with a status alone.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        let (code, message) = match status {
            StatusCode::NOT_FOUND => ("not_found", "There is nothing at this path."),
            StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "This path does not take this method."),
            StatusCode::REQUEST_TIMEOUT => ("request_timeout", "The request did not arrive in time."),
            StatusCode::PAYLOAD_TOO_LARGE => ("payload_too_large", "The request body is too large."),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ("unsupported_media_type", "The Content-Type must be application/json.")
            }
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
                ("headers_too_large", "The request's headers are too large.")
            }
            status if status.is_client_error() => ("invalid_request", "The request is not well-formed HTTP."),
            _ => return Self::internal(),
        };
        Self::new(status, code, "invalid_request_error", message.to_owned())
    }

    /// The same error, naming the field it is about.
    #[must_use]
    pub fn at(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    /// The same error, asking the client to wait so long before it tries again.
    #[must_use]
    pub fn retry_after_ms(self, ms: u64) -> Self {
        Self { retry: Retry::AfterMs(ms), ..self }
    }

    /// The envelope.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut error = Map::new();
        error.insert("message".to_owned(), json!(self.message));
        error.insert("type".to_owned(), json!(self.kind));
        error.insert("param".to_owned(), json!(self.param));
        error.insert("code".to_owned(), json!(self.code));
        if let Some(funds) = &self.funds {
            let usd = |amount: NanoUsd| json!(amount.to_decimal());
            error.insert("required_usd".to_owned(), usd(funds.required));
            error.insert("available_usd".to_owned(), usd(funds.available));
            error.insert("held_usd".to_owned(), usd(funds.held));
            error.insert("affordable_tokens".to_owned(), json!(funds.affordable_tokens));
        }
        json!({ "error": error })
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.status.as_u16(), self.code, self.message)
    }
}

impl std::error::Error for ApiError {}

impl From<InvalidRequest> for ApiError {
    fn from(invalid: InvalidRequest) -> Self {
        let message = invalid.to_string();
        Self { param: invalid.param, ..Self::invalid_request(message) }
    }
}

impl From<UpstreamError> for ApiError {
    /// What a client is told of an upstream's failure: the provider's own words only where they are about the request,
    /// and its rate limit never as if it were the client's.
    fn from(failure: UpstreamError) -> Self {
        use UpstreamErrorKind as Kind;
        const BUSY_MS: u64 = 5_000;
        match failure.kind {
            Kind::BadRequest => Self { param: failure.param, ..Self::invalid_request(failure.message) },
            Kind::Credential | Kind::NotFound => {
                Self::upstream_error("The provider does not serve this model to us at the moment.")
            }
            Kind::Billing => Self::upstream_unavailable("The provider does not serve us at the moment."),
            Kind::RateLimited => Self::upstream_unavailable("The provider limits our requests; try again later.")
                .retry_after_ms(failure.retry_after_ms.unwrap_or(BUSY_MS)),
            Kind::Overloaded => {
                let error = Self::upstream_unavailable("The provider is overloaded; try again later.");
                error.retry_after_ms(failure.retry_after_ms.unwrap_or(BUSY_MS))
            }
            Kind::Timeout => Self::upstream_timeout(),
            Kind::Unavailable => Self::upstream_error("The provider could not be reached."),
            Kind::Failed | Kind::Truncated | Kind::Unusable => Self::upstream_error("The provider failed."),
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        match self.retry {
            Retry::Unsaid => {}
            Retry::AfterMs(ms) => {
                response.insert_header((header::RETRY_AFTER, ms.div_ceil(1_000).max(1)));
                response.insert_header((RETRY_AFTER_MS, ms.max(1)));
            }
            Retry::Never(seconds) => {
                response.insert_header((SHOULD_RETRY, HeaderValue::from_static("false")));
                if let Some(seconds) = seconds {
                    response.insert_header((header::RETRY_AFTER, seconds));
                }
            }
        }
        response.json(self.body())
    }
}

/// At most sixty characters of what a client sent, so that an error does not echo a book.
fn shorten(text: &str) -> String {
    const SHOWN: usize = 60;
    if text.chars().count() <= SHOWN { text.to_owned() } else { text.chars().take(SHOWN).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_has_all_four_keys() {
        let body = ApiError::invalid_request("must be a string").at("model").body();
        let expected = json!({"error": {
            "message": "must be a string", "type": "invalid_request_error", "param": "model", "code": "invalid_request"
        }});
        assert_eq!(body, expected);
    }

    #[test]
    fn a_rate_limited_client_waits_no_shorter_than_needed() {
        let response = ApiError::rate_limit_exceeded(60, 1_001).error_response();
        assert_eq!(response.headers().get("retry-after").unwrap(), "2");
        assert_eq!(response.headers().get("retry-after-ms").unwrap(), "1001");
        let never = ApiError::rate_limit_exceeded(0, 60_000).error_response();
        assert_eq!(never.headers().get("retry-after").unwrap(), "60");
        assert_eq!(never.headers().get("x-should-retry").unwrap(), "false");
    }
}
