//! Whether the process lives, and whether it should be sent requests.

use actix_web::HttpResponse;
use actix_web::web::Data;
use syntopen_shared::shutdown::Shutdown;

use crate::error::ApiError;
use crate::window::Window;

/// The process answers.
pub(crate) async fn alive() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// Requests are welcome while the windows can be asked, until the shutdown is requested.
pub(crate) async fn ready(shutdown: Data<Shutdown>, window: Data<dyn Window>) -> Result<HttpResponse, ApiError> {
    if shutdown.is_requested() {
        return Err(ApiError::Draining);
    }
    window.ready().await?;
    Ok(HttpResponse::Ok().finish())
}
