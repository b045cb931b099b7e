//! Balance, transfers and receipts.

use serde::{Deserialize, Serialize};

use super::paging::{Place, Slice};
use crate::id::{AccountId, RequestId, TransferId};
use crate::money::NanoUsd;
use crate::office_commands;

office_commands! {
    Look "billing/balance" ShowBalance => Balance;
    Look "billing/transfers" ListTransfers => Slice<Transfer, TransferId>;
    Look "billing/receipt" ShowReceipt => Receipt;
}

/// What an account has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShowBalance {
    /// The account.
    pub account: AccountId,
}

/// What an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Posted balance.
    pub posted: NanoUsd,
    /// How much of it open holds reserve.
    pub held: NanoUsd,
}

/// Lists the transfers of an account, newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListTransfers {
    /// The account.
    pub account: AccountId,
    /// Which of them.
    pub which: Which,
    /// Which page.
    pub place: Place<TransferId>,
    /// Rows of a page.
    pub limit: u32,
}

/// Which transfers are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// All but charges of requests: what was paid, given, given back and corrected.
    #[default]
    MoneyIn,
    /// Charges of requests too.
    All,
}

/// One movement of money on an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Its number.
    pub transfer: TransferId,
    /// What it is.
    pub what: What,
    /// How much went into the account; negative where it went out.
    pub amount: NanoUsd,
    /// The posted balance after it, of those that are no charges.
    pub balance: Option<NanoUsd>,
    /// The reference under which it is known, of those that are no charges.
    pub reference: Option<String>,
    /// The request, of a charge.
    pub request: Option<RequestId>,
    /// When it was booked, in milliseconds since the Unix epoch.
    pub at_ms: i64,
}

/// What a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A request.
    Charge,
    /// What a request cost more, or less, than was charged at first.
    Late,
    /// The customer paid.
    TopUp,
    /// The operator gave.
    Grant,
    /// Money given back to the balance.
    Refund,
    /// A correction.
    Adjustment,
    /// A payment that went back to the customer, or came again after all.
    Returned,
}

/// A transfer on its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShowReceipt {
    /// The account.
    pub account: AccountId,
    /// The transfer.
    pub transfer: TransferId,
}

/// A transfer, with who it is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The transfer.
    pub transfer: Transfer,
    /// The account.
    pub account: AccountId,
    /// The e-mail address of the account's first user.
    pub email: String,
}
