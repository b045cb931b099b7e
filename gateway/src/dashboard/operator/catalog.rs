//! The catalog as this gateway has it.

use actix_web::{HttpResponse, web};
use askama::Template;
use syntopen_shared::price::Prices;

use crate::app::App;
use crate::catalog::{Candidate, CatalogSource, Idle, InvalidCatalog, Model, PriceList};
use crate::dashboard::error::PageError;
use crate::dashboard::format;
use crate::dashboard::page::{Page, Section, render};
use crate::dashboard::viewer::Operator;

#[derive(Template)]
#[template(path = "operator/catalog.html")]
struct CatalogPage {
    page: Page,
    source: String,
    loaded_ms: i64,
    is_refused: bool,
    refusal: Option<Refusal>,
    switched_off: Vec<String>,
    models: Vec<Entry>,
}

/// A change of the file that was not put in force.
struct Refusal {
    at_ms: i64,
    problems: InvalidCatalog,
}

/// A model of the file.
struct Entry {
    id: String,
    context: String,
    max_output: String,
    images: bool,
    is_served: bool,
    prices: Vec<Line>,
    ways: Vec<Way>,
}

/// Prices in dollars per million tokens, of requests with inputs above so many tokens.
struct Line {
    above: Option<String>,
    input: String,
    cached_input: String,
    cache_write: String,
    cache_write_1h: String,
    output: String,
}

/// A way to serve a model.
struct Way {
    upstream: String,
    model: String,
    weight: u32,
    priority: u32,
    /// The names of the credentials that are set, and where they are shown; nothing where the upstream is off.
    on: Option<(String, String)>,
    costs: Vec<Line>,
}

/// The page.
pub(crate) async fn show(app: web::Data<App>, Operator(signed): Operator) -> Result<HttpResponse, PageError> {
    let (catalog, history) = (app.catalog.current(), app.catalog.history());
    let served = catalog.models().map(|model| entry(model));
    let page = CatalogPage {
        page: Page::of(&signed, Section::Catalog, "Catalog"),
        source: match app.catalog.source() {
            CatalogSource::Builtin => "built into the program".to_owned(),
            CatalogSource::File(path) => path.display().to_string(),
        },
        loaded_ms: history.loaded_ms,
        is_refused: app.catalog.is_refused(),
        refusal: history.refusal.map(|(at_ms, problems)| Refusal { at_ms, problems }),
        switched_off: catalog.switched_off().to_vec(),
        models: served.chain(catalog.unserved().map(entry)).collect(),
    };
    std::future::ready(render(&page)).await
}

fn entry(model: &Model) -> Entry {
    let tokens = |count: u64| format::count(i64::try_from(count).unwrap_or(i64::MAX));
    let on = model.candidates.iter().map(|candidate| on(candidate));
    Entry {
        id: model.id.to_string(),
        context: tokens(model.context_length),
        max_output: tokens(model.max_output_tokens),
        images: model.images,
        is_served: !model.candidates.is_empty(),
        prices: lines(&model.prices),
        ways: on.chain(model.idle.iter().map(off)).collect(),
    }
}

fn on(candidate: &Candidate) -> Way {
    let names: Vec<_> = candidate.upstream.credentials.iter().map(|credential| credential.name.as_ref()).collect();
    Way {
        upstream: candidate.upstream.name.to_string(),
        model: candidate.model.to_string(),
        weight: candidate.weight,
        priority: candidate.priority,
        on: Some((names.join(", "), candidate.upstream.base_url.clone())),
        costs: candidate.cost.as_ref().map(lines).unwrap_or_default(),
    }
}

fn off(idle: &Idle) -> Way {
    Way {
        upstream: idle.upstream.clone(),
        model: idle.model.clone(),
        weight: idle.weight,
        priority: idle.priority,
        on: None,
        costs: idle.cost.as_ref().map(lines).unwrap_or_default(),
    }
}

fn lines(list: &PriceList) -> Vec<Line> {
    let tiers = list.tiers().map(|(above, prices)| (Some(above), prices));
    std::iter::once((None, list.base())).chain(tiers).map(line).collect()
}

fn line((above, prices): (Option<u64>, &Prices)) -> Line {
    Line {
        above: above.map(|above| format::count(i64::try_from(above).unwrap_or(i64::MAX))),
        input: format::price(prices.input),
        cached_input: format::price(prices.cached_input),
        cache_write: format::price(prices.cache_write),
        cache_write_1h: format::price(prices.cache_write_1h),
        output: format::price(prices.output),
    }
}
