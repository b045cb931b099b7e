//! Proof that a caller belongs to the cluster.

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::web::Data;
use syntopen_shared::secret::Secret;

use super::refused;

/// Lets requests through that show the cluster token; nobody else's body is read.
pub(super) async fn only<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let expected = request.app_data::<Data<Secret>>();
    if matches!((shown, expected), (Some(shown), Some(token)) if token.is(shown)) {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    let message = "send the cluster token as Authorization: Bearer".to_owned();
    Ok(request.into_response(refused(StatusCode::UNAUTHORIZED, message)))
}
