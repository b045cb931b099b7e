//! The audit log.

use serde::{Deserialize, Serialize};

use crate::id::ActId;
use crate::office_commands;
use crate::wire::office::paging::{Place, Slice};

office_commands! {
    Look "operator/audit" ReadAudit => AuditPage;
}

/// Reads the audit log, newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReadAudit {
    /// Acts of this kind alone.
    pub act: Option<String>,
    /// Acts of this person alone: an e-mail address, or `cli`.
    pub person: Option<String>,
    /// Which page.
    pub place: Place<ActId>,
}

/// A page of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// The acts.
    pub acts: Slice<AuditRow, ActId>,
    /// All kinds of acts that there are.
    pub kinds: Vec<String>,
}

/// One act of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Its identifier.
    pub id: ActId,
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Who: a user's id, or `cli`.
    pub who: String,
    /// That user's e-mail address.
    pub email: Option<String>,
    /// The address that it came from.
    pub address: String,
    /// What was done.
    pub act: String,
    /// To what.
    pub subject: String,
    /// With which figures.
    pub detail: String,
}
