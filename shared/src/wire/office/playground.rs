//! The key that the playground pays with.

use serde::{Deserialize, Serialize};

use super::By;
use crate::id::AccountId;
use crate::office_commands;
use crate::wire::ledger::KeyRecord;

office_commands! {
    Act "playground/open" OpenPlayground => KeyRecord;
}

/// The key that the account's playground pays with. It is made when it is first asked for, and again after it was
/// revoked or has expired. Nobody ever sees the key itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenPlayground {
    /// The account.
    pub account: AccountId,
    /// Who uses it.
    pub by: By,
}
