//! How requests to the service fail. Every answer is JSON; what went wrong inside goes to the log alone.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;
use syntopen_shared::wire::ratelimiter::LEAVING;

use crate::window::Unavailable;

/// A request that was not served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The cluster token is missing or wrong.
    #[error("send the cluster token as Authorization: Bearer")]
    Unauthorized,
    /// The body is not what the operation takes.
    #[error("{0}")]
    Invalid(String),
    /// The body is larger than any batch can be.
    #[error("a batch is at most {} bytes", crate::api::MAX_BODY_BYTES)]
    TooLarge,
    /// There is no such path.
    #[error("no such path: POST /check, GET /healthz, GET /readyz and GET /metrics are all there is")]
    NotFound,
    /// The path is served with another method.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The service is about to stop.
    #[error("shutting down")]
    Draining,
    /// The windows cannot be asked.
    #[error("the rate limit windows are unavailable")]
    Unavailable(#[from] Unavailable),
}

impl ApiError {
    /// What callers may branch on.
    const fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Invalid(_) => "invalid_request",
            Self::TooLarge => "payload_too_large",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Draining => LEAVING,
            Self::Unavailable(_) => "service_unavailable",
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Draining | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Unavailable(Unavailable(cause)) = self {
            // Whoever could not ask has logged it, and not once a request.
            tracing::debug!(error = format!("{cause:#}"), "the windows cannot be asked");
        }
        let mut response = HttpResponse::build(self.status_code());
        if matches!(self, Self::Draining) {
            // Whatever the caller has to ask next, it asks another replica.
            response.force_close();
        }
        response.json(json!({ "error": { "code": self.code(), "message": self.to_string() } }))
    }
}
