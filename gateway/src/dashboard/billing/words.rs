//! What transfers are called.

use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::office::billing::{Transfer, What};

/// What a transfer is called.
#[must_use]
pub(super) fn of(transfer: &Transfer) -> &'static str {
    let is_dispute = transfer.reference.as_deref().is_some_and(|reference| reference.contains(":dispute:"));
    match transfer.what {
        What::Charge => "Request",
        What::Late => "Request, corrected",
        What::TopUp => "Top-up",
        What::Grant => "Credit granted",
        What::Refund => "Refund to the balance",
        What::Adjustment => "Adjustment",
        What::Returned => match (is_dispute, transfer.amount.is_negative()) {
            (false, true) => "Payment refunded",
            (false, false) => "Refund that did not arrive",
            (true, true) => "Payment disputed",
            (true, false) => "Dispute settled",
        },
    }
}

/// An amount with its sign: `+$25.00`.
#[must_use]
pub(super) fn signed(amount: &NanoUsd) -> String {
    if amount.is_negative() { amount.to_string() } else { format!("+{amount}") }
}
