//! The routes of the service, all on one page.

mod check;
mod health;
mod metrics;

use actix_web::error::JsonPayloadError;
use actix_web::web::{self, JsonConfig, ServiceConfig};

use crate::error::ApiError;

/// More than the largest batch needs: 256 checks of at most 120 bytes.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

/// Registers the routes.
pub(crate) fn configure(routes: &mut ServiceConfig) {
    routes
        .app_data(JsonConfig::default().limit(MAX_BODY_BYTES).content_type_required(false).error_handler(refuse_body))
        .service(resource("/check", web::post().to(check::check)))
        .service(resource("/healthz", web::get().to(health::alive)))
        .service(resource("/readyz", web::get().to(health::ready)))
        .service(resource("/metrics", web::get().to(metrics::show)))
        .default_service(web::to(async || Err::<(), _>(ApiError::NotFound)));
}

fn resource(path: &str, route: actix_web::Route) -> actix_web::Resource {
    web::resource(path).route(route).default_service(web::to(async || Err::<(), _>(ApiError::MethodNotAllowed)))
}

fn refuse_body(error: JsonPayloadError, _request: &actix_web::HttpRequest) -> actix_web::Error {
    match error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => ApiError::TooLarge,
        error => ApiError::Invalid(format!("the body must be a JSON array of checks: {error}")),
    }
    .into()
}
