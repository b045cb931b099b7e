//! Ending sessions.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use syntopen_shared::id::SessionId;
use syntopen_shared::wire::office::security::{RevokeSession, RevokeSessions};

use super::after;
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::form::Form;
use crate::dashboard::page::see_other;
use crate::dashboard::viewer::Signed;
use crate::dashboard::{BASE, cookie};

#[derive(Deserialize)]
pub(crate) struct Fields {}

/// Signs one browser out.
pub(crate) async fn end(
    app: web::Data<App>,
    (signed, id): (Signed, web::Path<String>),
    _: Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let session: SessionId = id.parse().map_err(|_| PageError::NotFound)?;
    app.office.ask(RevokeSession { by: signed.by(), session }).await?;
    if session == signed.viewer.session {
        return signed_out(&signed);
    }
    Ok(see_other(&after("session")))
}

/// Signs all browsers out, this one too.
pub(crate) async fn end_all(app: web::Data<App>, signed: Signed, _: Form<Fields>) -> Result<HttpResponse, PageError> {
    app.office.ask(RevokeSessions { by: signed.by() }).await?;
    signed_out(&signed)
}

fn signed_out(signed: &Signed) -> Result<HttpResponse, PageError> {
    let mut response = see_other(&format!("{BASE}/sign-in"));
    response.add_cookie(&cookie::end_session(&signed.visitor.origin)).map_err(|_| PageError::Internal)?;
    Ok(response)
}
