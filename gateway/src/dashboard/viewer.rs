//! Who looks at a page.

use std::future::{Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use syntopen_shared::token::Token;
use syntopen_shared::wire::office::By;
use syntopen_shared::wire::office::identity::{LookUpViewer, Viewer};

use super::error::PageError;
use super::headers::NewVisit;
use super::origin::Origin;
use super::{BASE, cookie};
use crate::app::App;

/// The purpose of the proof in a form.
const FORM: &str = "form";

/// A browser, in which somebody may be signed in.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// Where it is.
    pub(crate) origin: Origin,
    /// The proof that its forms carry.
    pub(crate) csrf: String,
    /// The token of the session that it says to have.
    pub(crate) session: Option<Token>,
    /// Whether messages can be sent.
    pub(crate) has_mail: bool,
}

/// A browser in which somebody is signed in; without one, the answer is the way to the sign-in page.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    /// The browser.
    pub(crate) visitor: Visitor,
    /// Who is signed in.
    pub(crate) viewer: Viewer,
}

/// A signed-in operator; for anybody else there is no such page, and an operator without a second factor is sent to the
/// page that sets it up.
#[derive(Clone, Debug)]
pub(crate) struct Operator(pub(crate) Signed);

impl Visitor {
    /// The browser that a request comes from.
    pub(super) fn of(app: &App, request: &HttpRequest) -> Self {
        let origin = Origin::of(app, request);
        let session = cookie::session(request, &origin);
        let token = session.clone().or_else(|| cookie::visit(request, &origin)).unwrap_or_else(|| {
            let fresh = Token::generate();
            request.extensions_mut().insert(NewVisit(cookie::begin_visit(&fresh, &origin)));
            fresh
        });
        Self { csrf: app.seal.prove(FORM, token.hash().as_str()), origin, session, has_mail: app.mail.is_some() }
    }

    /// Whether a form with this proof was made for this browser.
    pub(super) fn made(app: &App, request: &HttpRequest, proof: &str) -> bool {
        let origin = Origin::of(app, request);
        let token = cookie::session(request, &origin).or_else(|| cookie::visit(request, &origin));
        token.is_some_and(|token| app.seal.is_proof((FORM, token.hash().as_str()), proof))
    }
}

impl Signed {
    /// Who acts, and from where.
    #[must_use]
    pub(crate) fn by(&self) -> By {
        By { user: self.viewer.user, address: self.visitor.origin.address.to_string() }
    }

    async fn of(app: &App, request: &HttpRequest) -> Result<Self, PageError> {
        let visitor = Visitor::of(app, request);
        let Some(token) = &visitor.session else { return Err(sign_in_first(request)) };
        let viewer = app.office.ask(LookUpViewer { hash: token.hash() }).await?;
        let viewer = viewer.ok_or_else(|| sign_in_first(request))?;
        Ok(Self { visitor, viewer })
    }
}

/// The way back is the page itself, where it can be asked for again.
fn sign_in_first(request: &HttpRequest) -> PageError {
    let next = if request.method().is_safe() { request.uri().to_string() } else { BASE.to_owned() };
    PageError::SignIn { next }
}

fn app(request: &HttpRequest) -> Result<web::Data<App>, PageError> {
    request.app_data::<web::Data<App>>().cloned().ok_or(PageError::Unavailable)
}

impl FromRequest for Visitor {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(app(request).map(|app| Self::of(&app, request)))
    }
}

impl FromRequest for Signed {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&*app(&request)?, &request).await })
    }
}

impl FromRequest for Operator {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let signed = Signed::from_request(request, payload);
        Box::pin(async move {
            let signed = signed.await?;
            match (signed.viewer.operator, signed.viewer.second_factor) {
                (true, true) => Ok(Self(signed)),
                (true, false) => Err(PageError::SecondFactor),
                (false, _) => Err(PageError::NotFound),
            }
        })
    }
}
