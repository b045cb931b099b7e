//! The playground: a chat with any model, on the account's own balance.
//!
//! It pays with a key of the account that is made for it: the key's limits hold, and what is spent stands in usage as
//! that of any other. Nothing of what is typed is kept.

use std::time::Instant;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;
use syntopen_shared::wire::ledger::KeyRecord;
use syntopen_shared::wire::office::playground::OpenPlayground;

use self::answer::Answer;
use self::question::Question;
use super::error::PageError;
use super::form::{Errors, Form};
use super::page::{Page, Section, render, render_as};
use super::viewer::{Signed, Visitor};
use crate::api::envelope;
use crate::app::App;
use crate::body::{self, Body};
use crate::chat::{self, Arrival, Asking};

mod answer;
mod question;

const PATH: &str = "/playground";
/// Where the page's script asks.
const COMPLETIONS: &str = "/playground/completions";
/// The header that carries the proof which a form has in a field.
const CSRF: &str = "x-csrf-token";

/// The routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(super::page(PATH).route(web::get().to(show)).route(web::post().to(submit)))
        .service(super::page(COMPLETIONS).route(web::post().to(complete)));
}

#[derive(Deserialize)]
pub(crate) struct Query {
    /// The model to begin with.
    model: Option<String>,
}

#[derive(Template)]
#[template(path = "playground.html")]
struct Playground {
    page: Page,
    question: Question,
    models: Vec<String>,
    asked: Option<String>,
    answer: Option<Answer>,
    errors: Errors,
}

/// The page.
pub(crate) async fn show(
    app: web::Data<App>,
    signed: Signed,
    query: web::Query<Query>,
) -> Result<HttpResponse, PageError> {
    let question = Question::about(query.into_inner().model.unwrap_or_default());
    std::future::ready(render(&blank(&app, &signed, question))).await
}

/// The form, for browsers without scripts: the whole answer on the page.
pub(crate) async fn submit(
    (app, upstreams, head): (web::Data<App>, web::Data<awc::Client>, HttpRequest),
    signed: Signed,
    Form(question): Form<Question>,
) -> Result<HttpResponse, PageError> {
    let body = question.body();
    let mut playground = blank(&app, &signed, question);
    let body = match body {
        Ok(body) => body,
        Err(errors) => {
            playground.errors = errors;
            return render_as(actix_web::http::StatusCode::UNPROCESSABLE_ENTITY, &playground);
        }
    };
    let record = open(&app, &signed).await?;
    let asking = Asking::Person { record, body: Body { bytes: body, share: None } };
    let response = ask(&app, &upstreams, (&head, asking)).await;
    let status = response.status();
    playground.answer = Some(Answer::read(response).await?);
    playground.asked = Some(std::mem::take(&mut playground.question.prompt));
    render_as(status, &playground)
}

/// A completion for the page's script: what is answered is what the API answers.
pub(crate) async fn complete(
    (app, upstreams, head): (web::Data<App>, web::Data<awc::Client>, HttpRequest),
    signed: Signed,
    body: web::Payload,
) -> Result<HttpResponse, PageError> {
    let proof = head.headers().get(CSRF).and_then(|proof| proof.to_str().ok()).unwrap_or_default();
    if !Visitor::made(&app, &head, proof) {
        return Err(PageError::Stale);
    }
    let body = match body::read_json(&head, body, &app.config, &app.bodies).await {
        Ok(body) => body,
        Err(refused) => return Ok(actix_web::ResponseError::error_response(&refused)),
    };
    let record = open(&app, &signed).await?;
    Ok(ask(&app, &upstreams, (&head, Asking::Person { record, body })).await)
}

async fn open(app: &App, signed: &Signed) -> Result<KeyRecord, PageError> {
    Ok(app.office.ask(OpenPlayground { account: signed.viewer.account, by: signed.by() }).await?)
}

async fn ask(
    app: &web::Data<App>,
    upstreams: &awc::Client,
    (head, asking): (&HttpRequest, Asking<'_>),
) -> HttpResponse {
    let arrival = Arrival { id: envelope::request_id(head), started: Instant::now(), asking, upstreams };
    let answer = envelope::guarded(app, head, chat::complete(app, arrival)).await;
    app.metrics.answered("playground", answer.status().as_u16());
    answer
}

fn blank(app: &App, signed: &Signed, question: Question) -> Playground {
    let models = app.catalog.current();
    Playground {
        page: Page::of(signed, Section::Playground, "Playground"),
        models: models.models().map(|model| model.id.to_string()).collect(),
        question,
        asked: None,
        answer: None,
        errors: Errors::default(),
    }
}
