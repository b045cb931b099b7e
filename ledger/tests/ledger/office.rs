//! What the dashboard asks of the ledger.

mod identity;
mod payments;
mod sealing;
