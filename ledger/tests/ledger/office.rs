//! What the dashboard asks of the ledger.

mod identity;
mod sealing;
