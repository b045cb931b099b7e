//! How an exchange with a replica fails, and what follows from that.

use awc::error::{ConnectError, SendRequestError};
use awc::http::StatusCode;
use bytes::Bytes;
use serde::Deserialize;
use syntopen_shared::wire::ratelimiter::LEAVING;

use super::Repeat;
use crate::clients::replicas::Manner;

/// What a service says of a refusal.
#[derive(Deserialize)]
struct Told {
    error: Reason,
}

#[derive(Deserialize)]
struct Reason {
    code: String,
}

/// How much of a refusal is logged.
const SHOWN_MAX: usize = 300;

/// How an exchange failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There was nobody to ask.
    #[error("no replica is known to answer")]
    NoReplica,
    /// No connection came about.
    #[error("it cannot be connected to")]
    Unreached,
    /// None came about within the time limit.
    #[error("connecting to it takes too long")]
    Unreachable,
    /// The connection broke.
    #[error("the connection broke")]
    Broken,
    /// No answer came within the time limit.
    #[error("it did not answer in time")]
    Silent,
    /// It says that it cannot answer now.
    #[error("it answered with status {0}")]
    Refused(StatusCode),
    /// It says that it is about to stop, and did nothing.
    #[error("it is about to stop")]
    Leaving,
    /// It could not say anything of any command.
    #[error("it cannot reach what it needs")]
    Undecided,
    /// It does not know us.
    #[error("it refuses the cluster token: SYNTOPEN_CLUSTER_TOKEN must be the same for all programs of the cluster")]
    Unauthorized,
    /// It says that what it was sent is wrong.
    #[error("it refuses what it was sent: {0}")]
    Rejected(String),
}

impl Failure {
    pub(super) fn of_send(error: &SendRequestError) -> Self {
        match error {
            SendRequestError::Connect(ConnectError::Timeout) => Self::Unreachable,
            // The client's word for a connection that was closed in the place of an answer: the request had been sent.
            SendRequestError::Connect(ConnectError::Disconnected) => Self::Broken,
            SendRequestError::Connect(_) => Self::Unreached,
            _ => Self::Broken,
        }
    }

    pub(super) fn of_status(status: StatusCode, body: &[u8]) -> Self {
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Self::Unauthorized;
        }
        if status.is_client_error() {
            let text: String = String::from_utf8_lossy(body).chars().take(SHOWN_MAX).collect();
            return Self::Rejected(format!("{status} {text}"));
        }
        let leaving = |told: Told| told.error.code == LEAVING;
        if serde_json::from_slice(body).is_ok_and(leaving) { Self::Leaving } else { Self::Refused(status) }
    }

    /// An array of nothing but `null`: the replica could not say anything of any command. Another one may.
    pub(super) fn of_nothing(answer: Bytes) -> Result<Bytes, Self> {
        let is_nothing = answer.starts_with(b"[n") && answer.iter().all(|byte| b"[null, ]".contains(byte));
        if is_nothing { Err(Self::Undecided) } else { Ok(answer) }
    }

    /// The word for it in metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NoReplica => "no_replica",
            Self::Unreached | Self::Unreachable => "unreached",
            Self::Broken => "broken",
            Self::Silent => "silent",
            Self::Refused(_) => "refused",
            Self::Leaving => "leaving",
            Self::Undecided => "undecided",
            Self::Unauthorized => "unauthorized",
            Self::Rejected(_) => "rejected",
        }
    }

    pub(super) const fn manner(&self) -> Manner {
        match self {
            Self::Silent | Self::Unreachable => Manner::BySilence,
            Self::Refused(_) | Self::Leaving | Self::Undecided | Self::Unauthorized => Manner::ByRefusal,
            _ => Manner::AtOnce,
        }
    }

    /// Whether the replica surely did nothing of what it was asked, and was perhaps not even asked.
    #[must_use]
    pub const fn is_unsent(&self) -> bool {
        matches!(self, Self::NoReplica | Self::Unreached | Self::Unreachable | Self::Leaving | Self::Unauthorized)
    }

    /// Whether another replica is asked after this.
    pub(super) fn may_repeat(&self, repeat: Repeat) -> bool {
        match self {
            // All replicas would say so.
            Self::Rejected(_) => false,
            failure => failure.is_unsent() || repeat == Repeat::Always,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn nothing_but_nulls_says_nothing() {
        for answer in ["[null]", "[null,null]", "[null, null]"] {
            assert_eq!(Failure::of_nothing(answer.into()), Err(Failure::Undecided), "{answer}");
        }
        for answer in ["[]", "null", "[null,{\"Ok\":1}]", "[false]", "{}", "[1,null]"] {
            assert_eq!(Failure::of_nothing(answer.into()), Ok(answer.into()), "{answer}");
        }
    }

    #[test]
    fn what_may_have_been_done_is_repeated_only_where_that_does_no_harm() {
        let done = [Failure::Broken, Failure::Silent, Failure::Refused(StatusCode::BAD_GATEWAY), Failure::Undecided];
        for failure in done {
            assert!(failure.may_repeat(Repeat::Always) && !failure.may_repeat(Repeat::Undone), "{failure}");
        }
        let leaving = Failure::of_status(StatusCode::SERVICE_UNAVAILABLE, br#"{"error":{"code":"leaving"}}"#);
        assert_eq!(leaving, Failure::Leaving);
        for failure in [Failure::Unreached, Failure::Unreachable, Failure::Unauthorized, leaving] {
            assert!(failure.may_repeat(Repeat::Always) && failure.may_repeat(Repeat::Undone), "{failure}");
        }
        let wrong = Failure::of_status(StatusCode::BAD_REQUEST, b"no");
        assert!(!wrong.may_repeat(Repeat::Always));
        assert_eq!(Failure::of_status(StatusCode::UNAUTHORIZED, b""), Failure::Unauthorized);
    }

    #[actix_rt::test]
    async fn what_was_sent_and_not_answered_may_have_been_done() {
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/holds", listener.local_addr().unwrap());
        let closes = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            assert!(stream.read(&mut request).await.unwrap() > 0);
        };
        let (sent, ()) = futures_util::future::join(awc::Client::default().post(url).send_body("[]"), closes).await;
        let failure = Failure::of_send(&sent.err().unwrap());
        assert!(!failure.is_unsent() && !failure.may_repeat(Repeat::Undone), "{failure}");
    }
}
