//! What a browser gets in the place of a page.

use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use askama::Template;
use syntopen_ledger::office::OfficeError;
use syntopen_shared::wire::office::Refusal;

use super::page::see_other;
use super::{BASE, assets};

/// Why there is no page.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum PageError {
    /// Somebody has to sign in first, and then goes on there.
    #[error("sign in first")]
    SignIn {
        /// A path of ours.
        next: String,
    },
    /// An operator has to set up a second factor first.
    #[error("set up a second factor first")]
    SecondFactor,
    /// There is no such page, or it is none of the viewer's.
    #[error("there is no such page")]
    NotFound,
    /// The form was made for another browser, or before its user signed in or out.
    #[error("the form is out of date")]
    Stale,
    /// It cannot be read; says why.
    #[error("{0}")]
    Bad(String),
    /// It is tried too often.
    #[error("too many attempts")]
    TooMany {
        /// How long to wait.
        seconds: u64,
    },
    /// The ledger, or its book, does not answer.
    #[error("the ledger does not answer")]
    Unavailable,
    /// A fault of ours.
    #[error("a fault of ours")]
    Internal,
}

impl PageError {
    /// It cannot be read; says why.
    #[must_use]
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::Bad(message.into())
    }

    fn words(&self) -> (&'static str, String) {
        match self {
            Self::SignIn { .. } => ("Sign in", "Sign in to see this page.".to_owned()),
            Self::SecondFactor => ("Second factor", "Operators need a second factor.".to_owned()),
            Self::NotFound => ("Not found", "There is no such page, or it is not yours to see.".to_owned()),
            Self::Stale => {
                let message = "The form was made for another session. Go back, load the page again and repeat it.";
                ("Out of date", message.to_owned())
            }
            Self::Bad(message) => ("That did not work", message.clone()),
            Self::TooMany { seconds } => ("Too many attempts", format!("Wait {seconds} seconds before you try again.")),
            Self::Unavailable => {
                let message = "Accounts cannot be read at the moment. API requests go on; try again in a moment.";
                ("Not available", message.to_owned())
            }
            Self::Internal => ("Something went wrong", "The fault is ours. Try again in a moment.".to_owned()),
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    title: &'static str,
    message: String,
}

impl ErrorPage {
    fn asset(&self, name: &str) -> String {
        assets::path(name)
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignIn { .. } | Self::SecondFactor => StatusCode::SEE_OTHER,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Stale => StatusCode::FORBIDDEN,
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::SignIn { next } = self {
            let next = serde_html_form::to_string([("next", next)]).unwrap_or_default();
            return see_other(&format!("{BASE}/sign-in?{next}"));
        }
        if matches!(self, Self::SecondFactor) {
            return see_other(&format!("{BASE}/settings/second-factor?needed=operator"));
        }
        let (title, message) = self.words();
        let html = ErrorPage { title, message }.render().unwrap_or_else(|_| title.to_owned());
        let mut response = HttpResponse::build(self.status_code()).content_type(ContentType::html()).body(html);
        if let Self::TooMany { seconds } = self {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
        }
        response
    }
}

impl From<OfficeError> for PageError {
    fn from(error: OfficeError) -> Self {
        match error {
            OfficeError::Unavailable(_) => Self::Unavailable,
            OfficeError::Refused(Refusal::NotFound) => Self::NotFound,
            OfficeError::Refused(refusal) => Self::bad(refusal.to_string()),
        }
    }
}

/// There is no such page.
pub(crate) async fn not_found() -> Result<HttpResponse, PageError> {
    std::future::ready(Err(PageError::NotFound)).await
}
