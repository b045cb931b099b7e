//! Invitations: accepting one, and those by which the operator lets customers in.

use actix_web::{HttpRequest, HttpResponse, web};
use syntopen_shared::token::Token;
use syntopen_shared::wire::office::Password;
use syntopen_shared::wire::office::identity::SignedIn;
use syntopen_shared::wire::office::members::{AcceptInvitation, Invited, LookUpInvitation};

use super::error::PageError;
use super::form::{Errors, Form};
use super::links::{Choose, Chosen, OF_TRIES, dead};
use super::page::{Page, render};
use super::sign_in::{admitted, new_session};
use super::throttle;
use super::viewer::Visitor;
use super::{BASE, page};
use crate::app::App;

mod customers;
mod invitee;

pub(super) use invitee::{Invitee, done};

/// The pages.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(page("/invitation/{token}").route(web::get().to(show)).route(web::post().to(accept)))
        .service(
            page("/operator/invitations")
                .route(web::get().to(customers::show))
                .route(web::post().to(customers::invite)),
        )
        .service(page("/operator/invitations/{id}/withdraw").route(web::post().to(customers::withdraw)));
}

/// What one is invited to, and the form.
async fn show(app: web::Data<App>, visitor: Visitor, token: web::Path<String>) -> Result<HttpResponse, PageError> {
    match look_up(&app, &visitor, &token).await? {
        Some((invited, token)) => render(&choose(&visitor, invited, &token)),
        None => dead(&visitor),
    }
}

/// Makes the user, and signs him in.
async fn accept(
    (app, request): (web::Data<App>, HttpRequest),
    (visitor, token): (Visitor, web::Path<String>),
    Form(chosen): Form<Chosen>,
) -> Result<HttpResponse, PageError> {
    let Some((invited, token)) = look_up(&app, &visitor, &token).await? else { return dead(&visitor) };
    let session = Token::generate();
    let accept = AcceptInvitation {
        hash: token.hash(),
        password: Password::new(chosen.password),
        session: new_session(&request, &visitor, &session),
    };
    match app.office.ask(accept).await {
        Ok(user) => admitted(SignedIn::Done(user), (&visitor, &session), BASE),
        Err(refused) => choose(&visitor, invited, &token).again(&visitor, refused),
    }
}

async fn look_up(app: &App, visitor: &Visitor, text: &str) -> Result<Option<(Invited, Token)>, PageError> {
    throttle::take(app, OF_TRIES, &visitor.origin.network()).await?;
    let Some(token) = Token::parse(text) else { return Ok(None) };
    let invited = app.office.ask(LookUpInvitation { hash: token.hash() }).await?;
    Ok(invited.map(|invited| (invited, token)))
}

fn choose(visitor: &Visitor, invited: Invited, token: &Token) -> Choose {
    let mut errors = Errors::default();
    if invited.known {
        let message = "This address has an account already, and cannot move to another one. To accept, ask for an \
                       invitation of another address.";
        errors.add("", message);
    }
    let words = if invited.opens {
        "You are invited to open an account. Choose the password with which you will sign in.".to_owned()
    } else {
        let Invited { inviter, role, .. } = &invited;
        format!("{inviter} invites you to an account, as {}. Choose the password with which you will sign in.", {
            match role.as_str() {
                "owner" => "an owner",
                _ => "a member",
            }
        })
    };
    Choose {
        page: Page::bare(visitor, "You are invited"),
        action: format!("{BASE}/invitation/{}", token.expose()),
        email: invited.email,
        words,
        button: "Accept",
        errors,
    }
}
