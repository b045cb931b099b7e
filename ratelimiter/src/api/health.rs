//! Whether the process lives, and whether it should be sent requests.

use actix_web::HttpResponse;
use actix_web::web::Data;
use syntopen_shared::shutdown::Shutdown;

use crate::error::ApiError;

/// The process answers.
pub(crate) async fn alive() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// Requests are welcome until the shutdown is requested.
pub(crate) async fn ready(shutdown: Data<Shutdown>) -> Result<HttpResponse, ApiError> {
    if shutdown.is_requested() { Err(ApiError::Draining) } else { Ok(HttpResponse::Ok().finish()) }
}
