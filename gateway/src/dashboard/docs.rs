//! `/docs`: the API reference, for anybody.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use self::snippets::Snippets;
use super::error::PageError;
use super::format;
use super::origin::Origin;
use super::page::{Page, Section, render};
use super::viewer::Signed;
use crate::api::openapi::refusals::{HEADERS, Named, REFUSALS, Refused};
use crate::app::App;
use crate::catalog::Model;

mod snippets;

const TITLE: &str = "API Reference";

#[derive(Template)]
#[template(path = "docs.html")]
struct Reference {
    page: Page,
    snippets: Snippets,
    models: Vec<ModelRow>,
    limits: Limits,
    refusals: &'static [Refused],
    headers: &'static [Named],
}

/// A model as the table shows it.
struct ModelRow {
    id: String,
    context: String,
    input: String,
    output: String,
}

/// Bounds on requests, as they are set here.
struct Limits {
    body_mib: usize,
    first_byte_seconds: u64,
    idle_seconds: u64,
    total_seconds: u64,
}

/// The page.
pub(crate) async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    signed: Option<Signed>,
) -> Result<HttpResponse, PageError> {
    let page = match &signed {
        Some(signed) => Page::of(signed, Section::Docs, TITLE),
        None => Page {
            title: TITLE,
            section: Section::Docs,
            viewer: None,
            csrf: String::new(),
            base: Origin::of(&app, &request).base,
            unconfirmed: false,
        },
    };
    let timeouts = &app.config.timeouts;
    let limits = Limits {
        body_mib: app.config.limits.body_bytes >> 20,
        first_byte_seconds: timeouts.first_byte.as_secs(),
        idle_seconds: timeouts.idle.as_secs(),
        total_seconds: timeouts.total.as_secs(),
    };
    let reference = Reference {
        snippets: Snippets::at(&page.base),
        models: app.catalog.current().models().map(|model| ModelRow::of(model)).collect(),
        limits,
        refusals: &REFUSALS,
        headers: &HEADERS,
        page,
    };
    std::future::ready(render(&reference)).await
}

impl ModelRow {
    fn of(model: &Model) -> Self {
        let prices = model.prices.base();
        Self {
            id: model.id.to_string(),
            context: i64::try_from(model.context_length).map(format::count).unwrap_or_default(),
            input: format::price(prices.input),
            output: format::price(prices.output),
        }
    }
}
