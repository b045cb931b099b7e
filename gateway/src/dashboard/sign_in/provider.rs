//! Signing in by the identity provider.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use awc::Client;
use serde::Deserialize;
use syntopen_ledger::office::OfficeError;
use syntopen_shared::token::Token;
use syntopen_shared::wire::office::Refusal;
use syntopen_shared::wire::office::provider::{Newcomers, SignInByProvider};

use super::{admitted, blank, new_session};
use crate::app::App;
use crate::config::SignUp;
use crate::dashboard::error::PageError;
use crate::dashboard::oidc::{Failed, Journey, Provider};
use crate::dashboard::page::{render_as, see_other};
use crate::dashboard::throttle::{self, Attempt};
use crate::dashboard::viewer::Visitor;
use crate::dashboard::{BASE, cookie};

/// By one address, on the way there and on the way back: each makes us ask the provider.
const OF_ADDRESS: Attempt = Attempt { name: "provider.address", limit: 60 };
/// Codes are short; what is longer is no code.
const CODE_BYTES_MAX: usize = 4_096;

/// What the provider answers.
#[derive(Deserialize)]
pub(crate) struct Answer {
    code: Option<String>,
    #[serde(default)]
    state: String,
}

/// Sends the browser to the provider.
pub(crate) async fn begin(
    (app, http): (web::Data<App>, web::Data<Client>),
    visitor: Visitor,
    query: web::Query<super::Query>,
) -> Result<HttpResponse, PageError> {
    let provider = app.provider.as_ref().ok_or(PageError::NotFound)?;
    throttle::take(&app, OF_ADDRESS, &visitor.origin.network()).await?;
    let journey = Journey::begin(query.into_inner().next.unwrap_or_default(), app.clock.unix_ms());
    match provider.address(&http, &journey.secrets(&app.seal)).await {
        Ok(address) => {
            let mut response = see_other(&address);
            let carried = cookie::begin_journey(journey.sealed(&app.seal), &visitor.origin);
            response.add_cookie(&carried).map_err(|_| PageError::Internal)?;
            Ok(response)
        }
        Err(failed) => Ok(not_vouched_for(&failed)),
    }
}

/// Takes the browser back, and signs it in.
pub(crate) async fn finish(
    (app, http, request): (web::Data<App>, web::Data<Client>, HttpRequest),
    visitor: Visitor,
    answer: web::Query<Answer>,
) -> Result<HttpResponse, PageError> {
    let provider = app.provider.as_ref().ok_or(PageError::NotFound)?;
    throttle::take(&app, OF_ADDRESS, &visitor.origin.network()).await?;
    let carried = cookie::journey(&request, &visitor.origin);
    let journey = carried.and_then(|carried| Journey::open(&app.seal, &carried, app.clock.unix_ms()));
    let Some(journey) = journey else { return Ok(see_other(&format!("{BASE}/sign-in?late=provider"))) };
    if !journey.is_of(&app.seal, &answer.state) {
        return Err(PageError::Stale);
    }
    let code = answer.code.as_deref().filter(|code| code.len() <= CODE_BYTES_MAX);
    let mut response = match code {
        Some(code) => signed_in((&app, &http, &request), (&visitor, provider), (code, &journey)).await?,
        None => not_vouched_for(&"it was refused there"),
    };
    response.add_cookie(&cookie::end_journey(&visitor.origin)).map_err(|_| PageError::Internal)?;
    Ok(response)
}

async fn signed_in(
    (app, http, request): (&App, &Client, &HttpRequest),
    (visitor, provider): (&Visitor, &Provider),
    (code, journey): (&str, &Journey),
) -> Result<HttpResponse, PageError> {
    let person: Result<_, Failed> = provider.person(http, (code, &journey.secrets(&app.seal))).await;
    let person = match person {
        Ok(person) => person,
        Err(failed) => return Ok(not_vouched_for(&failed)),
    };
    let token = Token::generate();
    let newcomers = match app.config.dashboard.sign_up {
        SignUp::Open => Newcomers::Welcome,
        SignUp::Invited => Newcomers::Refused,
    };
    let sign_in = SignInByProvider {
        issuer: person.issuer,
        subject: person.subject,
        email: person.email,
        email_verified: person.email_verified,
        newcomers,
        session: new_session(request, visitor, &token),
    };
    match app.office.ask(sign_in).await {
        Ok(signed_in) => admitted(signed_in, (visitor, &token), &journey.next),
        Err(OfficeError::Refused(Refusal::Conflict { message } | Refusal::Invalid { message, .. })) => {
            let mut page = blank(app, visitor, journey.next.clone());
            page.errors.add("", message);
            render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}

/// What the provider says is for the log: it may have been made up by whoever sent the link.
fn not_vouched_for(why: &dyn std::fmt::Display) -> HttpResponse {
    tracing::warn!(%why, "nobody was signed in by the identity provider");
    see_other(&format!("{BASE}/sign-in?failed=provider"))
}
