//! The list of requests.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use syntopen_shared::wire::ledger::Outcome;
use syntopen_shared::wire::office::usage::{Choices, ListChoices, ListRequests, Request};

use super::filter::Asked;
use crate::app::App;
use crate::dashboard::address;
use crate::dashboard::error::PageError;
use crate::dashboard::form::Errors;
use crate::dashboard::page::{Page, Section, render_as};
use crate::dashboard::pager::{self, Pager};
use crate::dashboard::usage::words;
use crate::dashboard::viewer::Signed;

const PATH: &str = "/dashboard/usage";
/// Requests of a page.
const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "usage/list.html")]
struct List {
    page: Page,
    asked: Asked,
    errors: Errors,
    keys: Vec<(String, String)>,
    models: Vec<(String, String)>,
    outcomes: Vec<(&'static str, &'static str)>,
    requests: Vec<Request>,
    pager: Pager,
    csv: String,
}

/// One page of it.
pub(super) async fn show(
    (app, request): (web::Data<App>, HttpRequest),
    signed: Signed,
) -> Result<HttpResponse, PageError> {
    let account = signed.viewer.account;
    let (asked, place) = (address::read::<Asked>(&request)?, pager::place(&request)?);
    let choices = app.office.ask(ListChoices { account }).await?;
    let mut list = blank(&signed, asked, choices);
    let mut status = StatusCode::OK;
    match list.asked.read() {
        Ok(filter) => {
            let found = app.office.ask(ListRequests { account, filter, place, limit: ROWS }).await?;
            list.pager = Pager::of((&place, &found), (PATH, &list.asked));
            list.requests = found.rows;
        }
        Err(errors) => (list.errors, status) = (errors, StatusCode::UNPROCESSABLE_ENTITY),
    }
    render_as(status, &list)
}

fn blank(signed: &Signed, asked: Asked, choices: Choices) -> List {
    let mut keys = vec![(String::new(), "All keys".to_owned())];
    keys.extend(choices.keys.into_iter().map(|(id, name)| (id.to_string(), name)));
    let mut models = vec![(String::new(), "All models".to_owned())];
    models.extend(choices.models.into_iter().map(|model| (model.clone(), model)));
    // What was asked for stays chosen, also where it is not offered.
    for (choices, chosen) in [(&mut keys, &asked.key), (&mut models, &asked.model)] {
        if !choices.iter().any(|(value, _)| value == chosen) {
            choices.push((chosen.clone(), chosen.clone()));
        }
    }
    let mut outcomes = vec![("", "Any status")];
    outcomes.extend(Outcome::ALL.map(|outcome| (outcome.as_str(), words::outcome(outcome).1)));
    List {
        page: Page::of(signed, Section::Usage, "Usage"),
        csv: address::write("/dashboard/usage.csv", &asked),
        asked,
        errors: Errors::default(),
        keys,
        models,
        outcomes,
        requests: Vec::new(),
        pager: Pager::default(),
    }
}
