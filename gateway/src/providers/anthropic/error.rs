//! Anthropic's errors: under a status of their own, or within what began as a success.

use serde::Deserialize;

use crate::answer::{RetryHints, UpstreamError, UpstreamErrorKind, scrub};

const REFUSED: &str = "The provider refused the request.";
/// The code of a 429 that no waiting helps against: the operator's own limit of spending.
const SPEND_LIMIT: &str = "enforced_spend_limit_reached";
/// How Anthropic's words begin or go on where the operator's money or account is at fault, under the status of a bad
/// request.
const BILLING_WORDS: [&str; 3] = ["credit balance is too low", "specified api usage limits", "spend limit"];
const CREDENTIAL_WORDS: [&str; 1] = ["organization has been disabled"];

/// `{"type":"error","error":{…}}`.
#[derive(Deserialize)]
struct Body {
    error: Said,
}

/// What an error object says, as far as it is of the form that it should have.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    r#type: Option<Lenient<String>>,
    message: Option<Lenient<String>>,
    details: Option<Lenient<Details>>,
}

#[derive(Deserialize)]
struct Details {
    error_code: Option<String>,
}

/// A value of the type expected, or anything.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lenient<T> {
    Right(T),
    Other(serde::de::IgnoredAny),
}

/// Decodes the answer under a status that is no success. Nothing of a body that is not an error object is repeated.
#[must_use]
pub fn decode(status: u16, hints: &RetryHints<'_>, body: &[u8]) -> UpstreamError {
    let said = serde_json::from_slice::<Body>(body).ok().map(|body| body.error);
    let kind = kind_of(status, said.as_ref());
    UpstreamError { retry_after_ms: hints.wait_ms(), ..told(kind, Some(status), &said.unwrap_or_default()) }
}

/// The error that a body or an event tells in place of an answer: its kind is all that there is to go by.
pub(super) fn within(body: &[u8]) -> UpstreamError {
    let said = serde_json::from_slice::<Body>(body).map(|body| body.error).unwrap_or_default();
    told(kind_named(&said), None, &said)
}

fn told(kind: UpstreamErrorKind, status: Option<u16>, said: &Said) -> UpstreamError {
    let spoken = said.message().and_then(scrub);
    let message = match kind {
        // Its words are about the credential, and may repeat it in a form that is not recognised.
        UpstreamErrorKind::Credential => "The provider refused the gateway's credential.".to_owned(),
        UpstreamErrorKind::BadRequest => spoken.unwrap_or_else(|| REFUSED.to_owned()),
        _ => spoken.unwrap_or_else(|| "The provider failed.".to_owned()),
    };
    // The paths in Anthropic's words are those of the translated request, in which the client would look in vain.
    UpstreamError { kind, status, message, param: None, retry_after_ms: None }
}

fn kind_of(status: u16, said: Option<&Said>) -> UpstreamErrorKind {
    use UpstreamErrorKind as Kind;
    match status {
        402 => Kind::Billing,
        400 | 403 | 429 if said.is_some_and(Said::is_about_billing) => Kind::Billing,
        400 if said.is_some_and(|said| said.has_words(&CREDENTIAL_WORDS)) => Kind::Credential,
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

/// The kind of an error that came under a status of success.
fn kind_named(said: &Said) -> UpstreamErrorKind {
    let status = match said.r#type() {
        Some("invalid_request_error") => 400,
        Some("authentication_error") => 401,
        Some("billing_error") => 402,
        Some("permission_error") => 403,
        Some("not_found_error") => 404,
        Some("request_too_large") => 413,
        Some("rate_limit_error") => 429,
        Some("timeout_error") => 504,
        Some("overloaded_error") => 529,
        _ => 500,
    };
    kind_of(status, Some(said))
}

impl Said {
    fn r#type(&self) -> Option<&str> {
        self.r#type.as_ref()?.right().map(String::as_str)
    }

    fn message(&self) -> Option<&str> {
        self.message.as_ref()?.right().map(String::as_str)
    }

    fn is_about_billing(&self) -> bool {
        let code = || self.details.as_ref()?.right()?.error_code.as_deref();
        self.r#type() == Some("billing_error") || code() == Some(SPEND_LIMIT) || self.has_words(&BILLING_WORDS)
    }

    fn has_words(&self, words: &[&str]) -> bool {
        let message = self.message().unwrap_or_default().to_ascii_lowercase();
        words.iter().any(|words| message.contains(words))
    }
}

impl<T> Lenient<T> {
    const fn right(&self) -> Option<&T> {
        match self {
            Self::Right(value) => Some(value),
            Self::Other(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use UpstreamErrorKind as Kind;

    fn kind(status: u16, body: &str) -> Kind {
        decode(status, &RetryHints::default(), body.as_bytes()).kind
    }

    #[test]
    fn statuses_have_kinds() {
        let body = r#"{"type":"error","error":{"type":"t","message":"no"}}"#;
        for (status, expected) in [
            (400, Kind::BadRequest),
            (413, Kind::BadRequest),
            (422, Kind::BadRequest),
            (401, Kind::Credential),
            (403, Kind::Credential),
            (402, Kind::Billing),
            (404, Kind::NotFound),
            (408, Kind::Timeout),
            (504, Kind::Timeout),
            (409, Kind::Failed),
            (418, Kind::Failed),
            (429, Kind::RateLimited),
            (500, Kind::Failed),
            (502, Kind::Failed),
            (503, Kind::Overloaded),
            (529, Kind::Overloaded),
        ] {
            assert_eq!(kind(status, body), expected, "{status}");
        }
    }

    #[test]
    fn events_have_kinds_by_their_type() {
        for (name, expected) in [
            ("invalid_request_error", Kind::BadRequest),
            ("authentication_error", Kind::Credential),
            ("billing_error", Kind::Billing),
            ("permission_error", Kind::Credential),
            ("not_found_error", Kind::NotFound),
            ("request_too_large", Kind::BadRequest),
            ("rate_limit_error", Kind::RateLimited),
            ("timeout_error", Kind::Timeout),
            ("overloaded_error", Kind::Overloaded),
            ("api_error", Kind::Failed),
            ("conflict_error", Kind::Failed),
            ("new_error", Kind::Failed),
        ] {
            let error = within(format!(r#"{{"type":"error","error":{{"type":"{name}","message":"x"}}}}"#).as_bytes());
            assert_eq!((error.kind, error.status), (expected, None), "{name}");
        }
    }

    #[test]
    fn odd_fields_hide_nothing() {
        let error = decode(400, &RetryHints::default(), br#"{"error":{"type":5,"message":"no","details":[1]}}"#);
        assert_eq!((error.kind, error.message.as_str()), (Kind::BadRequest, "no"));
        for body in ["<html>400</html>", "", "{\"error\":", "null", "{}", "{\"error\":\"x\"}"] {
            let error = decode(400, &RetryHints::default(), body.as_bytes());
            assert_eq!((error.kind, error.message.as_str()), (Kind::Failed, "The provider failed."), "{body}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bodies_never_panic(status in any::<u16>(), body in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(decode(status, &RetryHints::default(), &body).message.chars().count() <= 500);
        }
    }
}
