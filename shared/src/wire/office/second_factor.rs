//! The second factor: codes of an authenticator app (TOTP), and recovery codes for when that is lost.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::identity::NewSession;
use super::{By, Password};
use crate::id::{SessionId, UserId};
use crate::office_commands;
use crate::token::TokenHash;

office_commands! {
    Look "second_factor/show" ShowSecondFactor => SecondFactor;
    Act "second_factor/begin" BeginSecondFactor => ();
    Act "second_factor/confirm" ConfirmSecondFactor => Vec<Private>;
    Act "second_factor/renew" RenewRecoveryCodes => Vec<Private>;
    Act "second_factor/end" EndSecondFactor => ();
    Act "session/submit_code" SubmitCode => UserId;
}

/// What only its owner may see. Its `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Private(String);

impl Private {
    /// Wraps a text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one page or check that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Private(***)")
    }
}

/// How does it stand with somebody's second factor?
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ShowSecondFactor {
    /// The person.
    pub user: UserId,
}

/// How it stands with a second factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SecondFactor {
    /// There is none.
    Off,
    /// A secret was made, and no code of it has been seen yet.
    Pending {
        /// The secret as people type it (base32).
        secret: Private,
        /// The secret as authenticator apps read it (`otpauth://`).
        uri: Private,
    },
    /// Signing in asks for a code.
    On {
        /// How many recovery codes are left.
        recovery_codes: u32,
    },
}

/// Makes a secret, in the place of one that was not confirmed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BeginSecondFactor {
    /// Whose.
    pub by: By,
}

/// Proves by a code that the secret has arrived: from now on signing in asks for one. Answers the recovery codes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConfirmSecondFactor {
    /// Whose.
    pub by: By,
    /// The session in which it is done. All others end: they were begun without a code.
    pub session: SessionId,
    /// The code.
    pub code: Private,
}

/// Other recovery codes, in the place of those before.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RenewRecoveryCodes {
    /// Whose.
    pub by: By,
    /// A code, or a recovery code.
    pub code: Private,
}

/// Goes back to the password alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EndSecondFactor {
    /// Whose.
    pub by: By,
    /// The password; not asked of who has none.
    pub password: Password,
    /// A code, or a recovery code.
    pub code: Private,
}

/// The second step of signing in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubmitCode {
    /// The session's hash of the first step.
    pub challenge: TokenHash,
    /// A code, or a recovery code.
    pub code: Private,
    /// The browser, with a token of its own.
    pub session: NewSession,
}
