//! Members of an account, who are its owners' to invite, change and remove.

use serde::Serialize;
use syntopen_shared::id::{AccountId, UserId};
use syntopen_shared::wire::office::identity::Role;
use syntopen_shared::wire::office::members::{ListMembers, Members, RemoveMember, SetRole};
use syntopen_shared::wire::office::{By, Refusal};

use super::{Handle, OfficeError};
use crate::book::audit::{self, Act, Who};
use crate::book::sql::{Executor, Transaction};
use crate::book::{invitations, members};
use crate::ledger::Core;

/// What the audit log has of a member.
#[derive(Serialize)]
struct Detail<'a> {
    account: AccountId,
    email: &'a str,
    role: Role,
}

impl Handle<ListMembers> for Core {
    async fn handle(&self, command: ListMembers) -> Result<Members, OfficeError> {
        let ListMembers { account, user } = command;
        owns(self.book.readers(), (account, user)).await?;
        let members = members::list(self.book.readers(), account).await?;
        let invitations = invitations::of_account(self.book.readers(), account).await?;
        Ok(Members { members, invitations })
    }
}

impl Handle<SetRole> for Core {
    async fn handle(&self, command: SetRole) -> Result<(), OfficeError> {
        let SetRole { account, by, user, role } = command;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        let former = member(&mut transaction, &by, (account, user)).await?;
        if former == role {
            return Ok(());
        }
        spare_the_last_owner(&mut transaction, account, former).await?;
        members::set_role(&mut transaction, (account, user), role).await?;
        if role != Role::Owner {
            invitations::withdraw_of(&mut transaction, user).await?;
        }
        self.record(&mut transaction, (&by, "member.set_role"), (account, user, role)).await?;
        Ok(transaction.commit().await?)
    }
}

impl Handle<RemoveMember> for Core {
    async fn handle(&self, command: RemoveMember) -> Result<(), OfficeError> {
        let RemoveMember { account, by, user } = command;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        let role = member(&mut transaction, &by, (account, user)).await?;
        spare_the_last_owner(&mut transaction, account, role).await?;
        self.record(&mut transaction, (&by, "member.remove"), (account, user, role)).await?;
        invitations::withdraw_of(&mut transaction, user).await?;
        members::remove(&mut transaction, (account, user), self.clock.unix_ms()).await?;
        Ok(transaction.commit().await?)
    }
}

impl Core {
    /// Writes down what was done to a member.
    async fn record(
        &self,
        transaction: &mut Transaction<'_>,
        (by, act): (&By, &'static str),
        (account, user, role): (AccountId, UserId, Role),
    ) -> Result<(), OfficeError> {
        let email = members::email_of(&mut *transaction, user).await?.unwrap_or_default();
        let (detail, subject) = (Detail { account, email: &email, role }, user.to_string());
        let at_ms = self.clock.unix_ms();
        let act = Act { who: Who::User(by), at_ms, act, subject: &subject, detail: &detail };
        Ok(audit::record(transaction, act).await?)
    }
}

/// Refuses whoever is no owner of the account: for them there is nothing.
pub(super) async fn owns(
    executor: impl Into<Executor<'_>>,
    (account, user): (AccountId, UserId),
) -> Result<(), OfficeError> {
    match members::role_of(executor, (account, user)).await? {
        Some(Role::Owner) => Ok(()),
        _ => Err(Refusal::NotFound.into()),
    }
}

/// Refuses whoever is no member of the account: he may have been one when his request began.
pub(super) async fn belongs(
    executor: impl Into<Executor<'_>>,
    (account, by): (AccountId, &By),
) -> Result<(), OfficeError> {
    let role = members::role_of(executor, (account, by.user)).await?;
    role.map(drop).ok_or_else(|| Refusal::NotFound.into())
}

/// What a member may do whom an owner of the account is about to change. Nobody else changes members until the
/// transaction ends.
async fn member(
    transaction: &mut Transaction<'_>,
    by: &By,
    (account, user): (AccountId, UserId),
) -> Result<Role, OfficeError> {
    crate::book::accounts::lock(transaction, account).await?;
    owns(&mut *transaction, (account, by.user)).await?;
    Ok(members::role_of(transaction, (account, user)).await?.ok_or(Refusal::NotFound)?)
}

async fn spare_the_last_owner(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    role: Role,
) -> Result<(), OfficeError> {
    if role == Role::Owner && members::owners(transaction, account).await? <= 1 {
        return Err(Refusal::conflict("An account needs an owner: make somebody else one first.").into());
    }
    Ok(())
}
