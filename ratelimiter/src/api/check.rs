//! `POST /check`: a batch of checks, answered in order.

use std::future::{Ready, ready};
use std::hint::black_box;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{Data, Json};
use actix_web::{FromRequest, HttpRequest};
use syntopen_shared::secret::Secret;
use syntopen_shared::wire::ratelimiter::{Check, Decision};

use crate::error::ApiError;
use crate::window::Window;

/// The most checks of one batch.
const MAX_BATCH: usize = 256;

/// Decides each check of the batch, in its order.
pub(crate) async fn check(
    _caller: ClusterMember,
    Json(checks): Json<Vec<Check>>,
    window: Data<dyn Window>,
) -> Result<Json<Vec<Decision>>, ApiError> {
    validate(&checks)?;
    let mut decisions = Vec::with_capacity(checks.len());
    for check in checks {
        decisions.push(window.check(check).await?);
    }
    Ok(Json(decisions))
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
        let member = matches!((shown, expected), (Some(shown), Some(token)) if is_same(shown, token.expose()));
        ready(if member { Ok(Self) } else { Err(ApiError::Unauthorized) })
    }
}

/// Compares in a time that tells of the length alone, so that the token cannot be guessed byte by byte.
fn is_same(shown: &[u8], token: &str) -> bool {
    let differing = shown.iter().zip(token.as_bytes()).fold(0, |differing, (a, b)| black_box(differing | (a ^ b)));
    shown.len() == token.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_is_the_same() {
        assert!(is_same(b"secret", "secret"));
        for wrong in ["", "s", "secre", "secrets", "Secret", "secreT"] {
            assert!(!is_same(wrong.as_bytes(), "secret"), "{wrong}");
        }
    }
}
