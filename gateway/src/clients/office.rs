//! The ledger, as the dashboard needs it.

use std::sync::Arc;

use syntopen_ledger::Ledger;
use syntopen_ledger::office::{Answers, OfficeError};
use syntopen_shared::wire::office::Command;

mod remote;

pub use remote::Remote;

/// Whoever answers the dashboard's commands.
pub enum Office {
    /// The ledger of this process.
    Embedded(Arc<Ledger>),
    /// The replicas of the ledger.
    Remote(Remote),
}

impl Office {
    /// Asks a command.
    ///
    /// # Errors
    /// Its refusal, or that no ledger answers.
    pub async fn ask<C: Command>(&self, command: C) -> Result<C::Answer, OfficeError>
    where
        Ledger: Answers<C>,
    {
        match self {
            Self::Embedded(ledger) => ledger.answer(command).await,
            Self::Remote(remote) => remote.ask(command).await,
        }
    }
}
