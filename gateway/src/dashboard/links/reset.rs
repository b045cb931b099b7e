//! Choosing another password by a link.

use actix_web::{HttpResponse, web};
use syntopen_shared::token::Token;
use syntopen_shared::wire::office::Password;
use syntopen_shared::wire::office::links::{Purpose, ResetPassword};

use super::{Choose, Chosen, dead, look_up};
use crate::app::App;
use crate::dashboard::BASE;
use crate::dashboard::error::PageError;
use crate::dashboard::form::{Errors, Form};
use crate::dashboard::page::{Page, render, see_other};
use crate::dashboard::viewer::Visitor;

/// The form.
pub(super) async fn show(
    app: web::Data<App>,
    visitor: Visitor,
    token: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    match look_up((&app, &visitor), Purpose::Reset, &token).await? {
        Some((email, token)) => render(&page(&visitor, email, &token)),
        None => dead(&visitor),
    }
}

/// Changes the password; nobody is signed in by that, so that a second factor is still asked for.
pub(super) async fn submit(
    app: web::Data<App>,
    (visitor, token): (Visitor, web::Path<String>),
    Form(chosen): Form<Chosen>,
) -> Result<HttpResponse, PageError> {
    let Some((email, token)) = look_up((&app, &visitor), Purpose::Reset, &token).await? else {
        return dead(&visitor);
    };
    let reset = ResetPassword {
        hash: token.hash(),
        password: Password::new(chosen.password),
        address: visitor.origin.address.to_string(),
    };
    match app.office.ask(reset).await {
        Ok(()) => Ok(see_other(&format!("{BASE}/done/password"))),
        Err(refused) => page(&visitor, email, &token).again(&visitor, refused),
    }
}

fn page(visitor: &Visitor, email: String, token: &Token) -> Choose {
    Choose {
        page: Page::bare(visitor, "Choose a new password"),
        action: format!("{BASE}/reset-password/{}", token.expose()),
        email,
        words: "You will be signed out everywhere. A second factor stays as it is.".to_owned(),
        button: "Change the password",
        errors: Errors::default(),
    }
}
