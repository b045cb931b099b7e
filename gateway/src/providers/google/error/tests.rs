use proptest::prelude::*;
use serde_json::json;

use super::*;
use UpstreamErrorKind as Kind;

const DAILY: &str = r#"{"error":{"code":429,"message":"You exceeded your current quota.","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},{"retryDelay":"17s"}]}}"#;

fn kind(status: u16, body: &str) -> Kind {
    decode(status, &RetryHints::default(), body.as_bytes()).kind
}

#[test]
fn statuses_have_kinds() {
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
        (499, Kind::Failed),
        (500, Kind::Failed),
        (502, Kind::Failed),
        (503, Kind::Overloaded),
        (529, Kind::Overloaded),
    ] {
        assert_eq!(kind(status, r#"{"error":{"message":"no"}}"#), expected, "{status}");
    }
}

#[test]
fn errors_within_successes_are_found_by_code_or_by_name() {
    let found = |text: &str| within(text).map(|error| (error.kind, error.status));
    for (name, expected) in [
        ("INVALID_ARGUMENT", Kind::BadRequest),
        ("OUT_OF_RANGE", Kind::BadRequest),
        ("FAILED_PRECONDITION", Kind::Credential),
        ("UNAUTHENTICATED", Kind::Credential),
        ("PERMISSION_DENIED", Kind::Credential),
        ("NOT_FOUND", Kind::NotFound),
        ("ABORTED", Kind::Failed),
        ("RESOURCE_EXHAUSTED", Kind::RateLimited),
        ("CANCELLED", Kind::Failed),
        ("INTERNAL", Kind::Failed),
        ("UNAVAILABLE", Kind::Overloaded),
        ("DEADLINE_EXCEEDED", Kind::Timeout),
        ("SOMETHING_NEW", Kind::Failed),
    ] {
        let text = json!({ "error": { "message": "x", "status": name } }).to_string();
        assert_eq!(found(&text).map(|(kind, _)| kind), Some(expected), "{name}");
    }
    assert_eq!(found(r#"{"error":{"code":503}}"#), Some((Kind::Overloaded, Some(503))));
    assert_eq!(found(r#"{"error":{"code":200,"message":"x"}}"#), Some((Kind::Failed, None)));
    assert_eq!(found(r#"{"error":"boom"}"#), Some((Kind::Failed, None)));
    for text in [r#"{"error":null}"#, r#"{"error":""}"#, "{}", "[]", "[1]", "[{},{}]", "null", "", "<html>", "[{"] {
        assert_eq!(found(text), None, "{text}");
    }
}

#[test]
fn details_of_other_shapes_do_no_harm() {
    for details in [
        "null",
        "{}",
        "[1,null,\"x\",[]]",
        r#"[{"reason":5},{"retryDelay":"3s"}]"#,
        r#"[{"violations":[{"quotaId":5}]}]"#,
    ] {
        let body = format!(r#"{{"error":{{"code":429,"status":"RESOURCE_EXHAUSTED","details":{details}}}}}"#);
        assert_eq!(kind(429, &body), Kind::RateLimited, "{details}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bodies_never_panic(status in any::<u16>(), body in prop::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(decode(status, &RetryHints::default(), &body).message.chars().count() <= 500);
    }

    #[test]
    fn broken_errors_never_panic(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut body = DAILY.as_bytes().to_vec();
        for (at, byte) in edits {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let error = decode(429, &RetryHints::default(), &body);
        prop_assert!(matches!(error.kind, Kind::Billing | Kind::RateLimited));
        if let Some(within) = within(&String::from_utf8_lossy(&body)) {
    prop_assert!(within.retry_after_ms.is_none_or(|wait| wait <= 3_600_000));
        }
    }
}
