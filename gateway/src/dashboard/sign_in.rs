//! Signing in.

use actix_web::http::StatusCode;
use actix_web::http::header::USER_AGENT;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use syntopen_ledger::office::OfficeError;
use syntopen_shared::token::Token;
use syntopen_shared::wire::office::identity::{NewSession, SignIn, SignedIn};
use syntopen_shared::wire::office::{Password, Refusal};

use super::error::PageError;
use super::form::{Errors, Form};
use super::page::{Page, render, render_as, see_other};
use super::throttle::{self, Attempt};
use super::viewer::Visitor;
use super::{BASE, cookie, page};
use crate::app::App;
use crate::config::SignUp;

mod code;
mod provider;

/// The pages.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(page("/sign-in").route(web::get().to(show)).route(web::post().to(submit)))
        .service(page("/sign-in/code").route(web::get().to(code::show)).route(web::post().to(code::submit)))
        .service(page("/sign-in/provider").route(web::get().to(provider::begin)))
        .service(page("/sign-in/provider/callback").route(web::get().to(provider::finish)));
}

/// By one address: many people may share it.
const OF_ADDRESS: Attempt = Attempt { name: "sign-in.address", limit: 30 };
/// For one user: a password of eight letters would take centuries.
const OF_USER: Attempt = Attempt { name: "sign-in.user", limit: 10 };

#[derive(Deserialize)]
pub(crate) struct Query {
    next: Option<String>,
    /// What took too long.
    late: Option<String>,
    /// What did not work.
    failed: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Fields {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    page: Page,
    email: String,
    next: String,
    may_sign_up: bool,
    /// What people call the identity provider, and the way there.
    provider: Option<(String, String)>,
    errors: Errors,
}

/// The form.
pub(crate) async fn show(
    app: web::Data<App>,
    visitor: Visitor,
    query: web::Query<Query>,
) -> Result<HttpResponse, PageError> {
    let Query { next, late, failed } = query.into_inner();
    let mut page = blank(&app, &visitor, next.unwrap_or_default());
    if late.is_some() {
        page.errors.add("", "That took too long. Sign in again.");
    }
    if failed.is_some() {
        page.errors.add("", "The identity provider has not signed you in. Try again, or use your password.");
    }
    std::future::ready(render(&page)).await
}

/// Signs in.
pub(crate) async fn submit(
    (app, request): (web::Data<App>, HttpRequest),
    visitor: Visitor,
    Form(fields): Form<Fields>,
) -> Result<HttpResponse, PageError> {
    throttle::take(&app, OF_ADDRESS, &visitor.origin.network()).await?;
    throttle::take(&app, OF_USER, &fields.email.trim().to_lowercase()).await?;
    let token = Token::generate();
    let sign_in = SignIn {
        email: fields.email.clone(),
        password: Password::new(fields.password),
        session: new_session(&request, &visitor, &token),
    };
    let mut page = SignInPage { email: fields.email, ..blank(&app, &visitor, fields.next) };
    match app.office.ask(sign_in).await {
        Ok(signed_in) => return admitted(signed_in, (&visitor, &token), &page.next),
        Err(OfficeError::Refused(Refusal::WrongCredentials)) => {
            page.errors.add("", "That e-mail address or password is not right.");
        }
        Err(other) => return Err(other.into()),
    }
    render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// Lets who is signed in go on to `next`, by way of the code of the second factor where it is needed.
pub(super) fn admitted(
    signed_in: SignedIn,
    (visitor, token): (&Visitor, &Token),
    next: &str,
) -> Result<HttpResponse, PageError> {
    let (mut response, cookie) = match signed_in {
        // A fresh token: whoever planted one in this browser has gained nothing.
        SignedIn::Done(_) => (see_other(local(next)), cookie::begin_session(token, &visitor.origin)),
        SignedIn::NeedsCode => (see_other(&code::path(next)), cookie::begin_challenge(token, &visitor.origin)),
    };
    response.add_cookie(&cookie).map_err(|_| PageError::Internal)?;
    Ok(response)
}

/// The browser that is to be signed in, by this token.
pub(super) fn new_session(request: &HttpRequest, visitor: &Visitor, token: &Token) -> NewSession {
    let agent = request.headers().get(USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned());
    NewSession { hash: token.hash(), address: visitor.origin.address.to_string(), agent: agent.unwrap_or_default() }
}

fn blank(app: &App, visitor: &Visitor, next: String) -> SignInPage {
    SignInPage {
        page: Page::bare(visitor, "Sign in"),
        email: String::new(),
        provider: way_to_provider(app, &next),
        next,
        may_sign_up: app.config.dashboard.sign_up == SignUp::Open,
        errors: Errors::default(),
    }
}

/// What people call the identity provider, and the way there, which leads to `next` in the end.
pub(super) fn way_to_provider(app: &App, next: &str) -> Option<(String, String)> {
    let provider = app.provider.as_ref()?;
    let next = serde_html_form::to_string([("next", next)]).unwrap_or_default();
    Some((provider.name().to_owned(), format!("{BASE}/sign-in/provider?{next}")))
}

/// A page of ours: nobody is sent elsewhere by a link that was made for him.
fn local(next: &str) -> &str {
    let is_ours = next == BASE || next.starts_with("/dashboard/") || next.starts_with("/dashboard?");
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') && !next.contains("..");
    if is_ours && is_plain { next } else { BASE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for next in ["/dashboard/keys?after=1", "/dashboard", "/dashboard?days=7"] {
            assert_eq!(local(next), next);
        }
        for next in ["", "//evil.example", "https://evil.example", "/dashboardx", "/dashboard/\r\nA: b", "/docs"] {
            assert_eq!(local(next), BASE, "{next}");
        }
    }
}
