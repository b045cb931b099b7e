//! Headers of every page.

use actix_web::body::MessageBody;
use actix_web::cookie::Cookie;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};

use super::origin::Origin;
use crate::app::App;

/// Nothing but what we serve ourselves; forms may lead to the payment page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; form-action 'self' https://checkout.stripe.com; \
                      frame-ancestors 'none'; base-uri 'none'";
/// The page to pay on, in that policy.
const CHECKOUT: &str = "https://checkout.stripe.com";
const ALWAYS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
];
const A_YEAR_OF_TLS: &str = "max-age=31536000";

/// The cookie of a browser that had none, which its answer brings.
pub(super) struct NewVisit(pub(super) Cookie<'static>);

/// Adds the headers.
///
/// # Errors
/// What the framework could not turn into a response.
pub(crate) async fn wrap<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let app = request.app_data::<web::Data<App>>();
    let is_secure = app.is_some_and(|app| Origin::of(app, request.request()).is_secure);
    // Where payments are tested, the page to pay on is elsewhere.
    let elsewhere = app.and_then(|app| app.config.payments.stripe.as_ref()).map(|stripe| stripe.checkout());
    let policy = elsewhere.and_then(|url| HeaderValue::from_str(&POLICY.replace(CHECKOUT, url)).ok());
    let mut response = next.call(request).await?;
    let visit = response.request().extensions_mut().remove::<NewVisit>();
    if let Some(NewVisit(cookie)) = visit {
        response.response_mut().add_cookie(&cookie)?;
    }
    let headers = response.headers_mut();
    if let Some(policy) = policy {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in ALWAYS {
        set(headers, name, value);
    }
    if is_secure {
        set(headers, STRICT_TRANSPORT_SECURITY, A_YEAR_OF_TLS);
    }
    set(headers, CACHE_CONTROL, "no-store");
    Ok(response)
}

/// What a handler has set stays.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
