//! Links that are sent to an address, each for one purpose and to be used once. The gateway makes their tokens; the
//! ledger keeps the hashes.

use serde::{Deserialize, Serialize};

use super::identity::NewSession;
use super::{By, Password};
use crate::id::UserId;
use crate::office_commands;
use crate::token::TokenHash;

office_commands! {
    Act "links/request" RequestLink => Requested;
    Act "links/request_verification" RequestVerification => Requested;
    Look "links/look" LookUpLink => Option<Link>;
    Act "links/sign_up" FinishSignUp => UserId;
    Act "links/verify" ConfirmAddress => ();
    Act "links/reset" ResetPassword => ();
}

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To make an account.
    SignUp,
    /// To prove an address.
    Verify,
    /// To choose another password.
    Reset,
}

impl Purpose {
    /// The word for it, in the book.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::Verify => "verify",
            Self::Reset => "reset",
        }
    }
}

/// Asks for a link for somebody who is not signed in: to make an account, or to choose another password.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestLink {
    /// What for.
    pub purpose: Purpose,
    /// The address to send it to.
    pub email: String,
    /// Hash of the link's token.
    pub hash: TokenHash,
}

/// Asks for a link that proves the address of a user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestVerification {
    /// The user.
    pub user: UserId,
    /// Hash of the link's token.
    pub hash: TokenHash,
}

/// What is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requested {
    /// The address is a user's.
    Known,
    /// It is nobody's.
    Unknown,
    /// It is of a closed account.
    Closed,
    /// Nothing: it has got enough links lately.
    Enough,
}

/// What does this link lead to?
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LookUpLink {
    /// What it is for.
    pub purpose: Purpose,
    /// Hash of its token.
    pub hash: TokenHash,
}

/// A link that can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The address that it was sent to.
    pub email: String,
}

/// Makes an account, its address proven by the link; its user is signed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FinishSignUp {
    /// Hash of the link's token.
    pub hash: TokenHash,
    /// The user's password.
    pub password: Password,
    /// The browser.
    pub session: NewSession,
}

/// Proves an address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConfirmAddress {
    /// Hash of the link's token.
    pub hash: TokenHash,
    /// The address that the request came from.
    pub address: String,
}

/// Gives a user another password and ends all sessions. A second factor stays.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResetPassword {
    /// Hash of the link's token.
    pub hash: TokenHash,
    /// The new password.
    pub password: Password,
    /// The address that the request came from.
    pub address: String,
}

impl ResetPassword {
    /// Who it is that does so.
    #[must_use]
    pub fn by(&self, user: UserId) -> By {
        By { user, address: self.address.clone() }
    }
}
