//! Ending a key for good, after a second thought.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use syntopen_shared::wire::office::keys::{KeyLine, RevokeKey};

use super::{KEYS, State, find};
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::form::Form;
use crate::dashboard::page::{Page, Section, render, see_other};
use crate::dashboard::viewer::Signed;

/// The proof of the form is all that it carries.
#[derive(Deserialize)]
pub(crate) struct Fields {}

#[derive(Template)]
#[template(path = "keys/revoke.html")]
struct Revoke {
    page: Page,
    line: KeyLine,
    state: State,
}

/// The question.
pub(crate) async fn show(
    app: web::Data<App>,
    signed: Signed,
    path: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let line = find(&app, &signed, &path).await?;
    let state = State::of(&line.record, &*app.clock);
    render(&Revoke { page: Page::of(&signed, Section::Keys, "Revoke a key"), line, state })
}

/// Revokes it.
pub(crate) async fn submit(
    app: web::Data<App>,
    (signed, path): (Signed, web::Path<String>),
    Form(Fields {}): Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let key = find(&app, &signed, &path).await?.record.key;
    app.office.ask(RevokeKey { account: signed.viewer.account, by: signed.by(), key }).await?;
    Ok(see_other(&format!("{KEYS}/{key}?sent=revoked")))
}
