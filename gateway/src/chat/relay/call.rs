//! One call to an upstream.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use actix_web::web::{Bytes, BytesMut};
use awc::error::SendRequestError;
use awc::{Client, ClientResponse};
use futures_util::StreamExt as _;

use super::stream::{StreamRelay, Upstream};
use crate::answer::{AnswerContext, ChatAnswer, RetryHints, UpstreamError, UpstreamErrorKind};
use crate::app::App;
use crate::guard::HoldGuard;
use crate::meter::Route;
use crate::protocol::ChatRequest;
use crate::providers::{self, UpstreamRequest};

/// An error body is read no further than this.
const ERROR_BYTES_MAX: usize = 64 * 1_024;
/// And no longer than this.
const ERROR_WAIT: Duration = Duration::from_secs(5);
const AGENT: &str = concat!("syntopen/", env!("CARGO_PKG_VERSION"));

/// What all attempts of one request share.
pub struct Call<'a> {
    /// The gateway.
    pub app: &'a App,
    /// This worker's client.
    pub upstreams: &'a Client,
    /// What is asked.
    pub request: &'a ChatRequest,
    /// When a whole answer must be there, or the head of a stream.
    pub deadline: Instant,
}

/// An upstream's good answer.
pub enum Reply {
    /// A whole one.
    Json(ChatAnswer),
    /// The head of one.
    Stream(ClientResponse),
}

impl Call<'_> {
    /// Sends the request to one upstream and waits for a good answer, or for the head of one.
    ///
    /// # Errors
    /// When the upstream refuses or fails before that.
    pub async fn send(
        &self,
        request: UpstreamRequest,
        route: &Route,
        guard: &HoldGuard,
    ) -> Result<Reply, UpstreamError> {
        let result = self.attempt(request, route, guard).await;
        let word = result.as_ref().map_or_else(|failure| failure.kind.as_str(), |_| "answered");
        self.app.metrics.attempted(&route.candidate.upstream.name, word);
        result
    }

    async fn attempt(
        &self,
        request: UpstreamRequest,
        route: &Route,
        guard: &HoldGuard,
    ) -> Result<Reply, UpstreamError> {
        let first_byte = self.app.config.timeouts.first_byte;
        let sent = actix_rt::time::timeout(first_byte.min(self.left()), self.post(request)).await;
        let response = sent.map_err(|_| too_late())?.map_err(|error| broken(&error))?;
        if response.status() != StatusCode::OK {
            return Err(refusal(response, route).await);
        }
        if self.request.is_stream() && is_json(&response) {
            // Asked for a stream, some servers put an error into an answer of JSON that calls itself good.
            let provider = route.candidate.upstream.provider;
            let answer = providers::decode(provider, self.read(response).await?, &self.context(route, guard));
            return Err(answer.err().unwrap_or_else(UpstreamError::undecodable));
        }
        guard.meter().answered();
        if self.request.is_stream() {
            return Ok(Reply::Stream(response));
        }
        let body = actix_rt::time::timeout(self.left(), self.read(response)).await;
        let body = body.map_err(|_| too_late())??;
        providers::decode(route.candidate.upstream.provider, body, &self.context(route, guard)).map(Reply::Json)
    }

    /// The time until the deadline.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    fn post(&self, request: UpstreamRequest) -> awc::SendClientRequest {
        let accept = if self.request.is_stream() { "text/event-stream" } else { "application/json" };
        let (name, credential) = request.authorization;
        let post = self.upstreams.post(request.url);
        request
            .headers
            .iter()
            .fold(post, |post, header| post.insert_header(*header))
            .insert_header((name, credential.expose()))
            .insert_header((CONTENT_TYPE, "application/json"))
            .insert_header((ACCEPT, accept))
            .insert_header((USER_AGENT, AGENT))
            .send_body(request.body)
    }

    async fn read(&self, mut response: ClientResponse) -> Result<Bytes, UpstreamError> {
        let idle = self.app.config.timeouts.idle;
        let mut body = Body::default();
        loop {
            let next = actix_rt::time::timeout(idle, response.next()).await;
            match next.map_err(|_| too_late())? {
                None => return Ok(body.into_bytes()),
                Some(Err(_)) => return Err(UpstreamError::truncated()),
                Some(Ok(part)) => body.push(part),
            }
            if body.len() > self.app.config.limits.answer_bytes {
                return Err(UpstreamError::undecodable());
            }
        }
    }

    /// What the answer must say that its upstream does not know.
    fn context(&self, route: &Route, guard: &HoldGuard) -> AnswerContext {
        let provider = route.candidate.upstream.provider.as_str();
        AnswerContext::of(self.request, guard.meter().id(), (Arc::clone(&route.model.id), provider))
    }

    /// What relays the rest of a stream whose head has come.
    #[must_use]
    pub fn stream(&self, response: ClientResponse, route: &Route, guard: HoldGuard) -> StreamRelay {
        let context = self.context(route, &guard);
        StreamRelay::new(self.app, context, Upstream { response, route: route.clone(), guard })
    }
}

/// A body that is mostly one piece, which then is not copied.
#[derive(Default)]
struct Body {
    first: Bytes,
    rest: BytesMut,
}

impl Body {
    fn push(&mut self, part: Bytes) {
        match (self.first.is_empty(), self.rest.is_empty()) {
            (true, _) => self.first = part,
            (false, true) => {
                self.rest.extend_from_slice(&self.first);
                self.rest.extend_from_slice(&part);
            }
            (false, false) => self.rest.extend_from_slice(&part),
        }
    }

    fn len(&self) -> usize {
        self.first.len().max(self.rest.len())
    }

    fn into_bytes(self) -> Bytes {
        if self.rest.is_empty() { self.first } else { self.rest.freeze() }
    }
}

/// Reads what a refusing upstream says, as far as it is quick and short about it.
async fn refusal(mut response: ClientResponse, route: &Route) -> UpstreamError {
    let mut body = BytesMut::new();
    let reading = async {
        while let Some(Ok(part)) = response.next().await {
            let room = ERROR_BYTES_MAX - body.len();
            body.extend_from_slice(&part[..part.len().min(room)]);
            if body.len() == ERROR_BYTES_MAX {
                break;
            }
        }
    };
    // Whatever was read by then tells enough.
    let _ = actix_rt::time::timeout(ERROR_WAIT, reading).await;
    let text = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let hints = RetryHints { retry_after: text(RETRY_AFTER.as_str()), retry_after_ms: text("retry-after-ms") };
    let provider = route.candidate.upstream.provider;
    providers::decode_error(provider, response.status().as_u16(), &hints, &body)
}

fn is_json(response: &ClientResponse) -> bool {
    response.headers().get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/json"))
}

fn too_late() -> UpstreamError {
    UpstreamError::new(UpstreamErrorKind::Timeout, "The provider did not answer in time.")
}

/// No response head came.
fn broken(error: &SendRequestError) -> UpstreamError {
    tracing::warn!(cause = %error, "an upstream could not be reached or closed the connection");
    UpstreamError::new(UpstreamErrorKind::Unavailable, "The provider could not be reached.")
}
