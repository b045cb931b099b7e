//! People, and the browsers in which they are signed in.

use serde::{Deserialize, Serialize};

use super::Password;
use crate::id::{AccountId, SessionId, UserId};
use crate::office_commands;
use crate::token::TokenHash;
use crate::wire::ledger::AccountStatus;

office_commands! {
    Act "session/sign_up" SignUp => UserId;
    Act "session/sign_in" SignIn => SignedIn;
    Look "session/viewer" LookUpViewer => Option<Viewer>;
    Act "session/sign_out" SignOut => ();
}

/// A new account with its first user, who is signed in with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignUp {
    /// The user's e-mail address.
    pub email: String,
    /// The user's password.
    pub password: Password,
    /// The browser.
    pub session: NewSession,
}

/// Signs a user in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignIn {
    /// The user's e-mail address.
    pub email: String,
    /// The user's password.
    pub password: Password,
    /// The browser.
    pub session: NewSession,
}

/// What comes of signing in with the right password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedIn {
    /// The session is there.
    Done(UserId),
    /// The user has a second factor: the session's hash is good for one attempt to submit its code, for a few minutes.
    NeedsCode,
}

/// A browser that is to be signed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewSession {
    /// Hash of the token in its cookie.
    pub hash: TokenHash,
    /// The address that it signs in from.
    pub address: String,
    /// What it calls itself.
    pub agent: String,
}

/// Whose session is it?
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LookUpViewer {
    /// Hash of the token in the cookie.
    pub hash: TokenHash,
}

/// Ends a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignOut {
    /// Hash of the token in the cookie.
    pub hash: TokenHash,
    /// The address that the request came from.
    pub address: String,
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// The person.
    pub user: UserId,
    /// That person's e-mail address.
    pub email: String,
    /// Whether the address is known to be theirs.
    pub verified: bool,
    /// Whether the person has a second factor.
    pub second_factor: bool,
    /// Whether the person is an operator.
    pub operator: bool,
    /// What the person may do with the account.
    pub role: Role,
    /// The account.
    pub account: AccountId,
    /// Whether the account may be used.
    pub status: AccountStatus,
    /// The session.
    pub session: SessionId,
}

/// What a member may do with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, members and closing the account included.
    Owner,
    /// Keys, usage and payments.
    Member,
}

impl Role {
    /// The word for it, on pages and in the book.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Member => "member",
        }
    }
}
