//! Telling the owners of an account that its balance is low.

use serde::{Deserialize, Serialize};

use super::By;
use crate::id::AccountId;
use crate::money::NanoUsd;
use crate::office_commands;

office_commands! {
    Look "alerts/look" LookUpAlert => Option<NanoUsd>;
    Act "alerts/set" SetAlert => ();
    Act "alerts/claim" ClaimAlerts => Vec<DueAlert>;
    Act "alerts/confirm" ConfirmAlert => ();
}

/// Below which balance are the owners told?
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LookUpAlert {
    /// Of this account.
    pub account: AccountId,
}

/// Says below which balance the owners are told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetAlert {
    /// Of this account.
    pub account: AccountId,
    /// Who says so.
    pub by: By,
    /// More than nothing; `None` where they are not to be told.
    pub below: Option<NanoUsd>,
}

/// Takes alerts that are due, each of which is given to one who asks. It falls due again where it is not confirmed in
/// time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClaimAlerts {
    /// So many at most.
    pub limit: u32,
}

/// An alert that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueAlert {
    /// Whose balance is low.
    pub account: AccountId,
    /// The balance.
    pub balance: NanoUsd,
    /// Below which they wanted to be told.
    pub below: NanoUsd,
    /// The addresses of the owners.
    pub owners: Vec<String>,
    /// When it was claimed, which is the claim's name.
    pub claimed_ms: i64,
}

/// The owners have been told. Nothing where the claim is of no force any more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConfirmAlert {
    /// Whose balance is low.
    pub account: AccountId,
    /// The claim.
    pub claimed_ms: i64,
}
