//! Inviting somebody to the account.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use syntopen_shared::token::Token;
use syntopen_shared::wire::office::identity::Role;
use syntopen_shared::wire::office::members::{InviteMember, NewInvitation};

use super::{MembersPage, after, owner};
use crate::app::App;
use crate::dashboard::BASE;
use crate::dashboard::error::PageError;
use crate::dashboard::form::{Errors, Form};
use crate::dashboard::page::{render, render_as, see_other};
use crate::dashboard::throttle::{self, Attempt};
use crate::dashboard::viewer::Signed;
use crate::mail::{Letter, Recipient};

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
    let Some(recipient) = Recipient::parse(&fields.email) else {
        let mut errors = Errors::default();
        errors.add("email", "This is no address to which a message can be sent.");
        return again(&app, &signed, (fields, errors)).await;
    };
    let token = Token::generate();
    let email = fields.email.trim().to_owned();
    let new = NewInvitation { email: email.clone(), hash: token.hash(), mailed: app.mail.is_some() };
    let invite = InviteMember { account: signed.viewer.account, by: signed.by(), role: fields.role, new };
    if let Err(error) = app.office.ask(invite).await {
        return again(&app, &signed, (fields, Errors::of_refusal(error)?)).await;
    }
    let path = format!("{BASE}/invitation/{}", token.expose());
    if let Some(mail) = &app.mail {
        let link = format!("{}{path}", mail.public_url());
        mail.send(recipient, Letter::Invitation { link, inviter: signed.viewer.email });
        return Ok(see_other(&after("invited")));
    }
    let link = Some((email, format!("{}{path}", signed.visitor.origin.base)));
    render(&MembersPage { link, ..MembersPage::of(&app, &signed).await? })
}

async fn again(app: &App, signed: &Signed, (fields, errors): (Fields, Errors)) -> Result<HttpResponse, PageError> {
    let page = MembersPage { email: fields.email, role: fields.role, errors, ..MembersPage::of(app, signed).await? };
    render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
