//! What stands behind the `?` of a page's address.

use actix_web::HttpRequest;
use actix_web::web::QueryConfig;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::PageError;

/// What the address of a request says.
///
/// # Errors
/// [`PageError::Bad`] where it cannot be read.
pub(crate) fn read<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, PageError> {
    let read = serde_html_form::from_str(request.query_string());
    read.map_err(|_| unreadable())
}

/// What pages answer whose address is read by actix-web.
#[must_use]
pub(crate) fn config() -> QueryConfig {
    QueryConfig::default().error_handler(|_, _| unreadable().into())
}

fn unreadable() -> PageError {
    PageError::bad("The address of this page cannot be read. Go back, and follow a link to it.")
}

/// The address of `path` that says this.
#[must_use]
pub(crate) fn write(path: &str, query: &impl Serialize) -> String {
    let query = serde_html_form::to_string(query).unwrap_or_default();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}
