//! Making a key.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use syntopen_shared::token::Token;
use syntopen_shared::wire::admin::Expiry;
use syntopen_shared::wire::office::keys::CreateKey;

use super::expiry::CHOICES;
use super::settings::{Choice, Typed};
use super::{form_of, made};
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::form::{Errors, Form};
use crate::dashboard::page::{Page, Section, render, render_as};
use crate::dashboard::throttle::{self, Attempt};
use crate::dashboard::viewer::Signed;

/// Of one account: nobody needs more, and each stays in the book.
pub(super) const KEYS_MADE: Attempt = Attempt { name: "key.create", limit: 30 };

#[derive(Template)]
#[template(path = "keys/create.html")]
struct Create {
    page: Page,
    typed: Typed,
    choices: Vec<Choice>,
    expiries: Vec<(&'static str, &'static str)>,
    errors: Errors,
}

impl Create {
    fn of(app: &App, signed: &Signed, typed: Typed) -> Self {
        let choices = typed.choices(&app.catalog.current());
        let page = Page::of(signed, Section::Keys, "Create a key");
        Self { page, typed, choices, expiries: CHOICES.to_vec(), errors: Errors::default() }
    }
}

/// The form.
pub(crate) async fn show(app: web::Data<App>, signed: Signed) -> Result<HttpResponse, PageError> {
    let typed = Typed { form: Token::generate().expose().to_owned(), ..Typed::blank() };
    std::future::ready(render(&Create::of(&app, &signed, typed))).await
}

/// Makes the key, and shows it.
pub(crate) async fn submit(
    app: web::Data<App>,
    signed: Signed,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse, PageError> {
    let form = form_of(&typed.form)?;
    let account = signed.viewer.account;
    throttle::take(&app, KEYS_MADE, &account.to_string()).await?;
    let errors = match typed.read(app.clock.unix_ms()) {
        Ok(settings) => {
            let create = CreateKey {
                account,
                by: signed.by(),
                form,
                name: settings.name,
                rpm: settings.rpm,
                limits: settings.limits,
                expiry: settings.expiry.unwrap_or(Expiry::Never),
                models: settings.models,
            };
            match app.office.ask(create).await {
                Ok(created) => {
                    let page = Page::of(&signed, Section::Keys, "Your new key");
                    return made::answer((&app, page), created, None).await;
                }
                Err(error) => Errors::of_refusal(error)?,
            }
        }
        Err(errors) => errors,
    };
    let page = Create { errors, ..Create::of(&app, &signed, typed) };
    render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
