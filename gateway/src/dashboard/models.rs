//! The models that can be served, and what they cost.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use askama::Template;
use serde::Deserialize;
use syntopen_shared::price::Prices;

use super::error::PageError;
use super::format::{count, price};
use super::page as resource;
use super::page::{Page, Section, render};
use super::viewer::Signed;
use crate::app::App;
use crate::catalog::Model;

/// Nobody searches for more.
const SEARCH_CHARS_MAX: usize = 200;

/// The pages.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config.service(resource("/models").route(web::get().to(show)));
}

#[derive(Deserialize)]
pub(crate) struct Query {
    q: Option<String>,
}

#[derive(Template)]
#[template(path = "models.html")]
struct Models {
    page: Page,
    q: String,
    models: Vec<Shown>,
    has_any: bool,
}

struct Shown {
    model: Arc<Model>,
    /// What its page of the playground is asked for with.
    query: String,
    /// The prices, and from how many input tokens on they count.
    tiers: Vec<Tier>,
}

struct Tier {
    above: Option<String>,
    input: String,
    cached_input: String,
    cache_write: String,
    output: String,
}

impl Shown {
    fn of(model: &Arc<Model>) -> Self {
        let base = std::iter::once(tier(None, model.prices.base()));
        let dearer = model.prices.tiers().map(|(above, prices)| tier(Some(whole(above)), prices));
        let query = serde_html_form::to_string([("model", &*model.id)]).unwrap_or_default();
        Self { model: Arc::clone(model), query, tiers: base.chain(dearer).collect() }
    }

    fn context(&self) -> String {
        whole(self.model.context_length)
    }

    fn output(&self) -> String {
        whole(self.model.max_output_tokens)
    }
}

/// The list, or what of it is searched for.
pub(crate) async fn show(
    app: web::Data<App>,
    signed: Signed,
    query: web::Query<Query>,
) -> Result<HttpResponse, PageError> {
    let q: String = query.into_inner().q.unwrap_or_default().trim().chars().take(SEARCH_CHARS_MAX).collect();
    let catalog = app.catalog.current();
    let words: Vec<_> = q.split_whitespace().map(str::to_lowercase).collect();
    let is_found = |model: &&Arc<Model>| {
        let id = model.id.to_lowercase();
        words.iter().all(|word| id.contains(word))
    };
    let models = catalog.models().filter(is_found).map(Shown::of).collect();
    let page = Page::of(&signed, Section::Models, "Models");
    std::future::ready(render(&Models { page, q, models, has_any: catalog.models().next().is_some() })).await
}

fn tier(above: Option<String>, prices: &Prices) -> Tier {
    Tier {
        above,
        input: price(prices.input),
        cached_input: price(prices.cached_input),
        cache_write: price(prices.cache_write),
        output: price(prices.output),
    }
}

fn whole(number: u64) -> String {
    count(i64::try_from(number).unwrap_or(i64::MAX))
}
