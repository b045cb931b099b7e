//! What can be bound to a statement of both databases.

use std::borrow::Cow;

use syntopen_shared::id::{
    AccountId, ActId, GatewayId, InvitationId, KeyId, PaymentId, RequestId, SessionId, TransferId, UnmatchedId, UserId,
};
use syntopen_shared::money::NanoUsd;

/// A text or a whole number, or the lack of one.
pub(crate) enum Value<'q> {
    Text(Option<Cow<'q, str>>),
    Int(Option<i64>),
}

impl<'q> From<&'q str> for Value<'q> {
    fn from(text: &'q str) -> Self {
        Self::Text(Some(Cow::Borrowed(text)))
    }
}

impl<'q> From<Option<&'q str>> for Value<'q> {
    fn from(text: Option<&'q str>) -> Self {
        Self::Text(text.map(Cow::Borrowed))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Some(Cow::Owned(text)))
    }
}

impl From<Option<String>> for Value<'_> {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(Cow::Owned))
    }
}

impl From<i64> for Value<'_> {
    fn from(int: i64) -> Self {
        Self::Int(Some(int))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(int: Option<i64>) -> Self {
        Self::Int(int)
    }
}

impl From<NanoUsd> for Value<'_> {
    fn from(money: NanoUsd) -> Self {
        Self::Int(Some(money.nanos()))
    }
}

impl From<Option<NanoUsd>> for Value<'_> {
    fn from(money: Option<NanoUsd>) -> Self {
        Self::Int(money.map(NanoUsd::nanos))
    }
}

macro_rules! ids {
    ($($id:ty),+) => {
        $(impl From<$id> for Value<'_> {
            fn from(id: $id) -> Self {
                Self::from(id.to_string())
            }
        })+
    };
}

ids!(
    AccountId,
    ActId,
    GatewayId,
    InvitationId,
    KeyId,
    PaymentId,
    RequestId,
    SessionId,
    TransferId,
    UnmatchedId,
    UserId
);
