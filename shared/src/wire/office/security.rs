//! What people do for the safety of their own sign-in.

use serde::{Deserialize, Serialize};

use super::{By, Password};
use crate::id::{SessionId, UserId};
use crate::office_commands;

office_commands! {
    Look "security/show" ShowSecurity => Security;
    Act "security/change_password" ChangePassword => ();
    Act "security/revoke_session" RevokeSession => ();
    Act "security/revoke_sessions" RevokeSessions => ();
}

/// How is somebody's sign-in secured?
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ShowSecurity {
    /// The person.
    pub user: UserId,
}

/// How somebody's sign-in is secured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Security {
    /// Whether the person has a password.
    pub has_password: bool,
    /// The browsers in which the person is signed in, the latest first.
    pub sessions: Vec<Session>,
}

/// A browser in which somebody is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// What the browser calls itself.
    pub agent: String,
    /// The address that it signed in from.
    pub address: String,
    /// When it signed in, in milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When it was last seen, to some minutes.
    pub seen_ms: i64,
    /// When it ends.
    pub expires_ms: i64,
}

/// Another password, which ends every other session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChangePassword {
    /// Whose.
    pub by: By,
    /// The session that stays.
    pub session: SessionId,
    /// The present password.
    pub current: Password,
    /// The other one.
    pub new: Password,
}

/// Ends one session of one's own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RevokeSession {
    /// Whose.
    pub by: By,
    /// Which.
    pub session: SessionId,
}

/// Ends all of one's own sessions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RevokeSessions {
    /// Whose.
    pub by: By,
}
