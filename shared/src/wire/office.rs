//! What the dashboard asks of the ledger: `POST /office/<path>` with a [`Command`] as JSON, answered by 200 and
//! [`Answered`]. In the embedded profile the same types are passed within the process.
//!
//! Commands of customers name the account that the session belongs to, and find nothing of any other.

pub mod alerts;
pub mod billing;
pub mod identity;
pub mod keys;
pub mod links;
pub mod members;
pub mod operator;
pub mod paging;
pub mod payments;
pub mod playground;
pub mod provider;
pub mod second_factor;
pub mod security;
pub mod usage;

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::id::UserId;

/// What is asked.
pub trait Command: Serialize + DeserializeOwned + Send + 'static {
    /// What is answered.
    type Answer: Serialize + DeserializeOwned + Send + 'static;
    /// Where to, below `/office/`: `<noun>/<verb>`.
    const PATH: &'static str;
    /// Whether it changes anything.
    const KIND: Kind;
}

/// Whether a command changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It does not: it may be asked again.
    Look,
    /// It does: whoever got no answer does not know whether it was done.
    Act,
}

/// Says what answers a command, where to it goes, and of which kind it is.
#[macro_export]
macro_rules! office_commands {
    ($($kind:ident $path:literal $command:ty => $answer:ty;)+) => {
        $(impl $crate::wire::office::Command for $command {
            type Answer = $answer;
            const PATH: &'static str = $path;
            const KIND: $crate::wire::office::Kind = $crate::wire::office::Kind::$kind;
        })+
    };
}

/// The answer to a command that was understood.
pub type Answered<A> = Result<A, Refusal>;

/// Why something was not done, for the person who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// A field cannot be as it is.
    #[error("{message}")]
    Invalid {
        /// The field's name.
        field: String,
        /// What would be right.
        message: String,
    },
    /// There is no such thing, or it is another account's.
    #[error("there is no such thing")]
    NotFound,
    /// It contradicts what there is.
    #[error("{message}")]
    Conflict {
        /// What there is.
        message: String,
    },
    /// E-mail address, password or code is wrong: which, is not told.
    #[error("the credentials are wrong")]
    WrongCredentials,
}

impl Refusal {
    /// A field cannot be as it is; `message` says what would be right.
    #[must_use]
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.to_owned(), message: message.into() }
    }

    /// It contradicts what there is.
    #[must_use]
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict { message: message.into() }
    }
}

/// Who does something, and from where: for the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// The person.
    pub user: UserId,
    /// The address that the request came from.
    pub address: String,
}

/// A password in plain text, on its way to be hashed. Its `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// Wraps a password.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The password itself, for the one place that hashes it.
    #[must_use]
    pub fn expose(self) -> String {
        self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}
