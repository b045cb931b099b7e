//! Stage 1: bearer key → key record; then body → request, model → catalog, and whether a provider can express it.
//!
//! A request that cannot be served ends here and consumes nothing.

use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use syntopen_shared::api_key::{ApiKey, KeyHash};
use syntopen_shared::id::RequestId;
use syntopen_shared::wire::ledger::{KeyRecord, KeyStatus};
use tokio::sync::OwnedSemaphorePermit;

use super::pick::{self, Ways};
use super::{Arrival, Asking};
use crate::app::App;
use crate::body::{self, Body};
use crate::catalog::{Catalog, Model};
use crate::error::ApiError;
use crate::protocol::ChatRequest;

const SCHEME: &str = "Bearer ";

/// A caller whose key is good, as far as the cache knows.
#[derive(Clone, Debug)]
pub struct Caller {
    /// What the key's owner has set.
    pub record: Arc<KeyRecord>,
    /// Under what the key is cached; `None` where it was read for this request alone.
    pub hash: Option<KeyHash>,
}

/// A request that can be served.
pub struct Order {
    /// Its id.
    pub id: RequestId,
    /// When it came in.
    pub started: Instant,
    /// Who asks.
    pub caller: Caller,
    /// What is asked.
    pub request: Arc<ChatRequest>,
    /// The share of memory that its body takes.
    pub body_share: Option<OwnedSemaphorePermit>,
    /// How it can be served, until they are picked.
    pub ways: Ways,
}

/// Lets known callers with a request that can be served through.
pub async fn authenticate(app: &App, arrival: Arrival<'_>) -> Result<Order, ApiError> {
    let (caller, Body { bytes, share }) = match arrival.asking {
        Asking::Client { head, body } => {
            let caller = caller(app, head).await?;
            (caller, body::read_json(head, body, &app.config, &app.bodies).await?)
        }
        Asking::Person { record, body } => (admit(app, Arc::new(record), None)?, body),
    };
    let request = ChatRequest::parse(bytes)?;
    let models = models(&app.catalog.current(), &caller, &request)?;
    let ways = pick::draw_up(app, &request, &models)?;
    let request = Arc::new(request);
    Ok(Order { id: arrival.id, started: arrival.started, caller, request, body_share: share, ways })
}

/// The caller, by the `Authorization` header.
pub async fn caller(app: &App, head: &HttpRequest) -> Result<Caller, ApiError> {
    let key = bearer(head)?;
    let hash = key.hash();
    let known = app.keys.get(hash).await;
    let known = known.map_err(|_| ApiError::service_unavailable("API keys cannot be checked at the moment."))?;
    let record =
        known.ok_or_else(|| ApiError::invalid_api_key("This API key is not known. Create keys in the dashboard."))?;
    admit(app, record, Some(hash))
}

fn admit(app: &App, record: Arc<KeyRecord>, hash: Option<KeyHash>) -> Result<Caller, ApiError> {
    if record.status == KeyStatus::Revoked {
        return Err(ApiError::invalid_api_key("This API key has been revoked."));
    }
    if record.expires_ms.is_some_and(|expires| expires <= app.clock.unix_ms()) {
        return Err(ApiError::invalid_api_key("This API key has expired."));
    }
    Ok(Caller { record, hash })
}

fn bearer(head: &HttpRequest) -> Result<ApiKey, ApiError> {
    let missing = "Send your API key in the Authorization header: `Authorization: Bearer sk-syn-...`.";
    let header = head.headers().get(AUTHORIZATION).ok_or_else(|| ApiError::invalid_api_key(missing))?;
    let text = header.to_str().ok().filter(|text| text.is_char_boundary(SCHEME.len()));
    let (scheme, key) = text.and_then(|text| text.split_at_checked(SCHEME.len())).unwrap_or_default();
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return Err(ApiError::invalid_api_key(missing));
    }
    let malformed = "This is not an API key of ours: they begin with `sk-syn-` and have 50 characters.";
    ApiKey::parse(key.trim()).ok_or_else(|| ApiError::invalid_api_key(malformed))
}

fn models(catalog: &Catalog, caller: &Caller, request: &ChatRequest) -> Result<Vec<Arc<Model>>, ApiError> {
    let allowed = |id: &str| match &caller.record.allowed_models {
        None => true,
        Some(allowed) => allowed.iter().any(|model| model == id),
    };
    let find = |id: &str| {
        let model = catalog.model(id).ok_or_else(|| ApiError::model_not_found(id))?;
        if allowed(id) { Ok(Arc::clone(model)) } else { Err(ApiError::model_not_allowed(id)) }
    };
    let mut models = vec![find(request.model())?];
    for (place, id) in request.fallbacks().iter().enumerate() {
        let model = find(id).map_err(|error| error.at(format!("models[{place}]")))?;
        if !models.iter().any(|known| Arc::ptr_eq(known, &model)) {
            models.push(model);
        }
    }
    Ok(models)
}
