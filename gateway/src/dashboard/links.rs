//! Links that are sent to an address. To open one changes nothing: its page has a button that does.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use syntopen_ledger::office::OfficeError;
use syntopen_shared::token::Token;
use syntopen_shared::wire::office::Refusal;
use syntopen_shared::wire::office::links::{LookUpLink, Purpose, RequestLink, Requested};

use super::error::PageError;
use super::form::Errors;
use super::page::{Page, render, render_as};
use super::throttle::{self, Attempt};
use super::viewer::Visitor;
use super::{BASE, page};
use crate::app::App;
use crate::mail::{Letter, Mail, Recipient};

mod forgot;
mod reset;
mod sign_up;
mod verify;

/// To one mailbox: nobody is to be flooded, whatever he is sent. The ledger has a bound for longer times.
const OF_MAILBOX: Attempt = Attempt { name: "mail.mailbox", limit: 3 };
/// By one address of the network.
const OF_ADDRESS: Attempt = Attempt { name: "mail.address", limit: 10 };
/// Links that are tried by one address. They cannot be guessed; this spares the ledger.
pub(super) const OF_TRIES: Attempt = Attempt { name: "link.address", limit: 30 };

/// The pages.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(page("/forgot-password").route(web::get().to(forgot::show)).route(web::post().to(forgot::submit)))
        .service(page("/reset-password/{token}").route(web::get().to(reset::show)).route(web::post().to(reset::submit)))
        .service(
            page("/finish-sign-up/{token}").route(web::get().to(sign_up::show)).route(web::post().to(sign_up::submit)),
        )
        .service(
            page("/verify-address/{token}").route(web::get().to(verify::show)).route(web::post().to(verify::submit)),
        )
        .service(page("/settings/verification").route(web::post().to(verify::send)))
        .service(page("/done/{what}").route(web::get().to(done)));
}

/// Where the browser is sent when a message is on its way, or would be.
pub(crate) const SENT: &str = "/dashboard/done/sent";

/// Sends a message to an address: which one tells only who reads it. Answers what is wrong with the address.
pub(crate) async fn request(
    (app, mail): (&App, &Mail),
    visitor: &Visitor,
    (purpose, email): (Purpose, &str),
) -> Result<Errors, PageError> {
    throttle::take(app, OF_ADDRESS, &visitor.origin.network()).await?;
    let mut errors = Errors::default();
    let Some(recipient) = Recipient::parse(email) else {
        errors.add("email", "This is no address to which a message can be sent.");
        return Ok(errors);
    };
    let email = email.trim().to_lowercase();
    throttle::take(app, OF_MAILBOX, &email).await?;
    let token = Token::generate();
    let requested = match app.office.ask(RequestLink { purpose, email, hash: token.hash() }).await {
        Ok(requested) => requested,
        Err(error) => return Errors::of_refusal(error),
    };
    let to = |path: &str| format!("{}{BASE}/{path}", mail.public_url());
    let letter = match (requested, purpose) {
        (Requested::Enough, _) | (Requested::Unknown, Purpose::Reset | Purpose::Verify) => return Ok(errors),
        (Requested::Closed, _) => Letter::Closed {},
        (Requested::Unknown, Purpose::SignUp) => {
            Letter::SignUp { link: to(&format!("finish-sign-up/{}", token.expose())) }
        }
        (Requested::Known, Purpose::SignUp | Purpose::Verify) => {
            Letter::Known { sign_in: to("sign-in"), forgot: to("forgot-password") }
        }
        (Requested::Known, Purpose::Reset) => Letter::Reset { link: to(&format!("reset-password/{}", token.expose())) },
    };
    mail.send(recipient, letter);
    Ok(errors)
}

/// The page of a link on which a password is chosen.
#[derive(Template)]
#[template(path = "links/choose.html")]
pub(super) struct Choose {
    pub(super) page: Page,
    pub(super) action: String,
    pub(super) email: String,
    pub(super) words: String,
    pub(super) button: &'static str,
    pub(super) errors: Errors,
}

/// What the form of that page sends.
#[derive(Deserialize)]
pub(super) struct Chosen {
    pub(super) password: String,
}

impl Choose {
    /// The page again, with why the password was refused; or that the link does not work any more.
    pub(super) fn again(self, visitor: &Visitor, refused: OfficeError) -> Result<HttpResponse, PageError> {
        if refused == OfficeError::Refused(Refusal::NotFound) {
            return dead(visitor);
        }
        render_as(StatusCode::UNPROCESSABLE_ENTITY, &Self { errors: Errors::of_refusal(refused)?, ..self })
    }
}

#[derive(Template)]
#[template(path = "links/dead.html")]
struct Dead {
    page: Page,
}

/// A link that does not work, or not any more.
pub(super) fn dead(visitor: &Visitor) -> Result<HttpResponse, PageError> {
    render_as(StatusCode::NOT_FOUND, &Dead { page: Page::bare(visitor, "This link does not work") })
}

/// The address that a link was sent to, and its token; `None` where it does not work.
async fn look_up(
    (app, visitor): (&App, &Visitor),
    purpose: Purpose,
    text: &str,
) -> Result<Option<(String, Token)>, PageError> {
    throttle::take(app, OF_TRIES, &visitor.origin.network()).await?;
    let Some(token) = Token::parse(text) else { return Ok(None) };
    let link = app.office.ask(LookUpLink { purpose, hash: token.hash() }).await?;
    Ok(link.map(|link| (link.email, token)))
}

/// What has been done, in the words of its page.
#[derive(Template)]
#[template(path = "links/done.html")]
struct Done {
    page: Page,
    words: &'static str,
    leads_to: Option<(&'static str, &'static str)>,
}

async fn done(visitor: Visitor, what: web::Path<String>) -> Result<HttpResponse, PageError> {
    let sign_in = Some(("/dashboard/sign-in", "Sign in"));
    let (title, words, leads_to) = match what.as_str() {
        "sent" => (
            "Check your inbox",
            "A message is on its way to you. It has a link that leads on from here. If it does not come within a few \
             minutes, look into your spam folder, or try again.",
            Some(("/dashboard/sign-in", "Back to sign-in")),
        ),
        "password" => ("Your password is changed", "You have been signed out everywhere.", sign_in),
        "verified" => ("Your address is confirmed", "Thank you.", Some((BASE, "To the dashboard"))),
        "closed" => (
            "Your account is closed",
            "Its keys are refused from now on, and everybody is signed out. What it did stays in the books.",
            None,
        ),
        _ => return std::future::ready(Err(PageError::NotFound)).await,
    };
    render(&Done { page: Page::bare(&visitor, title), words, leads_to })
}
