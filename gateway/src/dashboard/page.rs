//! What every page has.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use askama::Template;
use syntopen_shared::wire::office::identity::Viewer;

use super::assets;
use super::error::PageError;
use super::viewer::{Signed, Visitor};

/// What the layout shows around a page.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// What the page is called.
    pub(crate) title: &'static str,
    /// Where in the menu it is.
    pub(crate) section: Section,
    /// Who is signed in.
    pub(crate) viewer: Option<Viewer>,
    /// The proof for forms of this page.
    pub(crate) csrf: String,
    /// Scheme and authority by which the browser reaches us.
    pub(crate) base: String,
    /// Whether the viewer's address is to be confirmed.
    pub(crate) unconfirmed: bool,
}

/// The entries of the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// None of them.
    None,
    /// Balance and spend.
    Overview,
    /// API keys.
    Keys,
    /// Requests.
    Usage,
    /// Payments and receipts.
    Billing,
    /// Models and prices.
    Models,
    /// A chat.
    Playground,
    /// The API reference.
    Docs,
    /// Password, sessions, members.
    Settings,
    /// Operator: accounts.
    Accounts,
    /// Operator: upstreams and margins.
    Upstreams,
    /// Operator: what is sold.
    Catalog,
    /// Operator: payments that could not be matched.
    Payments,
    /// Operator: the ledger's state.
    Ledger,
    /// Operator: who did what.
    Audit,
}

impl Page {
    /// A page for whoever is signed in.
    #[must_use]
    pub(crate) fn of(signed: &Signed, section: Section, title: &'static str) -> Self {
        let viewer = Some(signed.viewer.clone());
        let unconfirmed = signed.visitor.has_mail && !signed.viewer.verified;
        Self { viewer, section, unconfirmed, ..Self::bare(&signed.visitor, title) }
    }

    /// A page without a menu.
    #[must_use]
    pub(crate) fn bare(visitor: &Visitor, title: &'static str) -> Self {
        let (csrf, base) = (visitor.csrf.clone(), visitor.origin.base.clone());
        Self { title, section: Section::None, viewer: None, csrf, base, unconfirmed: false }
    }

    /// Where an asset is.
    #[must_use]
    pub(crate) fn asset(&self, name: &str) -> String {
        assets::path(name)
    }

    /// Whether this is where in the menu the page is.
    #[must_use]
    pub(crate) fn is(&self, section: &Section) -> bool {
        self.section == *section
    }
}

/// Answers with a page.
///
/// # Errors
/// When the template fails, which is a fault of ours.
pub(crate) fn render(template: &impl Template) -> Result<HttpResponse, PageError> {
    render_as(StatusCode::OK, template)
}

/// Answers with a page and a status: 422 for a form that has to be mended.
///
/// # Errors
/// When the template fails, which is a fault of ours.
pub(crate) fn render_as(status: StatusCode, template: &impl Template) -> Result<HttpResponse, PageError> {
    let html = template.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be made");
        PageError::Internal
    })?;
    Ok(HttpResponse::build(status).content_type(ContentType::html()).body(html))
}

/// Sends the browser to another page, which it asks for by GET.
#[must_use]
pub(crate) fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header(("Location", path)).finish()
}
