//! How the provider is spoken to: by the worker's own client.

use std::time::Duration;

use awc::Client;
use awc::http::Method;
use openidconnect::{HttpRequest, HttpResponse, http};

const TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// The provider was not reached, or answered what nobody can read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotReached(String);

/// Sends a request. Redirects are not followed: where to, would be the provider's choice.
pub(super) async fn send(client: &Client, request: HttpRequest) -> Result<HttpResponse, NotReached> {
    let cannot = |error: &dyn std::fmt::Display| NotReached(error.to_string());
    let (parts, body) = request.into_parts();
    let method = Method::from_bytes(parts.method.as_str().as_bytes()).map_err(|error| cannot(&error))?;
    let mut sending = client.request(method, parts.uri.to_string()).timeout(TIMEOUT);
    for (name, value) in &parts.headers {
        sending = sending.insert_header((name.as_str(), value.as_bytes()));
    }
    let mut answer = sending.send_body(body).await.map_err(|error| cannot(&error))?;
    let body = answer.body().limit(ANSWER_BYTES_MAX).await.map_err(|error| cannot(&error))?;
    let mut response = http::Response::builder().status(answer.status().as_u16());
    for (name, value) in answer.headers() {
        response = response.header(name.as_str(), value.as_bytes());
    }
    response.body(body.to_vec()).map_err(|error| cannot(&error))
}
