//! `GET /models` and `GET /models/{id}`.

use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use syntopen_shared::price::Prices;

use super::openapi::looks::ModelList;
use super::openapi::refusals::{OfLooks, OfModel};
use super::{envelope, openapi};
use crate::app::App;
use crate::catalog::Model;
use crate::chat::authenticate::{Caller, caller};
use crate::error::ApiError;

/// All models that can be served, and that the caller's key may use.
#[utoipa::path(
    get,
    path = "/api/v1/models",
    operation_id = "listModels",
    tag = "account",
    responses((status = 200, description = "The models, with prices.", body = ModelList), OfLooks),
    security(("api_key" = []))
)]
pub async fn list(app: web::Data<App>, head: HttpRequest) -> HttpResponse {
    let list = async {
        let caller = caller(&app, &head).await?;
        let catalog = app.catalog.current();
        let models = catalog.models().filter(|model| may_use(&caller, model)).map(|model| describe(model));
        Ok(json!({ "object": "list", "data": models.collect::<Vec<_>>() }))
    };
    respond(&app, &head, list).await
}

/// One of them. The id contains a slash, plain or percent-encoded.
#[utoipa::path(
    get,
    path = "/api/v1/models/{id}",
    operation_id = "retrieveModel",
    tag = "account",
    params(("id" = String, Path, description = "The model's id.", min_length = 1, example = "openai/gpt-4o-mini")),
    responses((status = 200, description = "The model, with its prices.", body = openapi::looks::Model), OfModel),
    security(("api_key" = []))
)]
pub async fn retrieve(app: web::Data<App>, head: HttpRequest, id: web::Path<String>) -> HttpResponse {
    let find = async {
        let caller = caller(&app, &head).await?;
        let catalog = app.catalog.current();
        let model = catalog.model(&id).filter(|model| may_use(&caller, model));
        model.map(|model| describe(model)).ok_or_else(|| ApiError::model_not_found(&id))
    };
    respond(&app, &head, find).await
}

async fn respond(app: &App, head: &HttpRequest, answer: impl Future<Output = Result<Value, ApiError>>) -> HttpResponse {
    let response = envelope::guarded(app, head, answer.map(envelope::json)).await;
    app.metrics.answered("models", response.status().as_u16());
    response
}

fn may_use(caller: &Caller, model: &Model) -> bool {
    let allowed = caller.record.allowed_models.as_ref();
    allowed.is_none_or(|allowed| allowed.iter().any(|id| **id == *model.id))
}

fn describe(model: &Model) -> Value {
    let owner = model.id.split('/').next().unwrap_or_default();
    let tiers = model.prices.tiers().map(|(above, prices)| {
        let mut tier = price(prices);
        tier["above_input_tokens"] = json!(above);
        tier
    });
    let mut pricing = price(model.prices.base());
    let tiers: Vec<Value> = tiers.collect();
    if !tiers.is_empty() {
        pricing["tiers"] = json!(tiers);
    }
    json!({
        "id": model.id,
        "object": "model",
        "created": 0,
        "owned_by": owner,
        "context_length": model.context_length,
        "max_output_tokens": model.max_output_tokens,
        "pricing": pricing,
    })
}

/// USD per token, and per million tokens as the API reference shows it, as exact decimal texts.
fn price(prices: &Prices) -> Value {
    json!({
        "prompt": prices.input.usd_per_token(),
        "completion": prices.output.usd_per_token(),
        "input_cache_read": prices.cached_input.usd_per_token(),
        "input_cache_write": prices.cache_write.usd_per_token(),
        "input_per_million": with_cents(prices.input.usd_per_million()),
        "output_per_million": with_cents(prices.output.usd_per_million()),
    })
}

/// With at least two decimals, as prices are written.
fn with_cents(usd: String) -> String {
    match usd.split_once('.') {
        None => format!("{usd}.00"),
        Some((_, decimals)) if decimals.len() < 2 => format!("{usd}0"),
        Some(_) => usd,
    }
}
