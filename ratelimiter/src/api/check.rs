//! `POST /check`: a batch of checks, answered in order.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, ContentType};
use actix_web::web::{Data, Json};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use syntopen_shared::secret::Secret;
use syntopen_shared::shutdown::Shutdown;
use syntopen_shared::wire::ratelimiter::{Check, Decision};

use crate::error::ApiError;
use crate::metrics::Metrics;
use crate::window::{Unavailable, Window};

/// The most checks of one batch.
const MAX_BATCH: usize = 256;

/// More than a decision takes as JSON, its figures as long as they get.
const DECISION_BYTES: usize = 80;

/// Decides each check of the batch, in its order. A batch of which one check cannot be decided fails as a whole. Once
/// the shutdown is requested nothing is decided, and callers are told so: what breaks off when the connections are
/// closed may have been counted or not.
pub(crate) async fn check(
    _caller: ClusterMember,
    Json(checks): Json<Vec<Check>>,
    (window, metrics, shutdown): (Data<dyn Window>, Data<Metrics>, Data<Shutdown>),
) -> Result<HttpResponse, ApiError> {
    if shutdown.is_requested() {
        return Err(ApiError::Draining);
    }
    validate(&checks)?;
    let decisions: Result<Vec<Decision>, Unavailable> = window.check_all(&checks).await.into_iter().collect();
    let decisions = decisions.inspect_err(|_| metrics.undecided(&checks))?;
    metrics.decided(&checks, &decisions);
    Ok(answer(&decisions))
}

fn answer(decisions: &[Decision]) -> HttpResponse {
    let mut body = Vec::with_capacity(2 + decisions.len() * DECISION_BYTES);
    match serde_json::to_writer(&mut body, decisions) {
        Ok(()) => HttpResponse::Ok().content_type(ContentType::json()).body(body),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

fn validate(checks: &[Check]) -> Result<(), ApiError> {
    if checks.len() > MAX_BATCH {
        return Err(ApiError::Invalid(format!("a batch is at most {MAX_BATCH} checks, this one has {}", checks.len())));
    }
    match checks.iter().position(|check| check.count == 0) {
        Some(index) => Err(ApiError::Invalid(format!("[{index}].count must be at least 1"))),
        None => Ok(()),
    }
}

/// Proof that the caller showed the cluster token. It stands before the body in a handler's arguments, so that
/// nobody else's body is read.
pub(crate) struct ClusterMember;

impl FromRequest for ClusterMember {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        let expected = request.app_data::<Data<Secret>>();
        let member = matches!((shown, expected), (Some(shown), Some(token)) if token.is(shown));
        ready(if member { Ok(Self) } else { Err(ApiError::Unauthorized) })
    }
}
