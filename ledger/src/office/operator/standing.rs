//! Accounts, suspended and resumed.

use serde::Serialize;
use syntopen_shared::wire::ledger::AccountStatus;
use syntopen_shared::wire::office::Refusal;
use syntopen_shared::wire::office::operator::accounts::SetStanding;

use super::{only_operators, reason};
use crate::book::audit::{Act, Who};
use crate::book::directory;
use crate::ledger::Core;
use crate::office::{Handle, OfficeError};

/// What the audit log tells of it.
#[derive(Serialize)]
struct Detail<'a> {
    reason: &'a str,
}

impl Handle<SetStanding> for Core {
    async fn handle(&self, command: SetStanding) -> Result<(), OfficeError> {
        let SetStanding { by, account, status, reason: why } = &command;
        only_operators(self.book.readers(), by.user).await?;
        let detail = Detail { reason: reason(why)? };
        if directory::is_of(self.book.readers(), by.user, *account).await? {
            return Err(Refusal::conflict("This is the account that you are signed in to.").into());
        }
        let subject = account.to_string();
        let (who, at_ms) = (Who::User(by), self.clock.unix_ms());
        let act = Act { who, at_ms, act: word(*status), subject: &subject, detail: &detail };
        self.set_standing((*account, *status), act).await
    }
}

/// What setting a status is called in the audit log.
pub(crate) const fn word(status: AccountStatus) -> &'static str {
    match status {
        AccountStatus::Active => "account.resume",
        AccountStatus::Suspended => "account.suspend",
    }
}
