//! What a person sets for himself: the password, the second factor, the browsers in which he is signed in.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use syntopen_shared::wire::office::security::{Security, ShowSecurity};

use super::error::PageError;
use super::form::Errors;
use super::page::{Page, Section, render, render_as};
use super::viewer::Signed;
use super::{BASE, page};
use crate::app::App;

mod agent;
mod password;
mod second_factor;
mod sessions;

/// The pages.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(page("/settings").route(web::get().to(show)))
        .service(page("/settings/password").route(web::post().to(password::change)))
        .configure(second_factor::configure)
        .service(page("/settings/sessions/end").route(web::post().to(sessions::end_all)))
        .service(page("/settings/sessions/{id}/end").route(web::post().to(sessions::end)));
}

#[derive(Deserialize)]
pub(crate) struct Query {
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    page: Page,
    security: Security,
    signed: Signed,
    done: Option<&'static str>,
    errors: Errors,
}

/// All of it.
pub(crate) async fn show(
    app: web::Data<App>,
    signed: Signed,
    query: web::Query<Query>,
) -> Result<HttpResponse, PageError> {
    let done = match query.done.as_deref() {
        Some("password") => Some("Your password is changed, and every other browser is signed out."),
        Some("session") => Some("That browser is signed out."),
        Some("second-factor") => Some("The second factor is off: your password alone signs you in."),
        _ => None,
    };
    render(&SettingsPage { done, ..SettingsPage::of(&app, signed).await? })
}

/// The page again, for a form of it that has to be mended.
async fn again(app: &App, signed: Signed, errors: Errors) -> Result<HttpResponse, PageError> {
    let page = SettingsPage { errors, ..SettingsPage::of(app, signed).await? };
    render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// Where the page is, after something was done.
fn after(done: &str) -> String {
    format!("{BASE}/settings?done={done}")
}

impl SettingsPage {
    async fn of(app: &App, signed: Signed) -> Result<Self, PageError> {
        let security = app.office.ask(ShowSecurity { user: signed.viewer.user }).await?;
        let page = Page::of(&signed, Section::Settings, "Settings");
        Ok(Self { page, security, signed, done: None, errors: Errors::default() })
    }
}
