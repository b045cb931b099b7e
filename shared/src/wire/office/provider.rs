//! People who sign in by an identity provider.

use serde::{Deserialize, Serialize};

use super::identity::{NewSession, SignedIn};
use crate::office_commands;

office_commands! {
    Act "session/sign_in_by_provider" SignInByProvider => SignedIn;
}

/// Signs in whom the provider vouches for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignInByProvider {
    /// The provider.
    pub issuer: String,
    /// What it calls the person, for ever.
    pub subject: String,
    /// The person's e-mail address.
    pub email: Option<String>,
    /// Whether the provider knows that the address is the person's.
    pub email_verified: bool,
    /// What becomes of somebody who has no account.
    pub newcomers: Newcomers,
    /// The browser.
    pub session: NewSession,
}

/// What becomes of somebody who has no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Newcomers {
    /// An account is made.
    Welcome,
    /// Nothing: accounts are made by invitation.
    Refused,
}
