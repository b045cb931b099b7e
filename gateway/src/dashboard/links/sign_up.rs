//! Making an account by a link: whoever has it has the mailbox.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use syntopen_ledger::office::OfficeError;
use syntopen_shared::token::Token;
use syntopen_shared::wire::office::links::{FinishSignUp, Purpose};
use syntopen_shared::wire::office::{Password, Refusal};

use super::{Choose, dead, look_up};
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::form::{Errors, Form};
use crate::dashboard::page::{Page, render, render_as, see_other};
use crate::dashboard::sign_in::new_session;
use crate::dashboard::viewer::Visitor;
use crate::dashboard::{BASE, cookie};

#[derive(Deserialize)]
pub(crate) struct Fields {
    password: String,
}

/// The form.
pub(super) async fn show(
    app: web::Data<App>,
    visitor: Visitor,
    token: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    match look_up((&app, &visitor), Purpose::SignUp, &token).await? {
        Some((email, token)) => render(&page(&visitor, email, &token)),
        None => dead(&visitor),
    }
}

/// Makes the account, and signs its first user in.
pub(super) async fn submit(
    (app, request): (web::Data<App>, HttpRequest),
    (visitor, token): (Visitor, web::Path<String>),
    Form(fields): Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let Some((email, token)) = look_up((&app, &visitor), Purpose::SignUp, &token).await? else {
        return dead(&visitor);
    };
    let session = Token::generate();
    let finish = FinishSignUp {
        hash: token.hash(),
        password: Password::new(fields.password),
        session: new_session(&request, &visitor, &session),
    };
    match app.office.ask(finish).await {
        Ok(_) => {
            let mut response = see_other(BASE);
            response.add_cookie(&cookie::begin_session(&session, &visitor.origin)).map_err(|_| PageError::Internal)?;
            Ok(response)
        }
        Err(OfficeError::Refused(Refusal::NotFound)) => dead(&visitor),
        Err(error) => {
            let page = Choose { errors: Errors::of_refusal(error)?, ..page(&visitor, email, &token) };
            render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

fn page(visitor: &Visitor, email: String, token: &Token) -> Choose {
    Choose {
        page: Page::bare(visitor, "Finish your account"),
        action: format!("{BASE}/finish-sign-up/{}", token.expose()),
        email,
        words: "Your address is confirmed. Choose the password with which you will sign in.".to_owned(),
        button: "Create account",
        errors: Errors::default(),
    }
}
