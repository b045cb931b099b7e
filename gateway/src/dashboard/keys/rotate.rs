//! Replacing a key by a new one with the same settings.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use syntopen_shared::token::Token;
use syntopen_shared::wire::office::keys::{KeyLine, RotateKey};

use super::create::KEYS_MADE;
use super::{State, find, form_of, made};
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::form::{Errors, Form};
use crate::dashboard::page::{Page, Section, render, render_as};
use crate::dashboard::throttle;
use crate::dashboard::viewer::Signed;

const HOUR_MS: i64 = 3_600_000;
/// How long the old key still works: what the form says, what people read, and what they read when it is done.
const GRACES: [(&str, &str, i64, &str); 3] = [
    ("now", "Revoke it at once", 0, "The old key is revoked: no request is accepted with it any more."),
    ("hour", "Let it work for 1 more hour", HOUR_MS, "The old key works for 1 more hour, unless it expires before."),
    (
        "day",
        "Let it work for 24 more hours",
        24 * HOUR_MS,
        "The old key works for 24 more hours, unless it expires before.",
    ),
];

#[derive(Deserialize)]
pub(crate) struct Fields {
    form: String,
    #[serde(default)]
    grace: String,
}

#[derive(Template)]
#[template(path = "keys/rotate.html")]
struct Rotate {
    page: Page,
    line: KeyLine,
    state: State,
    form: String,
    grace: String,
    errors: Errors,
}

impl Rotate {
    fn of((app, signed): (&App, &Signed), line: KeyLine, (form, grace): (String, String)) -> Self {
        let page = Page::of(signed, Section::Keys, "Rotate a key");
        let state = State::of(&line.record, &*app.clock);
        Self { page, line, state, form, grace, errors: Errors::default() }
    }
}

/// The form.
pub(crate) async fn show(
    app: web::Data<App>,
    signed: Signed,
    path: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let line = find(&app, &signed, &path).await?;
    let form = Token::generate().expose().to_owned();
    render(&Rotate::of((&app, &signed), line, (form, GRACES[0].0.to_owned())))
}

/// Makes the new key, and shows it.
pub(crate) async fn submit(
    app: web::Data<App>,
    (signed, path): (Signed, web::Path<String>),
    Form(fields): Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let line = find(&app, &signed, &path).await?;
    let Fields { form, grace } = fields;
    let hash = form_of(&form)?;
    let (account, key) = (signed.viewer.account, line.record.key);
    throttle::take(&app, KEYS_MADE, &account.to_string()).await?;
    let mut errors = Errors::default();
    if let Some((_, _, grace_ms, done)) = GRACES.into_iter().find(|(word, ..)| *word == grace) {
        match app.office.ask(RotateKey { account, by: signed.by(), form: hash, key, grace_ms }).await {
            Ok(created) => {
                let page = Page::of(&signed, Section::Keys, "Your new key");
                return made::answer((&app, page), created, Some(done)).await;
            }
            Err(error) => errors = Errors::of_refusal(error)?,
        }
    } else {
        errors.add("grace", "Choose what becomes of the old key.");
    }
    let page = Rotate { errors, ..Rotate::of((&app, &signed), line, (form, grace)) };
    render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
