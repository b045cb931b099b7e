//! The APIs: administration, and in a cluster the commands of gateways.
//!
//! Administration is `POST /admin/<noun>/<verb>` with a command of [`syntopen_shared::wire::admin`] as JSON, and `GET
//! /admin/reconcile`. It has no credentials of its own: who serves it guards the way to it. The service serves it and
//! the commands of [`syntopen_shared::wire::ledger`] to who shows the cluster token.

mod accounts;
mod commands;
mod health;
mod keys;
mod member;
mod office;
mod reconcile;

use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, HttpResponse, Resource, ResponseError, web};
use syntopen_shared::wire::admin::Refused;

use crate::error::AdminError;

const BODY_MAX: usize = 64 * 1024;
/// A batch of 256 commands with their usage needs a fifth of this.
const BATCH_BODY_MAX: usize = 1024 * 1024;

/// The routes, over a `web::Data<Ledger>` that the application holds.
pub fn configure(config: &mut web::ServiceConfig) {
    let json = web::JsonConfig::default().limit(BODY_MAX).content_type_required(false).error_handler(refuse_body);
    config.service(
        web::scope("/admin")
            .app_data(json)
            .service(resource("/account/create").route(web::post().to(accounts::create)))
            .service(resource("/account/show").route(web::post().to(accounts::show)))
            .service(resource("/account/credit").route(web::post().to(accounts::credit)))
            .service(resource("/account/standing").route(web::post().to(accounts::standing)))
            .service(resource("/key/create").route(web::post().to(keys::create)))
            .service(resource("/key/list").route(web::post().to(keys::list)))
            .service(resource("/key/update").route(web::post().to(keys::update)))
            .service(resource("/key/revoke").route(web::post().to(keys::revoke)))
            .service(resource("/reconcile").route(web::get().to(reconcile::report)))
            .default_service(web::to(no_such_command)),
    );
}

/// What the dashboard and the gateways ask, over a `web::Data<Ledger>` that the application holds.
pub fn configure_office(config: &mut web::ServiceConfig) {
    config.service(web::scope("/office").configure(office::configure));
}

/// The routes of the service: the commands of gateways and administration behind the cluster token, health and metrics
/// before it.
pub(crate) fn configure_service(config: &mut web::ServiceConfig) {
    let json = web::JsonConfig::default().limit(BATCH_BODY_MAX).content_type_required(false);
    config
        .app_data(json.error_handler(refuse_body))
        .service(resource("/healthz").route(web::get().to(health::alive)))
        .service(resource("/readyz").route(web::get().to(health::ready)))
        .service(resource("/metrics").route(web::get().to(health::metrics)))
        .service(
            web::scope("")
                .wrap(from_fn(member::only))
                .service(resource("/holds").route(web::post().to(commands::hold)))
                .service(resource("/checkpoints").route(web::post().to(commands::checkpoint)))
                .service(resource("/finishes").route(web::post().to(commands::finish)))
                .service(resource("/confirm").route(web::post().to(commands::confirm)))
                .service(resource("/keys/resolve").route(web::post().to(commands::resolve)))
                .service(resource("/keys/refresh").route(web::post().to(commands::refresh)))
                .service(resource("/keys/report").route(web::post().to(commands::report)))
                .configure(configure)
                .configure(configure_office)
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
