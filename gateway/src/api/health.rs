//! `GET /healthz` and `GET /readyz` on the ops port.

use actix_web::{HttpResponse, web};

use crate::app::App;

/// The process runs.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().body("ok\n")
}

/// New requests may be sent here.
pub async fn ready(app: web::Data<App>) -> HttpResponse {
    if app.shutdown.is_requested() {
        return HttpResponse::ServiceUnavailable().body("draining\n");
    }
    if !app.ledger.is_open() {
        return HttpResponse::ServiceUnavailable().body("no ledger\n");
    }
    HttpResponse::Ok().body("ready\n")
}
