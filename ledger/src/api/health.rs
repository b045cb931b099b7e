//! Whether the process lives, whether it should be sent requests, and what it counts.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use syntopen_shared::shutdown::Shutdown;

use super::refused;
use crate::ledger::Ledger;
use crate::metrics::Metrics;

/// The process answers.
pub(super) async fn alive() -> HttpResponse {
    std::future::ready(HttpResponse::Ok().finish()).await
}

/// Requests are welcome until the shutdown is requested, as long as Redis answers. The book may be away: charges wait.
pub(super) async fn ready(ledger: Data<Ledger>, shutdown: Data<Shutdown>) -> HttpResponse {
    if shutdown.is_requested() {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "shutting down".to_owned());
    }
    match ledger.ping().await {
        Ok(()) => HttpResponse::Ok().finish(),
        Err(_) => refused(StatusCode::SERVICE_UNAVAILABLE, "Redis does not answer".to_owned()),
    }
}

/// Everything that is counted, in Prometheus' text format.
pub(super) async fn metrics(metrics: Data<Metrics>) -> HttpResponse {
    let rendered = std::future::ready(metrics.render()).await;
    match rendered {
        Ok(text) => HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text),
        Err(error) => {
            tracing::error!(error = %error, "metrics cannot be encoded");
            HttpResponse::InternalServerError().finish()
        }
    }
}
