//! What callers of the ledger match on.

/// The ledger cannot answer now: the book fails, or the ledger is closed. Nothing is known of the command's effect;
/// it may be sent again, since every command is idempotent. The cause has been logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ledger is unavailable")]
pub struct Unavailable;

impl From<sqlx::Error> for Unavailable {
    /// Logs the cause: this is the boundary at which it is handled.
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(error = %error, "the book failed");
        Self
    }
}

/// Why an act of administration was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// The command itself is wrong; says what would be right.
    #[error("{0}")]
    Invalid(String),
    /// There is no such thing; says what.
    #[error("{0}")]
    NotFound(String),
    /// It contradicts what the book has; says what.
    #[error("{0}")]
    Conflict(String),
    /// See [`Unavailable`].
    #[error("the ledger is unavailable")]
    Unavailable,
}

impl From<Unavailable> for AdminError {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

impl From<sqlx::Error> for AdminError {
    fn from(error: sqlx::Error) -> Self {
        Unavailable::from(error).into()
    }
}
