//! Reading a request body: declared as JSON, bounded in size and in time.

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt as _;

use crate::config::Config;
use crate::error::ApiError;

/// Reads the body of a request that must be JSON.
///
/// # Errors
/// 415 for another content type or an encoded body, 413 above the limit, 408 when it does not arrive in time, 400 when
/// it breaks off.
pub async fn read_json(head: &HttpRequest, body: Payload, config: &Config) -> Result<Bytes, ApiError> {
    if !is_json(head) {
        return Err(ApiError::unsupported_media_type());
    }
    let limit = config.limits.body_bytes;
    let declared = head.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|declared| declared > limit as u64) {
        return Err(ApiError::payload_too_large(limit));
    }
    let reading = actix_rt::time::timeout(config.timeouts.body, read(body, limit)).await;
    reading.map_err(|_| ApiError::request_timeout())?
}

fn is_json(head: &HttpRequest) -> bool {
    let media_type = head.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()?.split(';').next());
    let is_plain = |encoding: &HeaderValue| encoding.as_bytes().eq_ignore_ascii_case(b"identity");
    media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
        && head.headers().get_all(CONTENT_ENCODING).all(is_plain)
}

/// Most bodies arrive in one piece, which then is not copied.
async fn read(mut body: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let mut whole = Bytes::new();
    let mut pieces = BytesMut::new();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| ApiError::invalid_request("The request body broke off."))?;
        if whole.len().max(pieces.len()) + piece.len() > limit {
            return Err(ApiError::payload_too_large(limit));
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
    Ok(if pieces.is_empty() { whole } else { pieces.freeze() })
}
