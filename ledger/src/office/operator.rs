//! What operators look at and do.

mod accounts;
mod gateways;
mod ledger;
mod money;
pub(crate) mod standing;

use syntopen_shared::id::UserId;
use syntopen_shared::wire::office::Refusal;
use syntopen_shared::wire::office::operator::audit::{AuditPage, ReadAudit};

use super::{Handle, OfficeError};
use crate::book::acts::{self, Filter};
use crate::book::sql::Executor;
use crate::book::{members, users};
use crate::ledger::Core;

/// A reason is a sentence or a few.
const REASON_MAX: usize = 500;
/// What the audit log calls the command line.
const CLI: &str = "cli";

impl Handle<ReadAudit> for Core {
    async fn handle(&self, command: ReadAudit) -> Result<AuditPage, OfficeError> {
        let pool = self.book.readers();
        let kinds = acts::kinds(pool).await?;
        let who = match command.person.as_deref().map(str::trim) {
            None => None,
            Some(CLI) => Some(CLI.to_owned()),
            Some(email) => match users::credentials(pool, &email.to_lowercase()).await? {
                Some(known) => Some(known.user.to_string()),
                None => return Ok(AuditPage { acts: Default::default(), kinds }),
            },
        };
        let acts = acts::read(pool, &Filter { act: command.act, who }, &command.place).await?;
        Ok(AuditPage { acts, kinds })
    }
}

/// Whoever is no operator finds nothing, whatever the gateway thinks.
pub(super) async fn only_operators(executor: impl Into<Executor<'_>>, user: UserId) -> Result<(), OfficeError> {
    if members::is_operator(executor, user).await? { Ok(()) } else { Err(Refusal::NotFound.into()) }
}

/// A reason as it is written down.
pub(super) fn reason(text: &str) -> Result<&str, Refusal> {
    let text = text.trim();
    let is_plain = !text.chars().any(|char| char.is_control() && char != '\n' && char != '\r');
    if !text.is_empty() && text.chars().count() <= REASON_MAX && is_plain {
        return Ok(text);
    }
    Err(Refusal::invalid("reason", format!("Say why, in at most {REASON_MAX} characters.")))
}
