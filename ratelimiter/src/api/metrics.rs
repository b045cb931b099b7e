//! `GET /metrics`: everything that is counted.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::metrics::Metrics;

/// Everything that is counted, in Prometheus' text format.
pub(crate) async fn show(metrics: Data<Metrics>) -> HttpResponse {
    match metrics.render() {
        Ok(text) => HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text),
        Err(error) => {
            tracing::error!(cause = %error, "metrics cannot be encoded");
            HttpResponse::InternalServerError().finish()
        }
    }
}
