//! Every way in which a request is refused or fails: one table, for `/openapi.json` and for the pages.

use std::collections::BTreeMap;

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// One way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused {
    /// The HTTP status.
    pub(crate) status: u16,
    /// `error.code`.
    pub(crate) code: &'static str,
    /// `error.type`.
    pub(crate) kind: &'static str,
    /// When it happens.
    pub(crate) meaning: &'static str,
}

/// All of them.
pub(crate) const REFUSALS: [Refused; 18] = {
    const fn of(status: u16, (code, kind): (&'static str, &'static str), meaning: &'static str) -> Refused {
        Refused { status, code, kind, meaning }
    }
    const REQUEST: &str = "invalid_request_error";
    const SERVER: &str = "server_error";
    [
        of(
            400,
            ("invalid_request", REQUEST),
            "Bad payload: param names the field, and the message what would be right",
        ),
        of(401, ("invalid_api_key", "authentication_error"), "Missing or invalid bearer token"),
        of(402, ("insufficient_balance", "insufficient_quota"), "Top up your balance, or raise the key's spend limit"),
        of(403, ("model_not_allowed", "permission_error"), "The key may not use this model"),
        of(403, ("account_suspended", "permission_error"), "The account is suspended: contact the operator"),
        of(404, ("model_not_found", REQUEST), "Unknown model id"),
        of(404, ("not_found", REQUEST), "There is nothing at this path"),
        of(405, ("method_not_allowed", REQUEST), "The path does not take this method; Allow says which it takes"),
        of(408, ("request_timeout", REQUEST), "The body did not arrive in time"),
        of(413, ("payload_too_large", REQUEST), "The body is too large"),
        of(415, ("unsupported_media_type", REQUEST), "The body must be application/json, and not encoded"),
        of(429, ("rate_limit_exceeded", "rate_limit_error"), "Per-key RPM exceeded"),
        of(431, ("headers_too_large", REQUEST), "The headers are too large"),
        of(500, ("internal_error", SERVER), "Bug on our side"),
        of(502, ("upstream_error", SERVER), "The provider failed"),
        of(503, ("upstream_unavailable", SERVER), "The provider cannot take the request now"),
        of(503, ("service_unavailable", SERVER), "Our side cannot take the request now"),
        of(504, ("upstream_timeout", SERVER), "The provider did not answer in time"),
    ]
};

/// What is said of every refusal.
#[derive(ToSchema)]
pub(in crate::api) struct ErrorEnvelope {
    error: ErrorDetail,
}

/// What was wrong.
#[derive(ToSchema)]
pub(in crate::api) struct ErrorDetail {
    /// For people.
    message: String,
    /// A class of errors.
    r#type: String,
    /// The field that is wrong, where it is one.
    #[schema(required)]
    param: Option<String>,
    /// For programs.
    #[schema(schema_with = codes)]
    code: String,
    /// Only with `insufficient_balance`: what the request needs at least, in USD.
    required_usd: Option<String>,
    /// Only with `insufficient_balance`: what is there for it, in USD.
    available_usd: Option<String>,
    /// Only with `insufficient_balance`: what running requests reserve, in USD.
    held_usd: Option<String>,
    /// Only with `insufficient_balance`: how many output tokens could be paid for.
    #[schema(minimum = 0)]
    affordable_tokens: Option<i64>,
}

fn codes() -> Schema {
    let codes: std::collections::BTreeSet<&str> = REFUSALS.iter().map(|refused| refused.code).collect();
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(codes)).into()
}

/// How a completion is refused.
pub(in crate::api) struct OfCompletions;
/// How a list is refused.
pub(in crate::api) struct OfLooks;
/// How a model is refused.
pub(in crate::api) struct OfModel;

impl IntoResponses for OfCompletions {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        responses(&[400, 401, 402, 403, 404, 405, 408, 413, 415, 429, 431, 500, 502, 503, 504])
    }
}

impl IntoResponses for OfLooks {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        responses(&[400, 401, 405, 408, 431, 500, 503])
    }
}

impl IntoResponses for OfModel {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        responses(&[400, 401, 404, 405, 408, 431, 500, 503])
    }
}

fn responses(statuses: &[u16]) -> BTreeMap<String, RefOr<Response>> {
    statuses.iter().map(|status| (status.to_string(), RefOr::T(response(*status)))).collect()
}

fn response(status: u16) -> Response {
    let of_status = REFUSALS.iter().filter(|refused| refused.status == status);
    let meanings: Vec<String> = of_status.map(|refused| format!("`{}`: {}.", refused.code, refused.meaning)).collect();
    let envelope = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorEnvelope"))).build();
    let mut response = ResponseBuilder::new().description(meanings.join(" ")).content("application/json", envelope);
    for (name, header) in headers(status) {
        response = response.header(name, header);
    }
    response.build()
}

fn headers(status: u16) -> Vec<(&'static str, Header)> {
    let mut headers = vec![REQUEST_ID.header()];
    match status {
        402 => headers.extend([RETRY_AFTER.header(), SHOULD_RETRY.header()]),
        405 => headers.push(ALLOW.header()),
        429 => headers.extend([RETRY_AFTER.header(), RETRY_AFTER_MS.header(), SHOULD_RETRY.header()]),
        503 => headers.extend([RETRY_AFTER.header(), RETRY_AFTER_MS.header()]),
        _ => {}
    }
    if matches!(status, 402 | 403 | 429 | 502 | 503 | 504) {
        headers.extend(RATE_LIMIT.map(|named| named.header()));
    }
    headers
}

/// A response header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it tells.
    pub(crate) meaning: &'static str,
    is_number: bool,
}

impl Named {
    const fn text(name: &'static str, meaning: &'static str) -> Self {
        Self { name, meaning, is_number: false }
    }

    const fn number(name: &'static str, meaning: &'static str) -> Self {
        Self { name, meaning, is_number: true }
    }

    pub(super) fn header(self) -> (&'static str, Header) {
        let schema = match self.is_number {
            true => ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)),
            false => ObjectBuilder::new().schema_type(Type::String),
        };
        let header = HeaderBuilder::new().schema(Some(schema)).description(Some(self.meaning));
        (self.name, header.build())
    }
}

/// The headers of every answer, of completions, and of refusals.
pub(super) const REQUEST_ID: Named = Named::text("X-Request-Id", "The request's id: quote it when you ask for help");
pub(super) const RATE_LIMIT: [Named; 3] = [
    Named::number("X-RateLimit-Limit", "Requests per minute that the key may make"),
    Named::number("X-RateLimit-Remaining", "How many of them are left now"),
    Named::number("X-RateLimit-Reset", "Seconds until the next one is free"),
];
pub(super) const MAX_TOKENS: Named =
    Named::number("X-Syntopen-Max-Tokens", "The output maximum that was set because the balance affords no more");
pub(super) const ATTEMPTS: Named = Named::number("X-Syntopen-Attempts", "How many calls to providers were made");
pub(super) const DROPPED: Named =
    Named::text("X-Syntopen-Dropped-Params", "Parameters that the provider does not have and that were left out");
const RETRY_AFTER: Named = Named::number("Retry-After", "Seconds to wait before trying again");
const RETRY_AFTER_MS: Named = Named::number("Retry-After-Ms", "The same in milliseconds");
const SHOULD_RETRY: Named = Named::text("X-Should-Retry", "false where trying again does not help");
const ALLOW: Named = Named::text("Allow", "The method that the path takes");

/// All headers, for the pages.
pub(crate) const HEADERS: [Named; 10] = [
    REQUEST_ID,
    RATE_LIMIT[0],
    RATE_LIMIT[1],
    RATE_LIMIT[2],
    RETRY_AFTER,
    RETRY_AFTER_MS,
    SHOULD_RETRY,
    MAX_TOKENS,
    ATTEMPTS,
    DROPPED,
];
