//! What an account used: every request, as a list, as a file and one by one.

use actix_web::{HttpRequest, web};
use serde::de::DeserializeOwned;

use super::error::PageError;
use super::page;

mod csv;
pub(crate) mod days;
mod details;
mod filter;
mod list;
pub(crate) mod words;

/// The pages of this area.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(page("/usage").route(web::get().to(list::show)))
        .service(page("/usage.csv").route(web::get().to(csv::export)))
        .service(page("/usage/daily.json").route(web::get().to(days::json)))
        .service(page("/usage/{id}").route(web::get().to(details::show)));
}

/// What stands behind the `?`.
///
/// # Errors
/// [`PageError::Bad`] where it cannot be read.
pub(crate) fn asked<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, PageError> {
    let read = serde_html_form::from_str(request.query_string());
    read.map_err(|_| PageError::bad("The address of this page cannot be read. Go back, and follow a link to it."))
}
