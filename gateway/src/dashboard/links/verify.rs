//! Proving an address by a link.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use syntopen_shared::token::Token;
use syntopen_shared::wire::office::links::{ConfirmAddress, Purpose, RequestVerification, Requested};

use super::{OF_ADDRESS, SENT, dead, look_up};
use crate::app::App;
use crate::dashboard::BASE;
use crate::dashboard::error::PageError;
use crate::dashboard::form::Form;
use crate::dashboard::page::{Page, render, see_other};
use crate::dashboard::throttle;
use crate::dashboard::viewer::{Signed, Visitor};
use crate::mail::{Letter, Recipient};

#[derive(Deserialize)]
pub(crate) struct Fields {}

#[derive(Template)]
#[template(path = "links/verify.html")]
struct Verify {
    page: Page,
    email: String,
    action: String,
}

/// The button.
pub(super) async fn show(
    app: web::Data<App>,
    visitor: Visitor,
    token: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let Some((email, token)) = look_up((&app, &visitor), Purpose::Verify, &token).await? else {
        return dead(&visitor);
    };
    let action = format!("{BASE}/verify-address/{}", token.expose());
    render(&Verify { page: Page::bare(&visitor, "Confirm your address"), email, action })
}

/// Notes that the address is the user's.
pub(super) async fn submit(
    app: web::Data<App>,
    (visitor, token): (Visitor, web::Path<String>),
    _: Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let Some((_, token)) = look_up((&app, &visitor), Purpose::Verify, &token).await? else {
        return dead(&visitor);
    };
    let confirm = ConfirmAddress { hash: token.hash(), address: visitor.origin.address.to_string() };
    match app.office.ask(confirm).await.map_err(PageError::from) {
        Ok(()) => Ok(see_other(&format!("{BASE}/done/verified"))),
        Err(PageError::NotFound) => dead(&visitor),
        Err(error) => Err(error),
    }
}

/// Sends the link to who is signed in.
pub(super) async fn send(app: web::Data<App>, signed: Signed, _: Form<Fields>) -> Result<HttpResponse, PageError> {
    let mail = app.mail.as_ref().ok_or(PageError::NotFound)?;
    throttle::take(&app, OF_ADDRESS, &signed.visitor.origin.network()).await?;
    let no_address = || PageError::bad("Your address is none to which a message can be sent.");
    let recipient = Recipient::parse(&signed.viewer.email).ok_or_else(no_address)?;
    let token = Token::generate();
    let request = RequestVerification { user: signed.viewer.user, hash: token.hash() };
    if app.office.ask(request).await? == Requested::Known {
        let link = format!("{}{BASE}/verify-address/{}", mail.public_url(), token.expose());
        mail.send(recipient, Letter::Verify { link });
    }
    Ok(see_other(SENT))
}
