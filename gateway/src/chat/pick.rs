//! Stage 4: models → upstreams, in the order in which they are tried.

use std::sync::Arc;

use super::authenticate::Order;
use crate::catalog::Model;
use crate::meter::Route;

/// Every way to serve the request: the upstreams of the model that was asked for, then those of each fallback.
#[must_use]
pub fn pick(order: &Order) -> Vec<Route> {
    order.models.iter().flat_map(routes).collect()
}

/// The way that is tried first.
#[must_use]
pub fn first(order: &Order) -> Option<Route> {
    order.models.iter().flat_map(routes).next()
}

fn routes(model: &Arc<Model>) -> impl Iterator<Item = Route> {
    let route = |candidate| Route { model: Arc::clone(model), candidate: Arc::clone(candidate) };
    model.candidates.iter().map(route)
}
