//! Asking for a link to choose another password.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use syntopen_shared::wire::office::links::Purpose;

use super::{SENT, request};
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::form::{Errors, Form};
use crate::dashboard::page::{Page, render, render_as, see_other};
use crate::dashboard::viewer::Visitor;

#[derive(Deserialize)]
pub(crate) struct Fields {
    email: String,
}

#[derive(Template)]
#[template(path = "links/forgot.html")]
struct Forgot {
    page: Page,
    is_on: bool,
    email: String,
    errors: Errors,
}

/// The form, or that there is none.
pub(super) async fn show(app: web::Data<App>, visitor: Visitor) -> Result<HttpResponse, PageError> {
    std::future::ready(render(&blank(&app, &visitor))).await
}

/// Sends the link, where the address is a user's; the answer does not tell.
pub(super) async fn submit(
    app: web::Data<App>,
    visitor: Visitor,
    Form(fields): Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let mail = app.mail.as_ref().ok_or(PageError::NotFound)?;
    let errors = request((&app, mail), &visitor, (Purpose::Reset, &fields.email)).await?;
    if errors.is_empty() {
        return Ok(see_other(SENT));
    }
    let page = Forgot { email: fields.email, errors, ..blank(&app, &visitor) };
    render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn blank(app: &App, visitor: &Visitor) -> Forgot {
    Forgot {
        page: Page::bare(visitor, "Forgot your password?"),
        is_on: app.mail.is_some(),
        email: String::new(),
        errors: Errors::default(),
    }
}
