//! The cookies: one says who is signed in, the other ties a form to the browser it was made for before that.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use syntopen_shared::token::Token;

use super::origin::Origin;

/// Where a session's token is.
const SESSION: &str = "syntopen_session";
/// Where the token of a browser is in which nobody is signed in.
const VISIT: &str = "syntopen_visit";
/// Where the token of a sign-in is that waits for the code of the second factor.
const CHALLENGE: &str = "syntopen_challenge";
/// As long as the ledger waits for it.
const CHALLENGE_MINUTES: i64 = 5;
/// What a browser carries while it is at the identity provider.
const JOURNEY: &str = "syntopen_journey";
/// Browsers send a cookie with this prefix only to the host that set it, through TLS.
const HOST_PREFIX: &str = "__Host-";
/// As long as the ledger keeps a session.
const SESSION_DAYS: i64 = 30;

/// The token of the session, where the browser sends one.
#[must_use]
pub(crate) fn session(request: &HttpRequest, origin: &Origin) -> Option<Token> {
    token(request, &name(SESSION, origin))
}

/// The token of the browser, where it sends one.
#[must_use]
pub(crate) fn visit(request: &HttpRequest, origin: &Origin) -> Option<Token> {
    token(request, &name(VISIT, origin))
}

/// A cookie that signs in.
#[must_use]
pub(crate) fn begin_session(token: &Token, origin: &Origin) -> Cookie<'static> {
    let mut cookie = cookie(SESSION, token.expose().to_owned(), origin);
    cookie.set_max_age(Duration::days(SESSION_DAYS));
    cookie
}

/// A cookie that takes the session's back.
#[must_use]
pub(crate) fn end_session(origin: &Origin) -> Cookie<'static> {
    let mut cookie = cookie(SESSION, String::new(), origin);
    cookie.set_max_age(Duration::ZERO);
    cookie
}

/// The token of a sign-in that waits for a code, where the browser sends one.
#[must_use]
pub(crate) fn challenge(request: &HttpRequest, origin: &Origin) -> Option<Token> {
    token(request, &name(CHALLENGE, origin))
}

/// A cookie that remembers a sign-in that waits for a code.
#[must_use]
pub(crate) fn begin_challenge(token: &Token, origin: &Origin) -> Cookie<'static> {
    let mut cookie = cookie(CHALLENGE, token.expose().to_owned(), origin);
    cookie.set_max_age(Duration::minutes(CHALLENGE_MINUTES));
    cookie
}

/// A cookie that takes it back.
#[must_use]
pub(crate) fn end_challenge(origin: &Origin) -> Cookie<'static> {
    let mut cookie = cookie(CHALLENGE, String::new(), origin);
    cookie.set_max_age(Duration::ZERO);
    cookie
}

/// What the browser carries from before it went to the identity provider.
#[must_use]
pub(crate) fn journey(request: &HttpRequest, origin: &Origin) -> Option<String> {
    request.cookie(&name(JOURNEY, origin)).map(|cookie| cookie.value().to_owned())
}

/// A cookie that lasts while the browser is at the identity provider.
#[must_use]
pub(crate) fn begin_journey(value: String, origin: &Origin) -> Cookie<'static> {
    cookie(JOURNEY, value, origin)
}

/// A cookie that takes it back.
#[must_use]
pub(crate) fn end_journey(origin: &Origin) -> Cookie<'static> {
    let mut cookie = cookie(JOURNEY, String::new(), origin);
    cookie.set_max_age(Duration::ZERO);
    cookie
}

/// A cookie that ties forms to this browser.
#[must_use]
pub(crate) fn begin_visit(token: &Token, origin: &Origin) -> Cookie<'static> {
    cookie(VISIT, token.expose().to_owned(), origin)
}

fn cookie(base: &str, value: String, origin: &Origin) -> Cookie<'static> {
    Cookie::build(name(base, origin), value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(origin.is_secure)
        .finish()
}

fn name(base: &str, origin: &Origin) -> String {
    if origin.is_secure { format!("{HOST_PREFIX}{base}") } else { base.to_owned() }
}

fn token(request: &HttpRequest, name: &str) -> Option<Token> {
    request.cookie(name).and_then(|cookie| Token::parse(cookie.value()))
}
