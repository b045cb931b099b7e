//! What the dashboard asks of the ledger, a file for each concern. The commands are those of
//! [`syntopen_shared::wire::office`]; the statements they need are the book's.

mod alerts;
mod billing;
mod closing;
mod identity;
mod invitations;
mod keys;
mod links;
mod members;
mod operator;
pub(crate) mod payments;
mod playground;
mod provider;
mod second_factor;
mod security;
mod standing;
mod usage;

pub(crate) use operator::standing::word;

use std::sync::Arc;

use syntopen_shared::wire::office::{Command, Refusal};

use crate::error::{AdminError, Unavailable};
use crate::ledger::{Core, Ledger};

/// Why a command of the dashboard was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfficeError {
    /// It was refused; says why.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// See [`Unavailable`].
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A command that the ledger answers.
pub trait Answers<C: Command> {
    /// Answers it. What it does is done to its end, even where the caller goes away.
    ///
    /// # Errors
    /// [`OfficeError`].
    fn answer(&self, command: C) -> impl Future<Output = Result<C::Answer, OfficeError>> + Send;
}

/// How a command is carried out.
pub(crate) trait Handle<C: Command>: Send + Sync {
    fn handle(&self, command: C) -> impl Future<Output = Result<C::Answer, OfficeError>> + Send;
}

impl<C: Command> Answers<C> for Ledger
where
    Core: Handle<C>,
{
    async fn answer(&self, command: C) -> Result<C::Answer, OfficeError> {
        let core = Arc::clone(&self.core);
        self.act(async move { core.handle(command).await }).await
    }
}

impl From<sqlx::Error> for OfficeError {
    fn from(error: sqlx::Error) -> Self {
        Unavailable::from(error).into()
    }
}

impl From<AdminError> for OfficeError {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Invalid(message) => Refusal::Invalid { field: String::new(), message }.into(),
            AdminError::NotFound(_) => Refusal::NotFound.into(),
            AdminError::Conflict(message) => Refusal::Conflict { message }.into(),
            AdminError::Unavailable => Unavailable.into(),
        }
    }
}
