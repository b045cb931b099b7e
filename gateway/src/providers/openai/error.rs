//! OpenAI's errors: under a status of their own, or within what began as a success.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::answer::fields::{Fields, is_blank};
use crate::answer::{RetryHints, UpstreamError, UpstreamErrorKind, scrub, scrub_param};

const REFUSED: &str = "The provider refused the request.";
const CREDENTIAL_CODES: [&str; 2] = ["invalid_api_key", "account_deactivated"];
const BILLING_CODES: [&str; 3] = ["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"];

/// What an error object says. Compatible servers put numbers and objects where OpenAI has strings, so that every field
/// is taken as it comes.
#[derive(Default)]
struct Said<'a> {
    message: Option<Cow<'a, str>>,
    r#type: Option<Cow<'a, str>>,
    param: Option<Cow<'a, str>>,
    code: Option<Cow<'a, str>>,
}

/// Decodes the answer under a status that is no success. Nothing of a body that is not an error object is repeated.
#[must_use]
pub fn decode(status: u16, hints: &RetryHints<'_>, body: &[u8]) -> UpstreamError {
    let said = std::str::from_utf8(body).ok().and_then(said_in_body);
    let kind = kind_of(status, said.as_ref());
    UpstreamError { retry_after_ms: hints.wait_ms(), ..told(kind, Some(status), &said.unwrap_or_default()) }
}

/// The error that an object tells in place of an answer, if it tells one.
pub(super) fn within(fields: &Fields<'_>) -> Option<UpstreamError> {
    let said = match fields.get("error").filter(|error| !is_blank(error)) {
        Some(error) => Said::read(error),
        None if fields.get("object") == Some("\"error\"") => Said::of(fields),
        None => return None,
    };
    let status = said.code.as_deref().and_then(|code| code.parse().ok()).filter(|status| (400..600).contains(status));
    let kind = status.map_or_else(|| kind_named(&said), |status| kind_of(status, Some(&said)));
    Some(told(kind, status, &said))
}

fn told(kind: UpstreamErrorKind, status: Option<u16>, said: &Said<'_>) -> UpstreamError {
    let spoken = said.message.as_deref().and_then(scrub);
    let message = match kind {
        // Its words are about the credential, and may repeat it in a form that is not recognised.
        UpstreamErrorKind::Credential => "The provider refused the gateway's credential.".to_owned(),
        UpstreamErrorKind::BadRequest => spoken.unwrap_or_else(|| REFUSED.to_owned()),
        _ => spoken.unwrap_or_else(|| "The provider failed.".to_owned()),
    };
    UpstreamError { kind, status, message, param: said.param.as_deref().and_then(scrub_param), retry_after_ms: None }
}

fn kind_of(status: u16, said: Option<&Said<'_>>) -> UpstreamErrorKind {
    use UpstreamErrorKind as Kind;
    let is_about = |codes: &[&str]| said.is_some_and(|said| said.names_one_of(codes));
    match status {
        402 => Kind::Billing,
        400 | 403 | 429 if is_about(&BILLING_CODES) => Kind::Billing,
        400 if is_about(&CREDENTIAL_CODES) => Kind::Credential,
        400 if is_about(&["model_not_found"]) => Kind::NotFound,
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

/// The kind of an error that came under a status of success and names none.
fn kind_named(said: &Said<'_>) -> UpstreamErrorKind {
    use UpstreamErrorKind as Kind;
    let kinds: [(&[&str], Kind); 6] = [
        (&BILLING_CODES, Kind::Billing),
        (&CREDENTIAL_CODES, Kind::Credential),
        (&["model_not_found"], Kind::NotFound),
        (&["rate_limit_exceeded", "rate_limit_error"], Kind::RateLimited),
        (&["server_overloaded", "overloaded_error", "overloaded"], Kind::Overloaded),
        (&["invalid_request_error", "BadRequestError"], Kind::BadRequest),
    ];
    kinds.into_iter().find(|(codes, _)| said.names_one_of(codes)).map_or(Kind::Failed, |(_, kind)| kind)
}

/// Finds the error in a body: `{"error":{..}}`, `{"error":"..."}`, `{"message":".."}` or `{"detail":".."}`, possibly
/// as the only element of an array.
fn said_in_body(body: &str) -> Option<Said<'_>> {
    if let Ok([only]) = serde_json::from_str::<Vec<&RawValue>>(body).as_deref() {
        return said_in_object(only.get());
    }
    said_in_object(body)
}

fn said_in_object(object: &str) -> Option<Said<'_>> {
    let fields = Fields::parse(object).ok()?;
    if let Some(error) = fields.get("error").filter(|error| !is_blank(error)) {
        return Some(Said::read(error));
    }
    let said = Said::of(&fields);
    if said.message.is_some() {
        return Some(said);
    }
    let message = fields.get("detail").and_then(detail)?;
    Some(Said { message: Some(message), ..said })
}

/// A `detail`, as validating servers send it: a text, or a list of complaints of which the first is told.
fn detail(detail: &str) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Complaint<'a> {
        #[serde(borrow)]
        msg: Cow<'a, str>,
    }
    let first = || serde_json::from_str::<Vec<Complaint<'_>>>(detail).ok()?.into_iter().next();
    string(detail).or_else(|| first().map(|complaint| complaint.msg))
}

impl<'a> Said<'a> {
    /// Reads an `error`: an object, or the message alone.
    fn read(error: &'a str) -> Self {
        Fields::parse(error)
            .map_or_else(|_| Self { message: string(error), ..Self::default() }, |fields| Self::of(&fields))
    }

    fn of(fields: &Fields<'a>) -> Self {
        let text = |name: &str| fields.get(name).and_then(string);
        let number = |name: &str| fields.get(name).filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
        Self {
            message: text("message"),
            r#type: text("type"),
            param: text("param"),
            code: text("code").or_else(|| number("code").map(Cow::Borrowed)),
        }
    }

    fn names_one_of(&self, codes: &[&str]) -> bool {
        [&self.code, &self.r#type].into_iter().flatten().any(|name| codes.contains(&name.as_ref()))
    }
}

fn string(value: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str::<String>(value).ok().map(Cow::Owned)
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
        let body = r#"{"error":{"message":"no","type":"t","param":null,"code":null}}"#;
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
    fn codes_go_before_statuses() {
        let coded = |code: &str| format!(r#"{{"error":{{"message":"no","code":"{code}"}}}}"#);
        assert_eq!(kind(429, &coded("insufficient_quota")), Kind::Billing);
        assert_eq!(kind(429, r#"{"error":{"type":"insufficient_quota"}}"#), Kind::Billing);
        assert_eq!(kind(400, &coded("billing_hard_limit_reached")), Kind::Billing);
        assert_eq!(kind(400, &coded("invalid_api_key")), Kind::Credential);
        assert_eq!(kind(400, &coded("model_not_found")), Kind::NotFound);
    }

    #[test]
    fn bodies_of_proxies_are_not_repeated() {
        for body in ["<html><h1>400 from internal-proxy</h1></html>", "", "{\"error\":", "null", "[]", "\u{0}"] {
            let error = decode(400, &RetryHints::default(), body.as_bytes());
            assert_eq!((error.kind, error.message.as_str()), (Kind::Failed, "The provider failed."), "{body}");
        }
        let error = decode(413, &RetryHints::default(), b"<html>too large</html>");
        assert_eq!((error.kind, error.message.as_str()), (Kind::BadRequest, REFUSED));
    }

    #[test]
    fn errors_within_successes_are_found() {
        let found = |json: &str| within(&Fields::parse(json).unwrap()).map(|error| (error.kind, error.status));
        assert_eq!(found(r#"{"error":{"message":"x","code":429}}"#), Some((Kind::RateLimited, Some(429))));
        assert_eq!(found(r#"{"error":{"message":"x","code":"503"}}"#), Some((Kind::Overloaded, Some(503))));
        assert_eq!(found(r#"{"error":{"message":"x","type":"server_error"}}"#), Some((Kind::Failed, None)));
        assert_eq!(found(r#"{"error":"overloaded"}"#), Some((Kind::Failed, None)));
        assert_eq!(
            found(r#"{"object":"error","type":"BadRequestError","message":"x"}"#),
            Some((Kind::BadRequest, None))
        );
        for json in [r#"{"error":null}"#, r#"{"error":""}"#, "{}", r#"{"object":"chat.completion"}"#] {
            assert_eq!(found(json), None, "{json}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bodies_never_panic(status in any::<u16>(), body in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(decode(status, &RetryHints::default(), &body).message.chars().count() <= 500);
        }
    }
}
