//! Members of the account, for its owners; and closing it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use syntopen_shared::id::{InvitationId, UserId};
use syntopen_shared::wire::office::identity::Role;
use syntopen_shared::wire::office::members::{ListMembers, Members, RemoveMember, SetRole, WithdrawInvitation};

use super::error::PageError;
use super::form::{Errors, Form};
use super::page::{Page, Section, render, render_as, see_other};
use super::viewer::Signed;
use super::{BASE, invitations, page};
use crate::app::App;

mod closing;
mod invite;

/// What an invitation may make of somebody, and the words for it.
const ROLES: [(&str, &str); 2] = [("member", "Member: keys, usage and payments"), ("owner", "Owner: everything")];

/// The pages.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(page("/settings/members").route(web::get().to(show)).route(web::post().to(invite::submit)))
        .service(page("/settings/members/invitations/{id}/withdraw").route(web::post().to(withdraw)))
        .service(page("/settings/members/{id}/role").route(web::post().to(set_role)))
        .service(page("/settings/members/{id}/remove").route(web::post().to(remove)))
        .service(
            page("/settings/close-account").route(web::get().to(closing::show)).route(web::post().to(closing::submit)),
        );
}

#[derive(Deserialize)]
pub(crate) struct Query {
    done: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

#[derive(Deserialize)]
pub(crate) struct RoleField {
    role: Role,
}

#[derive(Template)]
#[template(path = "members/members.html")]
struct MembersPage {
    page: Page,
    me: UserId,
    list: Members,
    now_ms: i64,
    has_mail: bool,
    done: Option<&'static str>,
    /// Who was just invited, and the link, where it cannot be sent.
    link: Option<(String, String)>,
    email: String,
    role: Role,
    errors: Errors,
}

/// The members, and who is invited.
async fn show(app: web::Data<App>, signed: Signed, query: web::Query<Query>) -> Result<HttpResponse, PageError> {
    let done = match query.done.as_deref() {
        Some("role") => Some("The role is changed."),
        Some("removed") => Some("The member is removed and signed out."),
        what => what.and_then(invitations::done),
    };
    render(&MembersPage { done, ..MembersPage::of(&app, &signed).await? })
}

async fn withdraw(
    app: web::Data<App>,
    (signed, id): (Signed, web::Path<String>),
    _: Form<Nothing>,
) -> Result<HttpResponse, PageError> {
    owner(&signed)?;
    let invitation: InvitationId = id.parse().map_err(|_| PageError::NotFound)?;
    let account = signed.viewer.account;
    app.office.ask(WithdrawInvitation { account, by: signed.by(), invitation }).await?;
    Ok(see_other(&after("withdrawn")))
}

async fn set_role(
    app: web::Data<App>,
    (signed, id): (Signed, web::Path<String>),
    Form(fields): Form<RoleField>,
) -> Result<HttpResponse, PageError> {
    owner(&signed)?;
    let user: UserId = id.parse().map_err(|_| PageError::NotFound)?;
    let account = signed.viewer.account;
    let asked = app.office.ask(SetRole { account, by: signed.by(), user, role: fields.role }).await;
    if let Err(error) = asked {
        return again(&app, &signed, Errors::of_refusal(error)?).await;
    }
    // Whoever has given up the account's ownership does not see its members any more.
    let is_owner = user != signed.viewer.user || fields.role == Role::Owner;
    Ok(if is_owner { see_other(&after("role")) } else { see_other(&format!("{BASE}/settings")) })
}

async fn remove(
    app: web::Data<App>,
    (signed, id): (Signed, web::Path<String>),
    _: Form<Nothing>,
) -> Result<HttpResponse, PageError> {
    owner(&signed)?;
    let user: UserId = id.parse().map_err(|_| PageError::NotFound)?;
    let account = signed.viewer.account;
    match app.office.ask(RemoveMember { account, by: signed.by(), user }).await {
        Ok(()) => Ok(see_other(&after("removed"))),
        Err(error) => again(&app, &signed, Errors::of_refusal(error)?).await,
    }
}

/// For anybody but an owner there is no such page. The ledger looks again.
fn owner(signed: &Signed) -> Result<(), PageError> {
    if signed.viewer.role == Role::Owner { Ok(()) } else { Err(PageError::NotFound) }
}

/// Where the page is, after something was done.
fn after(done: &str) -> String {
    format!("{BASE}/settings/members?done={done}")
}

/// The page again, for what could not be done.
async fn again(app: &App, signed: &Signed, errors: Errors) -> Result<HttpResponse, PageError> {
    let page = MembersPage { errors, ..MembersPage::of(app, signed).await? };
    render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

impl MembersPage {
    async fn of(app: &App, signed: &Signed) -> Result<Self, PageError> {
        owner(signed)?;
        let list = app.office.ask(ListMembers { account: signed.viewer.account, user: signed.viewer.user }).await?;
        Ok(Self {
            page: Page::of(signed, Section::Settings, "Members"),
            me: signed.viewer.user,
            list,
            now_ms: app.clock.unix_ms(),
            has_mail: app.mail.is_some(),
            done: None,
            link: None,
            email: String::new(),
            role: Role::Member,
            errors: Errors::default(),
        })
    }
}
