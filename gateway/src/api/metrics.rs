//! `GET /metrics` on the ops port.

use actix_web::{HttpResponse, web};

use crate::app::App;

/// Everything that is counted, in Prometheus' text format.
pub async fn show(app: web::Data<App>) -> HttpResponse {
    app.metrics.outbox_entries.set(i64::try_from(app.outbox.unapplied()).unwrap_or(i64::MAX));
    app.metrics.outbox_unbooked.set(i64::try_from(app.outbox.unbooked()).unwrap_or(i64::MAX));
    app.metrics.catalog_refused.set(i64::from(app.catalog.is_refused()));
    match app.metrics.render() {
        Ok(text) => HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text),
        Err(error) => {
            tracing::error!(cause = %error, "metrics cannot be encoded");
            HttpResponse::InternalServerError().finish()
        }
    }
}
