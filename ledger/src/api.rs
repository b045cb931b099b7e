//! The administration API.
//!
//! `POST /admin/<noun>/<verb>` with a command of [`syntopen_shared::wire::admin`] as JSON, and `GET /admin/reconcile`.
//! It has no credentials of its own: who serves it guards the way to it.

mod accounts;
mod keys;
mod reconcile;

use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Resource, ResponseError, web};
use syntopen_shared::wire::admin::Refused;

use crate::error::AdminError;

const BODY_MAX: usize = 64 * 1024;

/// The routes, over a `web::Data<Ledger>` that the application holds.
pub fn configure(config: &mut web::ServiceConfig) {
    let json = web::JsonConfig::default().limit(BODY_MAX).content_type_required(false).error_handler(refuse_body);
    config.service(
        web::scope("/admin")
            .app_data(json)
            .service(resource("/account/create").route(web::post().to(accounts::create)))
            .service(resource("/account/show").route(web::post().to(accounts::show)))
            .service(resource("/account/credit").route(web::post().to(accounts::credit)))
            .service(resource("/key/create").route(web::post().to(keys::create)))
            .service(resource("/key/list").route(web::post().to(keys::list)))
            .service(resource("/key/revoke").route(web::post().to(keys::revoke)))
            .service(resource("/reconcile").route(web::get().to(reconcile::report)))
            .default_service(web::to(no_such_command)),
    );
}

fn resource(path: &str) -> Resource {
    web::resource(path).default_service(web::to(method_not_allowed))
}

async fn no_such_command() -> HttpResponse {
    std::future::ready(refused(StatusCode::NOT_FOUND, "there is no such command".to_owned())).await
}

async fn method_not_allowed() -> HttpResponse {
    let message = "commands are sent by POST, reports are asked for by GET".to_owned();
    std::future::ready(refused(StatusCode::METHOD_NOT_ALLOWED, message)).await
}

fn refuse_body(error: actix_web::error::JsonPayloadError, _: &HttpRequest) -> actix_web::Error {
    let answer = refused(StatusCode::BAD_REQUEST, error.to_string());
    InternalError::from_response(error, answer).into()
}

fn refused(status: StatusCode, message: String) -> HttpResponse {
    HttpResponse::build(status).json(Refused { message })
}

impl ResponseError for AdminError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        refused(self.status_code(), self.to_string())
    }
}
