//! What every answer has, whatever made it: a request id, and OpenAI's envelope where it is an error.

use std::panic::AssertUnwindSafe;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _, web};
use futures_util::FutureExt as _;
use serde_json::Value;
use syntopen_shared::id::RequestId;

use crate::app::App;
use crate::error::ApiError;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id that this request was given.
#[must_use]
pub fn request_id(request: &HttpRequest) -> RequestId {
    request.extensions().get::<RequestId>().copied().unwrap_or_else(RequestId::mint)
}

/// Mints the request id (only we do; an inbound one is not used), and turns whatever error the framework made into the
/// envelope.
///
/// # Errors
/// What the framework could not turn into a response.
pub async fn wrap<B>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<BoxBody>, Error>
where
    B: MessageBody + 'static,
{
    let id = RequestId::mint();
    request.extensions_mut().insert(id);
    let app = request.app_data::<web::Data<App>>().cloned();
    let mut response = enveloped(next.call(request).await?.map_into_boxed_body());
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    // The next request must not come over a connection that is about to be closed.
    if app.is_some_and(|app| app.shutdown.is_requested()) {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

/// Answers 500 where `answer` panics, which would else close the connection without a word.
pub async fn guarded(app: &App, head: &HttpRequest, answer: impl Future<Output = HttpResponse>) -> HttpResponse {
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_| {
        app.metrics.panics.inc();
        tracing::error!(request = %request_id(head), path = head.path(), "a panic was caught");
        ApiError::internal().error_response()
    })
}

/// An answer of JSON, or the error's own.
#[must_use]
pub fn json(answer: Result<Value, ApiError>) -> HttpResponse {
    match answer {
        Ok(body) => HttpResponse::Ok().json(body),
        Err(error) => error.error_response(),
    }
}

/// Errors of the framework have an empty body, or a text; ours have been written as JSON, or as a page, already.
fn enveloped(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let is_ours = || {
        let content_type = response.headers().get(CONTENT_TYPE).map(|value| value.as_bytes());
        content_type.is_some_and(|kind| kind.starts_with(b"application/json") || kind.starts_with(b"text/html"))
    };
    if status.as_u16() < 400 || is_ours() {
        return response;
    }
    response.map_body(|head, _| {
        head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        BoxBody::new(ApiError::of_status(status).body().to_string())
    })
}
