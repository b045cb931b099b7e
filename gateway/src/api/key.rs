//! `GET /key`: what the caller's key may do and has done.

use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::KeyReport;

use super::openapi::refusals::OfLooks;
use super::{envelope, openapi};
use crate::app::App;
use crate::chat::authenticate::caller;
use crate::error::ApiError;

/// The key's label, limits and spend, and its account's balance.
#[utoipa::path(
    get,
    path = "/api/v1/key",
    operation_id = "showKey",
    tag = "account",
    responses((status = 200, description = "The key that asks.", body = openapi::looks::KeyReport), OfLooks),
    security(("api_key" = []))
)]
pub async fn show(app: web::Data<App>, head: HttpRequest) -> HttpResponse {
    let response = envelope::guarded(&app, &head, report(&app, &head).map(envelope::json)).await;
    app.metrics.answered("key", response.status().as_u16());
    response
}

async fn report(app: &App, head: &HttpRequest) -> Result<Value, ApiError> {
    let caller = caller(app, head).await?;
    let report = app.ledger.report(caller.record.key).await;
    let report = report.map_err(|_| ApiError::service_unavailable("Balances cannot be read at the moment."))?;
    let unknown = || ApiError::invalid_api_key("This API key is not known.");
    Ok(describe(&report.ok_or_else(unknown)?))
}

fn describe(report: &KeyReport) -> Value {
    let KeyReport { record, spent, balance, held } = report;
    let usd = |amount: NanoUsd| amount.to_decimal();
    json!({
        "object": "key",
        "id": record.key,
        "label": record.name,
        "prefix": record.prefix,
        "expires_at_ms": record.expires_ms,
        "allowed_models": record.allowed_models,
        "rate_limit": { "requests": record.rpm, "interval": "60s" },
        "limits_usd": {
            "day": record.limits.day.map(usd),
            "month": record.limits.month.map(usd),
            "total": record.limits.total.map(usd),
        },
        "spent_usd": { "day": usd(spent.day), "month": usd(spent.month), "total": usd(spent.total) },
        "balance_usd": usd(*balance),
        "held_usd": usd(*held),
        "available_usd": usd(NanoUsd::new(balance.nanos() - held.nanos())),
    })
}
