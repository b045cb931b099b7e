//! Stage 5: call upstreams until one answers. The only upstream I/O of the program.

use std::time::{Duration, Instant};

use awc::Client;
use syntopen_shared::chaos::failpoint;
use syntopen_shared::wire::ledger::Outcome;

use super::authenticate::Order;
use super::headers::AnswerHeaders;
use super::hold::Held;
use super::pick::{self, Ways};
use crate::answer::{ChatAnswer, UpstreamError};
use crate::app::App;
use crate::breaker::{Moment, Pass};
use crate::error::ApiError;
use crate::guard::HoldGuard;
use crate::meter::Route;
use crate::protocol::InvalidRequest;
use crate::providers::{self, Destination, UpstreamRequest};

pub mod call;
pub mod retry;
pub mod stream;
pub mod verdict;

use call::{Call, Reply};
use retry::{Again, Limits, Next, Plan, Siblings};
use stream::StreamRelay;
use verdict::Time;

/// Where a test may end the process: the upstream has answered, and the client has nothing of it.
const BEFORE_FIRST_BYTE: &str = "gateway.before_first_byte";

/// A request that may be sent.
pub struct Going<'a> {
    /// Where it may go, in order.
    pub ways: Ways,
    /// Its hold.
    pub held: Held,
    /// Is told the number of attempts, and what the last upstream that was called was not sent.
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
/// later, as far as attempts and time last; then the hold is released.
pub async fn relay(app: &App, upstreams: &Client, order: &Order, going: Going<'_>) -> Result<Relayed, ApiError> {
    let Going { ways, held, headers } = going;
    let Held { mut guard, max_output_tokens } = held;
    let left = time_of(app, order).saturating_sub(guard.meter().age());
    let call = Call { app, upstreams, request: &order.request, deadline: Instant::now() + left };
    let deadline_us = app.clock.monotonic_us().saturating_add(i64::try_from(left.as_micros()).unwrap_or(i64::MAX));
    let limits = Limits { attempts: app.config.limits.upstream_attempts, deadline_us };
    let plan = Plan::new(ways.routes.len(), limits);
    let mut relaying = Relaying { call, order, ways, max_output_tokens, plan, obstacle: Obstacle::default() };
    loop {
        match relaying.plan.next(app.clock.monotonic_us()) {
            Next::Stop => {
                guard.release(Outcome::UpstreamFailed);
                return Err(relaying.obstacle.told());
            }
            Next::Wait(wait) => actix_rt::time::sleep(wait).await,
            Next::Try(way) => {
                let Some(mut ready) = relaying.ready(way) else { continue };
                headers.dropped = std::mem::take(&mut ready.request.dropped);
                relaying.plan.begun();
                headers.attempts = relaying.plan.attempts();
                match relaying.attempt(ready, guard).await {
                    Ok(relayed) => {
                        failpoint(BEFORE_FIRST_BYTE);
                        return Ok(relayed);
                    }
                    Err(unused) => guard = unused,
                }
            }
        }
    }
}

/// How long the request may take: to its end, or a stream to the head of its answer.
fn time_of(app: &App, order: &Order) -> Duration {
    let timeouts = &app.config.timeouts;
    if order.request.is_stream() { timeouts.stream_start } else { timeouts.total }
}

struct Relaying<'a> {
    call: Call<'a>,
    order: &'a Order,
    ways: Ways,
    max_output_tokens: Option<u64>,
    plan: Plan,
    obstacle: Obstacle,
}

/// A call that can be made.
struct Ready {
    way: usize,
    pass: Pass,
    request: UpstreamRequest,
}

/// Why nobody has answered so far.
#[derive(Default)]
struct Obstacle {
    /// What the last call that failed tells the client.
    failure: Option<ApiError>,
    /// In how many milliseconds the first of the ways that are left alone may be tried.
    soonest_ms: Option<u64>,
}

impl Relaying<'_> {
    /// What it takes to try a way, if its breakers let a call through and it can express the request.
    fn ready(&mut self, way: usize) -> Option<Ready> {
        let breakers = &self.call.app.breakers;
        let circuit = breakers.of(&self.ways.routes[way].candidate.upstream);
        let pass = match circuit.admit(self.plan.refused(way)) {
            Ok(pass) => pass,
            Err(until_us) => {
                let ms = breakers.ms_until(until_us);
                self.obstacle.soonest_ms = Some(self.obstacle.soonest_ms.map_or(ms, |soonest| soonest.min(ms)));
                self.plan.leave_out(way);
                return None;
            }
        };
        match self.request(way, pass.credential()) {
            Ok(request) => Some(Ready { way, pass, request }),
            Err(invalid) => {
                self.obstacle.failure.get_or_insert_with(|| invalid.into());
                self.plan.leave_out(way);
                None
            }
        }
    }

    fn request(&mut self, way: usize, credential: usize) -> Result<UpstreamRequest, InvalidRequest> {
        let route = &self.ways.routes[way];
        let secret = &route.candidate.upstream.credentials[credential].secret;
        if way == 0
            && let Some(request) = self.ways.first.take()
        {
            let authorization = providers::authorization(route.candidate.upstream.provider, secret);
            return Ok(UpstreamRequest { authorization, ..request });
        }
        let destination = pick::destination(route, self.max_output_tokens);
        providers::encode(self.call.request, &Destination { credential: secret, ..destination })
    }

    /// One call; the guard where it failed.
    async fn attempt(&mut self, ready: Ready, guard: HoldGuard) -> Result<Relayed, HoldGuard> {
        let Ready { way, pass, request } = ready;
        let (call, route) = (&self.call, &self.ways.routes[way]);
        guard.meter().attempt(route);
        let first_byte = call.app.config.timeouts.first_byte;
        let time = if first_byte <= call.left() { Time::Whole } else { Time::CutShort };
        let (failure, guard) = match call.answer(request, route, guard).await {
            Ok(relayed) => {
                pass.ended(verdict::ANSWERED);
                return Ok(relayed);
            }
            Err(failed) => failed,
        };
        guard.meter().failed();
        tracing::warn!(
            request = %self.order.id, upstream = %route.candidate.upstream.name, model = %route.model.id,
            attempt = self.plan.attempts(), kind = ?failure.kind, status = failure.status, "an upstream call failed"
        );
        let credential = pass.credential();
        pass.ended(verdict::of_failure(&failure, time));
        self.learn(way, credential, failure);
        Err(guard)
    }

    /// Plans on after a failure.
    fn learn(&mut self, way: usize, credential: usize, failure: UpstreamError) {
        let app = self.call.app;
        let mut refused = self.plan.refused(way);
        refused.add(credential);
        let circuit = app.breakers.of(&self.ways.routes[way].candidate.upstream);
        let siblings = if circuit.ready(refused).is_ok() { Siblings::Ready } else { Siblings::None };
        let again = Again::after(&failure, siblings);
        if again == Again::OtherCredential {
            self.plan.refuse(way, credential);
        }
        let at = Moment { now_us: app.clock.monotonic_us(), chance: rand::random() };
        self.plan.failed(way, again, at);
        self.obstacle.failure = Some(failure.into());
    }
}

impl Call<'_> {
    /// A good answer, or the beginning of one; the guard where there is none.
    async fn answer(
        &self,
        request: UpstreamRequest,
        route: &Route,
        guard: HoldGuard,
    ) -> Result<Relayed, (UpstreamError, HoldGuard)> {
        match self.send(request, route, &guard).await {
            Ok(Reply::Json(answer)) => Ok(Relayed::Json(Box::new(Whole { answer, route: route.clone(), guard }))),
            Ok(Reply::Stream(reply)) => self.stream(reply, route, guard).begin().await.map(Relayed::Stream),
            Err(failure) => Err((failure, guard)),
        }
    }
}

impl Obstacle {
    fn told(self) -> ApiError {
        match (self.failure, self.soonest_ms) {
            (Some(failure), _) => failure,
            (None, Some(ms)) => ApiError::upstreams_left_alone(ms),
            // There was no time left for a first call.
            (None, None) => ApiError::upstream_timeout(),
        }
    }
}
