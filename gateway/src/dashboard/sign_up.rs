//! Signing up.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use syntopen_shared::token::Token;
use syntopen_shared::wire::office::Password;
use syntopen_shared::wire::office::identity::{self, SignedIn};
use syntopen_shared::wire::office::links::Purpose;

use super::error::PageError;
use super::form::{Errors, Form};
use super::page::{Page, render, render_as, see_other};
use super::sign_in::{admitted, new_session, way_to_provider};
use super::throttle::{self, Attempt};
use super::viewer::Visitor;
use super::{BASE, links};
use crate::app::App;
use crate::config::SignUp;

/// By one address.
const OF_ADDRESS: Attempt = Attempt { name: "sign-up.address", limit: 10 };

#[derive(Deserialize)]
pub(crate) struct Fields {
    email: String,
    #[serde(default)]
    password: String,
}

#[derive(Template)]
#[template(path = "sign_up.html")]
struct SignUpPage {
    page: Page,
    email: String,
    is_open: bool,
    /// Whether the address is proven first, and the password chosen then.
    by_mail: bool,
    /// What people call the identity provider, and the way there: it vouches for newcomers too.
    provider: Option<(String, String)>,
    errors: Errors,
}

/// The form.
pub(crate) async fn show(app: web::Data<App>, visitor: Visitor) -> Result<HttpResponse, PageError> {
    std::future::ready(render(&blank(&app, &visitor))).await
}

/// Makes an account, and signs its first user in.
pub(crate) async fn submit(
    (app, request): (web::Data<App>, HttpRequest),
    visitor: Visitor,
    Form(fields): Form<Fields>,
) -> Result<HttpResponse, PageError> {
    if app.config.dashboard.sign_up == SignUp::Invited {
        return Err(PageError::NotFound);
    }
    throttle::take(&app, OF_ADDRESS, &visitor.origin.network()).await?;
    if let Some(mail) = &app.mail {
        let errors = links::request((&app, mail), &visitor, (Purpose::SignUp, &fields.email)).await?;
        if errors.is_empty() {
            return Ok(see_other(links::SENT));
        }
        let page = SignUpPage { email: fields.email, errors, ..blank(&app, &visitor) };
        return render_as(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let token = Token::generate();
    let sign_up = identity::SignUp {
        email: fields.email.clone(),
        password: Password::new(fields.password),
        session: new_session(&request, &visitor, &token),
    };
    match app.office.ask(sign_up).await {
        Ok(user) => admitted(SignedIn::Done(user), (&visitor, &token), BASE),
        Err(error) => {
            let errors = Errors::of_refusal(error)?;
            let page = SignUpPage { email: fields.email, errors, ..blank(&app, &visitor) };
            render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

fn blank(app: &App, visitor: &Visitor) -> SignUpPage {
    SignUpPage {
        page: Page::bare(visitor, "Create an account"),
        email: String::new(),
        is_open: app.config.dashboard.sign_up == SignUp::Open,
        by_mail: app.mail.is_some(),
        provider: way_to_provider(app, BASE),
        errors: Errors::default(),
    }
}
