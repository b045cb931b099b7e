//! How often something may be tried, over all replicas: the rate limiter's windows, under names of the dashboard's own.

use sha2::{Digest as _, Sha256};
use syntopen_shared::id::KeyId;
use syntopen_shared::wire::ratelimiter::Check;
use uuid::Builder;

use super::error::PageError;
use crate::app::App;

/// What is tried, and how often in a minute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    /// What it is called.
    pub(crate) name: &'static str,
    /// How often in any 60 s.
    pub(crate) limit: u32,
}

/// Takes an attempt of `who`: an address, or a user.
///
/// # Errors
/// [`PageError::TooMany`]; [`PageError::Unavailable`] where nobody can tell.
pub(crate) async fn take(app: &App, attempt: Attempt, who: &str) -> Result<(), PageError> {
    let check = Check { key: window(attempt.name, who), limit: attempt.limit, count: 1 };
    let decision = app.limiter.check(check).await.map_err(|_| PageError::Unavailable)?;
    if 0 < decision.admitted {
        return Ok(());
    }
    Err(PageError::TooMany { seconds: decision.next_us.div_ceil(1_000_000).max(1) })
}

/// No API key has such an identifier: those are of another version.
fn window(name: &str, who: &str) -> KeyId {
    let digest = Sha256::digest(format!("{name}\0{who}"));
    let bytes = std::array::from_fn(|place| digest[place]);
    Builder::from_custom_bytes(bytes).into_uuid().into()
}
