//! Making an account by a link: whoever has it has the mailbox.

use actix_web::{HttpRequest, HttpResponse, web};
use syntopen_shared::token::Token;
use syntopen_shared::wire::office::Password;
use syntopen_shared::wire::office::identity::SignedIn;
use syntopen_shared::wire::office::links::{FinishSignUp, Purpose};

use super::{Choose, Chosen, dead, look_up};
use crate::app::App;
use crate::dashboard::BASE;
use crate::dashboard::error::PageError;
use crate::dashboard::form::{Errors, Form};
use crate::dashboard::page::{Page, render};
use crate::dashboard::sign_in::{admitted, new_session};
use crate::dashboard::viewer::Visitor;

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
    Form(chosen): Form<Chosen>,
) -> Result<HttpResponse, PageError> {
    let Some((email, token)) = look_up((&app, &visitor), Purpose::SignUp, &token).await? else {
        return dead(&visitor);
    };
    let session = Token::generate();
    let finish = FinishSignUp {
        hash: token.hash(),
        password: Password::new(chosen.password),
        session: new_session(&request, &visitor, &session),
    };
    match app.office.ask(finish).await {
        Ok(user) => admitted(SignedIn::Done(user), (&visitor, &session), BASE),
        Err(refused) => page(&visitor, email, &token).again(&visitor, refused),
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
