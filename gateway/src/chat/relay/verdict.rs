//! What the end of a call tells the breakers.

use std::time::Duration;

use crate::answer::{UpstreamError, UpstreamErrorKind};
use crate::breaker::{Outcome, Verdict};

/// How much time a call had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// As much as any upstream gets.
    Whole,
    /// Less, because the request's own time was almost over.
    CutShort,
}

const fn verdict(upstream: Outcome, credential: Outcome) -> Verdict {
    Verdict { upstream, credential }
}

/// The upstream has answered.
pub const ANSWERED: Verdict = verdict(Outcome::Good, Outcome::Good);

/// The call has failed. An upstream that refuses a request, or a credential, or whose model fails, is
/// well: it has answered.
#[must_use]
pub fn of_failure(failure: &UpstreamError, time: Time) -> Verdict {
    use UpstreamErrorKind as Kind;
    match failure.kind {
        Kind::BadRequest | Kind::NotFound | Kind::Unusable => ANSWERED,
        // It may be about one model among many, so that it takes more than one of them.
        Kind::Credential if failure.status == Some(403) => verdict(Outcome::Good, Outcome::Bad),
        Kind::Credential | Kind::Billing => verdict(Outcome::Good, Outcome::Refused),
        Kind::RateLimited => match failure.retry_after_ms {
            Some(ms) => verdict(Outcome::Good, Outcome::Wait(Duration::from_millis(ms))),
            None => verdict(Outcome::Good, Outcome::Bad),
        },
        Kind::Failed if failure.status == Some(409) => ANSWERED,
        Kind::Timeout if failure.status.is_none() && time == Time::CutShort => {
            verdict(Outcome::Unknown, Outcome::Unknown)
        }
        Kind::Timeout | Kind::Overloaded | Kind::Unavailable | Kind::Failed | Kind::Truncated => {
            verdict(Outcome::Bad, Outcome::Unknown)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_the_upstreams_fault_counts() {
        use UpstreamErrorKind as Kind;
        let wait = Outcome::Wait(Duration::from_secs(7));
        for (kind, status, after, upstream, credential) in [
            (Kind::BadRequest, Some(400), None, Outcome::Good, Outcome::Good),
            (Kind::NotFound, Some(404), None, Outcome::Good, Outcome::Good),
            (Kind::Failed, Some(409), None, Outcome::Good, Outcome::Good),
            (Kind::Unusable, None, None, Outcome::Good, Outcome::Good),
            (Kind::Credential, Some(401), None, Outcome::Good, Outcome::Refused),
            (Kind::Credential, Some(403), None, Outcome::Good, Outcome::Bad),
            (Kind::Billing, Some(402), None, Outcome::Good, Outcome::Refused),
            (Kind::RateLimited, Some(429), Some(7_000), Outcome::Good, wait),
            (Kind::RateLimited, Some(429), None, Outcome::Good, Outcome::Bad),
            (Kind::Unavailable, None, None, Outcome::Bad, Outcome::Unknown),
            (Kind::Timeout, Some(408), None, Outcome::Bad, Outcome::Unknown),
            (Kind::Timeout, None, None, Outcome::Bad, Outcome::Unknown),
            (Kind::Failed, Some(500), None, Outcome::Bad, Outcome::Unknown),
            (Kind::Overloaded, Some(529), Some(7_000), Outcome::Bad, Outcome::Unknown),
        ] {
            let failure = UpstreamError { status, retry_after_ms: after, ..UpstreamError::new(kind, "") };
            assert_eq!(of_failure(&failure, Time::Whole), Verdict { upstream, credential }, "{kind:?} {status:?}");
        }
    }

    #[test]
    fn a_call_that_had_no_time_tells_nothing() {
        let late = UpstreamError::new(UpstreamErrorKind::Timeout, "");
        assert_eq!(of_failure(&late, Time::CutShort), verdict(Outcome::Unknown, Outcome::Unknown));
        let told = UpstreamError { status: Some(408), ..late };
        assert_eq!(of_failure(&told, Time::CutShort).upstream, Outcome::Bad);
    }
}
