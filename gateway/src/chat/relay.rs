//! Stage 5: call upstreams until one answers. The only upstream I/O of the program.

use std::time::Duration;

use awc::Client;
use rand::Rng as _;
use syntopen_shared::chaos::failpoint;
use syntopen_shared::wire::ledger::Outcome;

use super::authenticate::Order;
use super::headers::AnswerHeaders;
use super::hold::Held;
use crate::answer::{ChatAnswer, UpstreamError};
use crate::app::App;
use crate::error::ApiError;
use crate::guard::HoldGuard;
use crate::meter::Route;
use crate::providers::{self, Destination};

pub mod call;
pub mod stream;

use call::{Call, Reply};
use stream::StreamRelay;

/// Where a test may end the process: the upstream has answered, and the client has nothing of it.
const BEFORE_FIRST_BYTE: &str = "gateway.before_first_byte";
/// The wait before the second attempt; it doubles with each further one, and each is shortened at random by up to half.
const BACKOFF_FIRST: Duration = Duration::from_millis(200);
/// An upstream that asks for a longer wait than this is not waited for.
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// A request that may be sent.
pub struct Going<'a> {
    /// Where it may go, in order.
    pub routes: Vec<Route>,
    /// Its hold.
    pub held: Held,
    /// Is told the number of attempts.
    pub headers: &'a mut AnswerHeaders,
}

/// An upstream's answer, not yet paid for.
pub enum Relayed {
    /// A whole one.
    Json(Box<Whole>),
    /// One that has begun.
    Stream(Box<StreamRelay>),
}

/// A whole answer.
pub struct Whole {
    /// The answer.
    pub answer: ChatAnswer,
    /// Who gave it.
    pub route: Route,
    /// Pays for it.
    pub guard: HoldGuard,
}

/// Calls upstreams until one answers. What fails before the first byte to the client is tried again, elsewhere or
/// later, as far as attempts last; then the hold is released.
pub async fn relay(app: &App, upstreams: &Client, order: &Order, going: Going<'_>) -> Result<Relayed, ApiError> {
    let Going { routes, held, headers } = going;
    let Held { mut guard, max_output_tokens } = held;
    let call = Call { app, upstreams, request: &order.request };
    let mut attempt = 0;
    loop {
        let route = &routes[attempt as usize % routes.len()];
        attempt += 1;
        headers.attempts = attempt;
        let request = match providers::encode(&order.request, &destination(route, max_output_tokens)) {
            Ok(request) => request,
            Err(invalid) => {
                guard.release(Outcome::Aborted);
                return Err(ApiError::from(invalid));
            }
        };
        guard.meter().attempt(route);
        let failure = match call.send(request, route, &guard).await {
            Ok(Reply::Json(answer)) => {
                failpoint(BEFORE_FIRST_BYTE);
                return Ok(Relayed::Json(Box::new(Whole { answer, route: route.clone(), guard })));
            }
            Ok(Reply::Stream(reply)) => match call.stream(reply, route, guard).begin().await {
                Ok(begun) => {
                    failpoint(BEFORE_FIRST_BYTE);
                    return Ok(Relayed::Stream(begun));
                }
                Err((failure, unused)) => {
                    guard = unused;
                    failure
                }
            },
            Err(failure) => failure,
        };
        guard.meter().failed();
        let wait = backoff(attempt, &failure);
        let last = attempt >= app.config.limits.upstream_attempts;
        tracing::warn!(
            request = %order.id, upstream = %route.candidate.upstream.name, model = %route.model.id, attempt,
            kind = ?failure.kind, status = failure.status, "an upstream call failed"
        );
        // Another upstream need not be waited for; the first one, when its turn comes again, must.
        let wraps = (attempt as usize).is_multiple_of(routes.len());
        if last || !may_go_on(&failure, attempt, routes.len()) || (wraps && wait.is_none()) {
            guard.release(Outcome::UpstreamFailed);
            return Err(ApiError::from(failure));
        }
        if let Some(wait) = wait.filter(|_| wraps) {
            actix_rt::time::sleep(wait).await;
        }
    }
}

fn destination(route: &Route, max_output_tokens: Option<u64>) -> Destination<'_> {
    let upstream = &route.candidate.upstream;
    Destination {
        provider: upstream.provider,
        base_url: &upstream.base_url,
        credential: &upstream.credential,
        model: &route.candidate.model,
        max_output_tokens: max_output_tokens.map(|granted| granted.min(route.model.max_output_tokens)),
    }
}

/// A failure that is the upstream's own is worth another upstream; one that passes is worth another try.
fn may_go_on(failure: &UpstreamError, attempt: u32, routes: usize) -> bool {
    failure.is_retryable() || (failure.is_upstreams_own() && (attempt as usize) < routes)
}

/// How long to wait before the next attempt at the same upstreams; `None` where the upstream asks for too much.
fn backoff(attempt: u32, failure: &UpstreamError) -> Option<Duration> {
    if let Some(ms) = failure.retry_after_ms {
        return Some(Duration::from_millis(ms)).filter(|asked| *asked <= BACKOFF_MAX);
    }
    let full = BACKOFF_FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(5)).min(BACKOFF_MAX);
    Some(full.mul_f64(rand::rng().random_range(0.5..=1.0)))
}
