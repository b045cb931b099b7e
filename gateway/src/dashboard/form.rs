//! Forms, and what is wrong with their fields.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use syntopen_ledger::office::OfficeError;
use syntopen_shared::wire::office::Refusal;

use super::error::PageError;
use super::viewer::Visitor;
use crate::app::App;

/// The fields of a form that one of our own pages made for this browser.
#[derive(Clone, Debug)]
pub(crate) struct Form<T>(pub(crate) T);

/// The field of every form that carries the proof.
#[derive(Deserialize)]
struct Proof {
    csrf: String,
}

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, body) = (request.clone(), web::Bytes::from_request(request, payload));
        Box::pin(async move {
            let app = request.app_data::<web::Data<App>>().ok_or(PageError::Unavailable)?;
            // Who sends it was looked up when it began to arrive: that must not be long ago.
            let arrived = actix_rt::time::timeout(app.config.timeouts.body, body).await;
            let body = arrived.map_err(|_| PageError::bad("The form took too long to arrive."))?;
            let body = body.map_err(|_| PageError::bad("The form is too large, or did not arrive."))?;
            let proof: Option<Proof> = serde_html_form::from_bytes(&body).ok();
            if !proof.is_some_and(|proof| Visitor::made(app, &request, &proof.csrf)) {
                return Err(PageError::Stale);
            }
            let form = serde_html_form::from_bytes(&body);
            form.map(Self).map_err(|_| PageError::bad("The form lacks a field, or has one that cannot be read."))
        })
    }
}

/// What is wrong with the fields of a form, in the order in which it was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Errors(Vec<(String, String)>);

impl Errors {
    /// Notes what is wrong with a field; an empty name is the form as a whole.
    pub(crate) fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push((field.to_owned(), message.into()));
    }

    /// What is wrong with a field.
    #[must_use]
    pub(crate) fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, message)| message.as_str())
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a refusal says of the form.
    ///
    /// # Errors
    /// What is no fault of the form.
    pub(crate) fn of_refusal(error: OfficeError) -> Result<Self, PageError> {
        let mut errors = Self::default();
        match error {
            OfficeError::Refused(Refusal::Invalid { field, message }) => errors.add(&field, message),
            OfficeError::Refused(Refusal::Conflict { message }) => errors.add("", message),
            other => return Err(other.into()),
        }
        Ok(errors)
    }
}
