//! Identifiers. All are UUIDv7, so that they sort by the time they were made.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new one, of now.
            #[must_use]
            pub fn mint() -> Self {
                Self(Uuid::now_v7())
            }

            /// The identifier as a UUID.
            #[must_use]
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

id!(
    /// One completion request, and the hold that pays for it. Only the gateway mints these.
    RequestId
);
id!(
    /// An account: one balance.
    AccountId
);
id!(
    /// A person who signs in.
    UserId
);
id!(
    /// An API key (not the key itself).
    KeyId
);
id!(
    /// One movement of money in the book.
    TransferId
);
id!(
    /// A browser that is signed in.
    SessionId
);
id!(
    /// An invitation to an account.
    InvitationId
);
id!(
    /// A customer's payment through a payment service.
    PaymentId
);
id!(
    /// Something that a payment service told and that belongs to no payment.
    UnmatchedId
);
id!(
    /// One submission of a form, however often it arrives.
    SubmissionId
);
id!(
    /// An act in the audit log.
    ActId
);
id!(
    /// A gateway's process.
    GatewayId
);
