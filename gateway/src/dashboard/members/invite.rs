//! Inviting somebody to the account.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use syntopen_shared::wire::office::identity::Role;
use syntopen_shared::wire::office::members::InviteMember;

use super::{MembersPage, after, owner};
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::form::{Errors, Form};
use crate::dashboard::invitations::Invitee;
use crate::dashboard::page::{render, render_as, see_other};
use crate::dashboard::throttle::{self, Attempt};
use crate::dashboard::viewer::Signed;
use crate::mail::Letter;

/// By one user.
const OF_USER: Attempt = Attempt { name: "invite.user", limit: 10 };

#[derive(Deserialize)]
pub(crate) struct Fields {
    email: String,
    role: Role,
}

/// Invites; the link is sent, or shown where nothing can be sent.
pub(super) async fn submit(
    app: web::Data<App>,
    signed: Signed,
    Form(fields): Form<Fields>,
) -> Result<HttpResponse, PageError> {
    owner(&signed)?;
    throttle::take(&app, OF_USER, &signed.viewer.user.to_string()).await?;
    let invitee = match Invitee::parse(&fields.email) {
        Ok(invitee) => invitee,
        Err(errors) => return again(&app, &signed, (fields, errors)).await,
    };
    let (account, by, new) = (signed.viewer.account, signed.by(), invitee.invitation(&app));
    if let Err(error) = app.office.ask(InviteMember { account, by, role: fields.role, new }).await {
        return again(&app, &signed, (fields, Errors::of_refusal(error)?)).await;
    }
    let inviter = signed.viewer.email.clone();
    match invitee.send((&app, &signed), |link| Letter::Invitation { link, inviter }) {
        None => Ok(see_other(&after("invited"))),
        link => render(&MembersPage { link, ..MembersPage::of(&app, &signed).await? }),
    }
}

async fn again(app: &App, signed: &Signed, (fields, errors): (Fields, Errors)) -> Result<HttpResponse, PageError> {
    let page = MembersPage { email: fields.email, role: fields.role, errors, ..MembersPage::of(app, signed).await? };
    render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
