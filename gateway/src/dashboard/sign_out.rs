//! Signing out.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use syntopen_shared::wire::office::identity::SignOut;

use super::error::PageError;
use super::form::Form;
use super::page::see_other;
use super::viewer::Visitor;
use super::{BASE, cookie};
use crate::app::App;

#[derive(Deserialize)]
pub(crate) struct Fields {}

/// Ends the session.
pub(crate) async fn submit(app: web::Data<App>, visitor: Visitor, _: Form<Fields>) -> Result<HttpResponse, PageError> {
    if let Some(token) = &visitor.session {
        app.office.ask(SignOut { hash: token.hash(), address: visitor.origin.address.to_string() }).await?;
    }
    let mut response = see_other(&format!("{BASE}/sign-in"));
    response.add_cookie(&cookie::end_session(&visitor.origin)).map_err(|_| PageError::Internal)?;
    Ok(response)
}
