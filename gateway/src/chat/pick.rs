//! Stage 4: models → the ways to serve a request, in the order in which they are tried.
//!
//! The first stage asks for them, too: what none of them can express consumes nothing.

use std::borrow::Cow;
use std::sync::Arc;

use rand::Rng;
use rand::distr::Open01;

use super::authenticate::Order;
use super::hold::Held;
use crate::app::App;
use crate::breaker::Breakers;
use crate::catalog::{Candidate, Model};
use crate::error::ApiError;
use crate::meter::Route;
use crate::protocol::{ChatRequest, InvalidRequest};
use crate::providers::{self, Destination, Target, UpstreamRequest};

/// Every way to serve a request: the upstreams of the model that was asked for, then those of each fallback.
#[derive(Default)]
pub struct Ways {
    /// In order; never empty once it is drawn up.
    pub routes: Vec<Route>,
    /// The request as the first of them is sent it, so that it need not be translated twice.
    pub first: Option<UpstreamRequest>,
}

impl Ways {
    /// The models that can express the request.
    pub fn models(&self) -> impl Iterator<Item = &Arc<Model>> {
        let before = std::iter::once(None).chain(self.routes.iter().map(|route| Some(&route.model)));
        let models = self.routes.iter().map(|route| &route.model).zip(before);
        models.filter(|(model, before)| before.is_none_or(|before| !Arc::ptr_eq(model, before))).map(|(model, _)| model)
    }
}

/// Draws up the ways. Those of a model that cannot express the request are left out until one can; what stands behind
/// that one is asked when its turn comes, if it ever does.
///
/// # Errors
/// Why the first of them cannot express the request, where none can.
pub fn draw_up(app: &App, request: &ChatRequest, models: &[Arc<Model>]) -> Result<Ways, InvalidRequest> {
    let draw = Draw { breakers: &app.breakers, rng: rand::rng() };
    draw.ways(models, |route| providers::encode(request, &destination(route, None)))
}

/// What decides on the order.
struct Draw<'a, R> {
    breakers: &'a Breakers,
    rng: R,
}

impl<R: Rng> Draw<'_, R> {
    fn ways(
        mut self,
        models: &[Arc<Model>],
        encode: impl Fn(&Route) -> Result<UpstreamRequest, InvalidRequest>,
    ) -> Result<Ways, InvalidRequest> {
        let mut ways = Ways { routes: Vec::with_capacity(models.len()), first: None };
        let mut refusal = None;
        for model in models {
            let others = ways.routes.len();
            for candidate in self.in_order(model).iter() {
                let route = Route { model: Arc::clone(model), candidate: Arc::clone(candidate) };
                if ways.routes.len() == others {
                    match encode(&route) {
                        Ok(encoded) if others == 0 => ways.first = Some(encoded),
                        Ok(_) => {}
                        Err(invalid) => {
                            refusal.get_or_insert(invalid);
                            continue;
                        }
                    }
                }
                ways.routes.push(route);
            }
        }
        match refusal {
            Some(refusal) if ways.routes.is_empty() => Err(refusal),
            _ => Ok(ways),
        }
    }

    /// The candidates of a model: by priority, drawn among equals, and those that are left alone at the moment last.
    fn in_order<'a>(&mut self, model: &'a Model) -> Cow<'a, [Arc<Candidate>]> {
        if let [_] = &model.candidates[..] {
            return Cow::Borrowed(&model.candidates);
        }
        let mut drawn = draw(&model.candidates, &mut self.rng);
        drawn.sort_by_cached_key(|candidate| self.breakers.ready(&candidate.upstream).is_err());
        Cow::Owned(drawn)
    }
}

/// Lets a request on whose upstreams are not all left alone at the moment.
///
/// # Errors
/// 503, with the soonest moment at which one may be called again.
pub fn ready(app: &App, order: &Order) -> Result<(), ApiError> {
    let mut soonest_ms = u64::MAX;
    for route in &order.ways.routes {
        match app.breakers.ready(&route.candidate.upstream) {
            Ok(()) => return Ok(()),
            Err(ms) => soonest_ms = soonest_ms.min(ms),
        }
    }
    Err(ApiError::upstreams_left_alone(soonest_ms))
}

/// The ways of a request that may be sent. Breakers are asked when the turn of a way comes.
#[must_use]
pub fn pick(order: &mut Order, held: &Held) -> Ways {
    let mut ways = std::mem::take(&mut order.ways);
    if held.max_output_tokens.is_some() {
        // It was translated for a larger answer than is paid for.
        ways.first = None;
    }
    ways
}

/// Where a route leads, with the first of its credentials.
#[must_use]
pub fn destination(route: &Route, max_output_tokens: Option<u64>) -> Destination<'_> {
    let upstream = &route.candidate.upstream;
    Destination {
        provider: upstream.provider,
        base_url: &upstream.base_url,
        credential: &upstream.credentials[0].secret,
        target: Target {
            model: &route.candidate.model,
            model_max_output_tokens: route.model.max_output_tokens,
            max_output_tokens: max_output_tokens.map(|granted| granted.min(route.model.max_output_tokens)),
        },
    }
}

/// Draws without putting back: the next one is each with the share that its weight has of those that are left.
///
/// A candidate of weight w arrives after a time that is exponentially distributed with rate w; the order of arrival is
/// the draw.
fn draw(candidates: &[Arc<Candidate>], rng: &mut impl Rng) -> Vec<Arc<Candidate>> {
    let arrival = |candidate: &Arc<Candidate>, rng: &mut _| {
        let uniform: f64 = Rng::sample(rng, Open01);
        -uniform.ln() / f64::from(candidate.weight)
    };
    let mut drawn: Vec<_> = candidates.iter().map(|candidate| (arrival(candidate, rng), candidate)).collect();
    drawn.sort_by(|(first, one), (second, other)| {
        one.priority.cmp(&other.priority).then_with(|| first.total_cmp(second))
    });
    drawn.into_iter().map(|(_, candidate)| Arc::clone(candidate)).collect()
}

#[cfg(test)]
mod tests;
