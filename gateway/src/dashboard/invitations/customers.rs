//! Invitations by which the operator lets customers in.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use syntopen_shared::id::InvitationId;
use syntopen_shared::wire::office::members::{Invitation, InviteCustomer, ListInvitedCustomers, WithdrawCustomer};
use syntopen_shared::wire::office::paging::Place;

use super::{Invitee, done};
use crate::app::App;
use crate::dashboard::address;
use crate::dashboard::error::PageError;
use crate::dashboard::form::{Errors, Form};
use crate::dashboard::page::{Page, Section, render, render_as, see_other};
use crate::dashboard::pager::{self, Pager};
use crate::dashboard::viewer::{Operator, Signed};
use crate::mail::Letter;

const PATH: &str = "/dashboard/operator/invitations";
/// Invitations of a page.
const ROWS: u32 = 50;

#[derive(Deserialize)]
struct Query {
    done: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Fields {
    email: String,
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

#[derive(Template)]
#[template(path = "invitations/customers.html")]
struct Customers {
    page: Page,
    invitations: Vec<Invitation>,
    pager: Pager,
    now_ms: i64,
    has_mail: bool,
    done: Option<&'static str>,
    /// Who was just invited, and the link, where it cannot be sent.
    link: Option<(String, String)>,
    email: String,
    errors: Errors,
}

/// Who is invited, newest first.
pub(super) async fn show(
    (app, request): (web::Data<App>, HttpRequest),
    Operator(signed): Operator,
) -> Result<HttpResponse, PageError> {
    let Query { done: what } = address::read(&request)?;
    let done = what.as_deref().and_then(done);
    render(&Customers { done, ..Customers::of(&app, &signed, pager::place(&request)?).await? })
}

/// Invites somebody; the link is sent, or shown where nothing can be sent.
pub(super) async fn invite(
    app: web::Data<App>,
    Operator(signed): Operator,
    Form(fields): Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let invitee = match Invitee::parse(&fields.email) {
        Ok(invitee) => invitee,
        Err(errors) => return again(&app, &signed, (fields.email, errors)).await,
    };
    let invite = InviteCustomer { by: signed.by(), new: invitee.invitation(&app) };
    if let Err(error) = app.office.ask(invite).await {
        return again(&app, &signed, (fields.email, Errors::of_refusal(error)?)).await;
    }
    match invitee.send((&app, &signed), |link| Letter::Customer { link }) {
        None => Ok(see_other(&format!("{PATH}?done=invited"))),
        link => render(&Customers { link, ..Customers::of(&app, &signed, Place::First).await? }),
    }
}

/// Takes one back.
pub(super) async fn withdraw(
    app: web::Data<App>,
    (Operator(signed), id): (Operator, web::Path<String>),
    _: Form<Nothing>,
) -> Result<HttpResponse, PageError> {
    let invitation = id.parse().map_err(|_| PageError::NotFound)?;
    app.office.ask(WithdrawCustomer { by: signed.by(), invitation }).await?;
    Ok(see_other(&format!("{PATH}?done=withdrawn")))
}

async fn again(app: &App, signed: &Signed, (email, errors): (String, Errors)) -> Result<HttpResponse, PageError> {
    let page = Customers { email, errors, ..Customers::of(app, signed, Place::First).await? };
    render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

impl Customers {
    async fn of(app: &App, signed: &Signed, place: Place<InvitationId>) -> Result<Self, PageError> {
        let list = ListInvitedCustomers { user: signed.viewer.user, place, limit: ROWS };
        let slice = app.office.ask(list).await?;
        Ok(Self {
            page: Page::of(signed, Section::Accounts, "Invitations"),
            pager: Pager::of((&place, &slice), (PATH, &())),
            invitations: slice.rows,
            now_ms: app.clock.unix_ms(),
            has_mail: app.mail.is_some(),
            done: None,
            link: None,
            email: String::new(),
            errors: Errors::default(),
        })
    }
}
