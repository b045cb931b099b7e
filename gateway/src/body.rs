//! Reading a request body: declared as JSON, bounded in size and in time.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Config;
use crate::error::ApiError;

const KIB: usize = 1_024;

/// A body, with its share of the memory that all bodies may take.
pub struct Body {
    /// The body.
    pub bytes: Bytes,
    /// Given back when the request is over.
    pub share: Option<OwnedSemaphorePermit>,
}

/// The memory that all bodies may take.
#[derive(Clone)]
pub struct Bodies(Arc<Semaphore>);

impl Bodies {
    /// So much, rounded down to whole KiB.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes / KIB).min(Semaphore::MAX_PERMITS))))
    }

    /// Takes what a piece needs, or nothing where that is not left.
    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, ApiError> {
        let share = u32::try_from(bytes.div_ceil(KIB))
            .ok()
            .and_then(|share| Arc::clone(&self.0).try_acquire_many_owned(share).ok());
        share.ok_or_else(|| ApiError::service_unavailable("The gateway is full at the moment."))
    }
}

/// Reads the body of a request that must be JSON.
///
/// # Errors
/// 415 for another content type or an encoded body, 413 above the limit, 408 when it does not arrive in time, 400 when
/// it breaks off, 503 when bodies take all the memory that they may.
pub async fn read_json(head: &HttpRequest, body: Payload, config: &Config, bodies: &Bodies) -> Result<Body, ApiError> {
    if !is_json(head) {
        return Err(ApiError::unsupported_media_type());
    }
    let limit = config.limits.body_bytes;
    let declared = head.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|declared| declared > limit as u64) {
        return Err(ApiError::payload_too_large(limit));
    }
    let reading = actix_rt::time::timeout(config.timeouts.body, read(body, limit, bodies)).await;
    reading.map_err(|_| ApiError::request_timeout())?
}

fn is_json(head: &HttpRequest) -> bool {
    let media_type = head.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()?.split(';').next());
    let is_plain = |encoding: &HeaderValue| encoding.as_bytes().eq_ignore_ascii_case(b"identity");
    media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
        && head.headers().get_all(CONTENT_ENCODING).all(is_plain)
}

/// Most bodies arrive in one piece, which then is not copied.
async fn read(mut body: Payload, limit: usize, bodies: &Bodies) -> Result<Body, ApiError> {
    let mut share: Option<OwnedSemaphorePermit> = None;
    let mut whole = Bytes::new();
    let mut pieces = BytesMut::new();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| ApiError::invalid_request("The request body broke off."))?;
        if whole.len().max(pieces.len()) + piece.len() > limit {
            return Err(ApiError::payload_too_large(limit));
        }
        let more = bodies.take(piece.len())?;
        match &mut share {
            Some(share) => share.merge(more),
            None => share = Some(more),
        }
        if whole.is_empty() {
            whole = piece;
        } else {
            if pieces.is_empty() {
                pieces.extend_from_slice(&whole);
            }
            pieces.extend_from_slice(&piece);
        }
    }
    Ok(Body { bytes: if pieces.is_empty() { whole } else { pieces.freeze() }, share })
}
