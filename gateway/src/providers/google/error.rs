//! Google's errors: under a status of their own, or within what began as a success.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::answer::fields::{Fields, is_blank};
use crate::answer::{RetryHints, UpstreamError, UpstreamErrorKind, scrub};

const REFUSED: &str = "The provider refused the request.";
const FAILED: &str = "The provider failed.";

/// What an error object says.
#[derive(Debug, Default)]
struct Said<'a> {
    code: Option<u16>,
    message: Option<Cow<'a, str>>,
    /// The name of a canonical code: `INVALID_ARGUMENT`.
    status: Cow<'a, str>,
    details: Vec<Detail>,
}

/// One detail, whichever of its kinds it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    /// Of an `ErrorInfo`: `API_KEY_INVALID`.
    #[serde(default)]
    reason: Option<String>,
    /// Of a `RetryInfo`: `17s`.
    #[serde(default)]
    retry_delay: Option<String>,
    /// Of a `QuotaFailure`.
    #[serde(default)]
    violations: Option<Vec<Violation>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Violation {
    #[serde(default)]
    quota_id: Option<String>,
}

/// Decodes the answer under a status that is no success. Nothing of a body that is not an error object is repeated.
#[must_use]
pub fn decode(status: u16, hints: &RetryHints<'_>, body: &[u8]) -> UpstreamError {
    let said = std::str::from_utf8(body).ok().and_then(said_in);
    let error = told(kind_of(status, said.as_ref()), Some(status), &said.unwrap_or_default());
    UpstreamError { retry_after_ms: hints.wait_ms().or(error.retry_after_ms), ..error }
}

/// The error that a text tells in place of an answer, if it tells one.
pub(super) fn within(text: &str) -> Option<UpstreamError> {
    let said = said_in(text)?;
    let status = said.code.filter(|code| (400..600).contains(code)).or_else(|| status_named(&said.status));
    let kind = status.map_or(UpstreamErrorKind::Failed, |status| kind_of(status, Some(&said)));
    Some(told(kind, status, &said))
}

fn told(kind: UpstreamErrorKind, status: Option<u16>, said: &Said<'_>) -> UpstreamError {
    let spoken = said.message.as_deref().and_then(scrub);
    let message = match kind {
        // Its words are about the credential, and may repeat it in a form that is not recognised.
        UpstreamErrorKind::Credential => "The provider refused the gateway's credential.".to_owned(),
        UpstreamErrorKind::BadRequest => spoken.unwrap_or_else(|| REFUSED.to_owned()),
        _ => spoken.unwrap_or_else(|| FAILED.to_owned()),
    };
    UpstreamError { kind, status, message, param: None, retry_after_ms: said.retry_after_ms() }
}

fn kind_of(status: u16, said: Option<&Said<'_>>) -> UpstreamErrorKind {
    use UpstreamErrorKind as Kind;
    let is_about_billing = said.is_some_and(Said::is_about_billing);
    // A failed precondition is one of the operator's: a country, a plan, a project without billing.
    let is_operators = said.is_some_and(|said| said.is_about_credential() || said.status == "FAILED_PRECONDITION");
    match status {
        402 => Kind::Billing,
        400 | 403 | 429 if is_about_billing => Kind::Billing,
        400 if is_operators => Kind::Credential,
        // Without an error object it was a proxy that spoke, and the client can do nothing about its complaint.
        400 | 422 if said.is_none() => Kind::Failed,
        400 | 413 | 422 => Kind::BadRequest,
        401 | 403 => Kind::Credential,
        404 => Kind::NotFound,
        408 | 504 => Kind::Timeout,
        429 => Kind::RateLimited,
        503 | 529 => Kind::Overloaded,
        _ => Kind::Failed,
    }
}

/// The HTTP status that a canonical code stands for.
fn status_named(name: &str) -> Option<u16> {
    Some(match name {
        "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE" => 400,
        "UNAUTHENTICATED" => 401,
        "PERMISSION_DENIED" => 403,
        "NOT_FOUND" => 404,
        "ABORTED" | "ALREADY_EXISTS" => 409,
        "RESOURCE_EXHAUSTED" => 429,
        "CANCELLED" => 499,
        "INTERNAL" | "UNKNOWN" | "DATA_LOSS" => 500,
        "UNIMPLEMENTED" => 501,
        "UNAVAILABLE" => 503,
        "DEADLINE_EXCEEDED" => 504,
        _ => return None,
    })
}

/// Finds the error in a text: `{"error":{..}}`, possibly as the only element of an array.
fn said_in(text: &str) -> Option<Said<'_>> {
    if !text.trim_start().starts_with('[') {
        return said_in_object(text);
    }
    let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    match elements.as_slice() {
        [only] => said_in_object(only.get()),
        _ => None,
    }
}

fn said_in_object(object: &str) -> Option<Said<'_>> {
    let fields = Fields::parse(object).ok()?;
    let error = fields.get("error").filter(|error| !is_blank(error))?;
    let Ok(fields) = Fields::parse(error) else {
        return Some(Said { message: string(error), ..Said::default() });
    };
    // What a detail says that is of no known form is none of what is looked for.
    let details: Vec<&RawValue> =
        fields.get("details").and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default();
    Some(Said {
        code: fields.get("code").and_then(|code| code.parse().ok()),
        message: fields.get("message").and_then(string),
        status: fields.get("status").and_then(string).unwrap_or_default(),
        details: details.into_iter().filter_map(|detail| serde_json::from_str(detail.get()).ok()).collect(),
    })
}

impl Said<'_> {
    fn is_about_credential(&self) -> bool {
        let is_key = |detail: &Detail| detail.reason.as_deref().is_some_and(|reason| reason.starts_with("API_KEY_"));
        let message = self.message.as_deref().unwrap_or_default();
        self.details.iter().any(is_key) || message.starts_with("API key ")
    }

    /// Nothing but the operator's doing, or the next day, will help.
    fn is_about_billing(&self) -> bool {
        let is_daily = |violation: &Violation| violation.quota_id.as_deref().is_some_and(|id| id.contains("PerDay"));
        self.details.iter().any(|detail| {
            let is_unpaid = detail.reason.as_deref().is_some_and(|reason| reason.starts_with("BILLING_"));
            is_unpaid || detail.violations.iter().flatten().any(is_daily)
        })
    }

    fn retry_after_ms(&self) -> Option<u64> {
        let delay = self.details.iter().find_map(|detail| detail.retry_delay.as_deref())?;
        RetryHints { retry_after: Some(delay.strip_suffix('s')?), retry_after_ms: None }.wait_ms()
    }
}

fn string(value: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str::<String>(value).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests;
