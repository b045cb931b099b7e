//! One key: what became of it, and its settings.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin;
use syntopen_shared::wire::office::keys::{KeyLine, UpdateKey};

use super::expiry::{CHOICES, KEEP};
use super::settings::{Choice, Typed};
use super::{KEYS, State, find};
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::form::{Errors, Form};
use crate::dashboard::page::{Page, Section, render, render_as, see_other};
use crate::dashboard::viewer::Signed;

#[derive(Deserialize)]
pub(crate) struct Query {
    /// Which form has just been sent, and how it went.
    sent: Option<String>,
}

/// What a limit leaves.
struct Limit {
    period: &'static str,
    spent: NanoUsd,
    limit: Option<NanoUsd>,
}

#[derive(Template)]
#[template(path = "keys/edit.html")]
struct Edit {
    page: Page,
    line: KeyLine,
    state: State,
    limits: [Limit; 3],
    sent: String,
    typed: Typed,
    choices: Vec<Choice>,
    expiries: Vec<(&'static str, &'static str)>,
    errors: Errors,
}

impl Edit {
    fn of((app, signed): (&App, &Signed), line: KeyLine, typed: Typed) -> Self {
        let (spent, limits) = (line.spent, line.record.limits);
        let kept = std::iter::once((KEEP, "As it is"));
        Self {
            page: Page::of(signed, Section::Keys, "API key"),
            state: State::of(&line.record, &*app.clock),
            limits: [
                Limit { period: "Today", spent: spent.day, limit: limits.day },
                Limit { period: "This month", spent: spent.month, limit: limits.month },
                Limit { period: "In total", spent: spent.total, limit: limits.total },
            ],
            sent: String::new(),
            choices: typed.choices(&app.catalog.current()),
            expiries: kept.chain(CHOICES).collect(),
            typed,
            line,
            errors: Errors::default(),
        }
    }
}

/// The key.
pub(crate) async fn show(
    app: web::Data<App>,
    signed: Signed,
    (path, query): (web::Path<String>, web::Query<Query>),
) -> Result<HttpResponse, PageError> {
    let line = find(&app, &signed, &path).await?;
    let typed = Typed::of(&line.record);
    let sent = query.into_inner().sent.unwrap_or_default();
    render(&Edit { sent, ..Edit::of((&app, &signed), line, typed) })
}

/// Changes its settings.
pub(crate) async fn submit(
    app: web::Data<App>,
    (signed, path): (Signed, web::Path<String>),
    Form(typed): Form<Typed>,
) -> Result<HttpResponse, PageError> {
    let line = find(&app, &signed, &path).await?;
    let key = line.record.key;
    let errors = match typed.read(app.clock.unix_ms()) {
        Ok(settings) => {
            let change = admin::UpdateKey {
                key,
                name: Some(settings.name),
                rpm: Some(settings.rpm),
                limits: Some(settings.limits),
                expiry: settings.expiry,
                models: Some(settings.models),
            };
            match app.office.ask(UpdateKey { account: signed.viewer.account, by: signed.by(), change }).await {
                Ok(_) => return Ok(see_other(&format!("{KEYS}/{key}?sent=changed"))),
                Err(error) => Errors::of_refusal(error)?,
            }
        }
        Err(errors) => errors,
    };
    render_as(StatusCode::UNPROCESSABLE_ENTITY, &Edit { errors, ..Edit::of((&app, &signed), line, typed) })
}
