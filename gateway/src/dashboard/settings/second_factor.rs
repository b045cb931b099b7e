//! Setting up the second factor, its recovery codes, and going back to the password alone.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qrcode::QrCode;
use qrcode::render::svg;
use serde::Deserialize;
use syntopen_ledger::office::OfficeError;
use syntopen_shared::wire::office::second_factor::{
    BeginSecondFactor, ConfirmSecondFactor, EndSecondFactor, Private, RenewRecoveryCodes, SecondFactor,
    ShowSecondFactor,
};
use syntopen_shared::wire::office::{Password, Refusal};

use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::form::{Errors, Form};
use crate::dashboard::page::{Page, Section, render, render_as, see_other};
use crate::dashboard::throttle::{self, Attempt};
use crate::dashboard::viewer::Signed;
use crate::dashboard::{BASE, page};

/// For one user. The ledger makes who guesses codes wait, too.
const OF_USER: Attempt = Attempt { name: "second-factor.user", limit: 10 };
/// Pixels of the QR code's side, at least.
const QR_SIDE: u32 = 220;

/// The pages.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(page("/settings/second-factor").route(web::get().to(show)))
        .service(page("/settings/second-factor/begin").route(web::post().to(begin)))
        .service(page("/settings/second-factor/confirm").route(web::post().to(confirm)))
        .service(page("/settings/second-factor/renew").route(web::post().to(renew)))
        .service(page("/settings/second-factor/end").route(web::post().to(end)));
}

#[derive(Deserialize)]
pub(crate) struct Query {
    needed: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

#[derive(Deserialize)]
pub(crate) struct Code {
    code: String,
}

#[derive(Deserialize)]
pub(crate) struct Proof {
    #[serde(default)]
    password: String,
    code: String,
}

#[derive(Template)]
#[template(path = "settings/second_factor.html")]
struct FactorPage {
    page: Page,
    factor: SecondFactor,
    /// Why the viewer was sent here.
    is_needed: bool,
    /// What the QR code shows, as an image's address.
    qr: String,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "settings/recovery_codes.html")]
struct CodesPage {
    page: Page,
    codes: Vec<Private>,
}

/// How it stands with it, and what can be done.
pub(crate) async fn show(
    app: web::Data<App>,
    signed: Signed,
    query: web::Query<Query>,
) -> Result<HttpResponse, PageError> {
    let is_needed = query.needed.is_some();
    render(&FactorPage { is_needed, ..FactorPage::of(&app, &signed).await? })
}

/// Makes a secret.
pub(crate) async fn begin(app: web::Data<App>, signed: Signed, _: Form<Nothing>) -> Result<HttpResponse, PageError> {
    match app.office.ask(BeginSecondFactor { by: signed.by() }).await {
        Ok(()) => Ok(see_other(&path())),
        Err(error) => again(&app, &signed, ("", error)).await,
    }
}

/// Takes it into use.
pub(crate) async fn confirm(
    app: web::Data<App>,
    signed: Signed,
    Form(fields): Form<Code>,
) -> Result<HttpResponse, PageError> {
    throttle::take(&app, OF_USER, &signed.viewer.user.to_string()).await?;
    let (by, session) = (signed.by(), signed.viewer.session);
    let confirm = ConfirmSecondFactor { by, session, code: Private::new(fields.code) };
    match app.office.ask(confirm).await {
        Ok(codes) => tell(&signed, codes),
        Err(error) => again(&app, &signed, ("code", error)).await,
    }
}

/// Makes other recovery codes.
pub(crate) async fn renew(
    app: web::Data<App>,
    signed: Signed,
    Form(fields): Form<Code>,
) -> Result<HttpResponse, PageError> {
    throttle::take(&app, OF_USER, &signed.viewer.user.to_string()).await?;
    let renew = RenewRecoveryCodes { by: signed.by(), code: Private::new(fields.code) };
    match app.office.ask(renew).await {
        Ok(codes) => tell(&signed, codes),
        Err(error) => again(&app, &signed, ("code", error)).await,
    }
}

/// Goes back to the password alone.
pub(crate) async fn end(
    app: web::Data<App>,
    signed: Signed,
    Form(fields): Form<Proof>,
) -> Result<HttpResponse, PageError> {
    throttle::take(&app, OF_USER, &signed.viewer.user.to_string()).await?;
    let (password, code) = (Password::new(fields.password), Private::new(fields.code));
    match app.office.ask(EndSecondFactor { by: signed.by(), password, code }).await {
        Ok(()) => Ok(see_other(&super::after("second-factor"))),
        Err(error) => again(&app, &signed, ("end-code", error)).await,
    }
}

/// The recovery codes: this page is the only one that ever shows them.
fn tell(signed: &Signed, codes: Vec<Private>) -> Result<HttpResponse, PageError> {
    render(&CodesPage { page: Page::of(signed, Section::Settings, "Recovery codes"), codes })
}

/// The page again, which says what is wrong, beside the field of the code where that is it.
async fn again(app: &App, signed: &Signed, (field, error): (&str, OfficeError)) -> Result<HttpResponse, PageError> {
    let errors = match error {
        OfficeError::Refused(Refusal::WrongCredentials) => {
            let mut errors = Errors::default();
            errors.add(field, "That code is not right, or was used before: wait for the next one.");
            errors
        }
        other => Errors::of_refusal(other)?,
    };
    let page = FactorPage { errors, ..FactorPage::of(app, signed).await? };
    render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn path() -> String {
    format!("{BASE}/settings/second-factor")
}

impl FactorPage {
    async fn of(app: &App, signed: &Signed) -> Result<Self, PageError> {
        let factor = app.office.ask(ShowSecondFactor { user: signed.viewer.user }).await?;
        let qr = match &factor {
            SecondFactor::Pending { uri, .. } => picture(uri)?,
            _ => String::new(),
        };
        let page = Page::of(signed, Section::Settings, "Second factor");
        Ok(Self { page, factor, is_needed: false, qr, errors: Errors::default() })
    }
}

fn picture(uri: &Private) -> Result<String, PageError> {
    let code = QrCode::new(uri.expose()).map_err(|_| PageError::Internal)?;
    let svg = code.render::<svg::Color<'_>>().min_dimensions(QR_SIDE, QR_SIDE).build();
    Ok(format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg)))
}
