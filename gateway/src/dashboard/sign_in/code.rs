//! The second step of signing in, for who has a second factor.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use syntopen_ledger::office::OfficeError;
use syntopen_shared::token::Token;
use syntopen_shared::wire::office::Refusal;
use syntopen_shared::wire::office::identity::SignedIn;
use syntopen_shared::wire::office::second_factor::{Private, SubmitCode};

use super::{Query, admitted, new_session};
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::form::{Errors, Form};
use crate::dashboard::page::{Page, render, render_as, see_other};
use crate::dashboard::throttle::{self, Attempt};
use crate::dashboard::viewer::Visitor;
use crate::dashboard::{BASE, cookie};

/// By one address. The ledger counts wrong codes of each user, too.
const OF_ADDRESS: Attempt = Attempt { name: "code.address", limit: 30 };

#[derive(Deserialize)]
pub(crate) struct Fields {
    code: String,
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "sign_in/code.html")]
struct CodePage {
    page: Page,
    next: String,
    errors: Errors,
}

/// Where the form is, which leads to `next`.
pub(super) fn path(next: &str) -> String {
    let next = serde_html_form::to_string([("next", next)]).unwrap_or_default();
    format!("{BASE}/sign-in/code?{next}")
}

/// The form.
pub(crate) async fn show(
    request: HttpRequest,
    visitor: Visitor,
    query: web::Query<Query>,
) -> Result<HttpResponse, PageError> {
    if cookie::challenge(&request, &visitor.origin).is_none() {
        return Ok(see_other(&format!("{BASE}/sign-in")));
    }
    let next = query.into_inner().next.unwrap_or_default();
    let page = CodePage { page: Page::bare(&visitor, "Second factor"), next, errors: Errors::default() };
    std::future::ready(render(&page)).await
}

/// Signs in.
pub(crate) async fn submit(
    (app, request): (web::Data<App>, HttpRequest),
    visitor: Visitor,
    Form(fields): Form<Fields>,
) -> Result<HttpResponse, PageError> {
    throttle::take(&app, OF_ADDRESS, &visitor.origin.network()).await?;
    let Some(challenge) = cookie::challenge(&request, &visitor.origin) else {
        return Ok(see_other(&format!("{BASE}/sign-in")));
    };
    let token = Token::generate();
    let submit = SubmitCode {
        challenge: challenge.hash(),
        code: Private::new(fields.code),
        session: new_session(&request, &visitor, &token),
    };
    let message = match app.office.ask(submit).await {
        Ok(user) => {
            let mut response = admitted(SignedIn::Done(user), (&visitor, &token), &fields.next)?;
            response.add_cookie(&cookie::end_challenge(&visitor.origin)).map_err(|_| PageError::Internal)?;
            return Ok(response);
        }
        Err(OfficeError::Refused(Refusal::NotFound)) => return Ok(see_other(&format!("{BASE}/sign-in?late=code"))),
        Err(OfficeError::Refused(Refusal::WrongCredentials)) => {
            "That code is not right, or was used before: wait for the next one.".to_owned()
        }
        Err(OfficeError::Refused(Refusal::Conflict { message })) => message,
        Err(other) => return Err(other.into()),
    };
    let mut errors = Errors::default();
    errors.add("code", message);
    let page = CodePage { page: Page::bare(&visitor, "Second factor"), next: fields.next, errors };
    render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
