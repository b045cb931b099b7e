//! Changing one's password.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use syntopen_shared::wire::office::Password;
use syntopen_shared::wire::office::security::ChangePassword;

use super::{after, again};
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::form::{Errors, Form};
use crate::dashboard::page::see_other;
use crate::dashboard::throttle::{self, Attempt};
use crate::dashboard::viewer::Signed;

/// For one user: whoever sits before a browser that was left signed in must not find the password by trying.
const OF_USER: Attempt = Attempt { name: "password.user", limit: 10 };

#[derive(Deserialize)]
pub(crate) struct Fields {
    current: String,
    new: String,
    repeated: String,
}

/// Changes it, and ends every other session.
pub(crate) async fn change(
    app: web::Data<App>,
    signed: Signed,
    Form(fields): Form<Fields>,
) -> Result<HttpResponse, PageError> {
    if fields.new != fields.repeated {
        let mut errors = Errors::default();
        errors.add("repeated", "This is not the same as the new password.");
        return again(&app, signed, errors).await;
    }
    throttle::take(&app, OF_USER, &signed.viewer.user.to_string()).await?;
    let change = ChangePassword {
        by: signed.by(),
        session: signed.viewer.session,
        current: Password::new(fields.current),
        new: Password::new(fields.new),
    };
    match app.office.ask(change).await {
        Ok(()) => Ok(see_other(&after("password"))),
        Err(error) => again(&app, signed, Errors::of_refusal(error)?).await,
    }
}
