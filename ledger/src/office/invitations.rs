//! Invitations: to become a member of an account, or to open one.

use serde::Serialize;
use syntopen_shared::id::{AccountId, InvitationId, UserId};
use syntopen_shared::wire::office::identity::Role;
use syntopen_shared::wire::office::members::{
    AcceptInvitation, Invitation, InviteCustomer, InviteMember, Invited, ListInvitedCustomers, LookUpInvitation,
    NewInvitation, WithdrawCustomer, WithdrawInvitation,
};
use syntopen_shared::wire::office::paging::Slice;
use syntopen_shared::wire::office::{By, Refusal};

use super::identity::begin;
use super::links::{hash, taken};
use super::members::owns;
use super::operator::only_operators;
use super::{Handle, OfficeError};
use crate::book::accounts::{self, NewAccount};
use crate::book::audit::{self, Act, Who};
use crate::book::invitations::{self, Open};
use crate::book::members::{self, NewMember};
use crate::book::sql::Transaction;
use crate::ledger::Core;
use crate::validate;

const DAY_MS: i64 = 86_400_000;
/// An invitation can be accepted for so long.
const LIFETIME_MS: i64 = 7 * DAY_MS;
/// How many members an account may have, those included who are invited.
const MEMBERS_MAX: i64 = 50;

/// What the audit log has of an invitation.
#[derive(Serialize)]
struct Detail<'a> {
    account: Option<AccountId>,
    email: &'a str,
}

impl Handle<InviteMember> for Core {
    async fn handle(&self, command: InviteMember) -> Result<(), OfficeError> {
        let InviteMember { account, by, role, new } = command;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        accounts::lock(&mut transaction, account).await?;
        owns(&mut transaction, (account, by.user)).await?;
        let invited = self.invitation(&new, role)?;
        let known = members::by_email(&mut transaction, &invited.email).await?;
        if known.is_some_and(|known| known.account == account) {
            return Err(Refusal::invalid("email", "This is a member already.").into());
        }
        let waiting = invitations::of_account(&mut transaction, account).await?;
        let others = waiting.iter().filter(|waiting| waiting.email != invited.email).count();
        let members = members::count(&mut transaction, account).await?;
        if MEMBERS_MAX <= members + i64::try_from(others).unwrap_or(MEMBERS_MAX) {
            let message = format!("An account has {MEMBERS_MAX} members at most, those included who are invited.");
            return Err(Refusal::invalid("email", message).into());
        }
        self.keep(&mut transaction, (&by, Some(account)), (&invited, &new)).await?;
        Ok(transaction.commit().await?)
    }
}

impl Handle<WithdrawInvitation> for Core {
    async fn handle(&self, command: WithdrawInvitation) -> Result<(), OfficeError> {
        let WithdrawInvitation { account, by, invitation } = command;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        owns(&mut transaction, (account, by.user)).await?;
        self.withdraw(&mut transaction, (&by, Some(account)), invitation).await?;
        Ok(transaction.commit().await?)
    }
}

impl Handle<InviteCustomer> for Core {
    async fn handle(&self, command: InviteCustomer) -> Result<(), OfficeError> {
        let InviteCustomer { by, new } = command;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        only_operators(&mut transaction, by.user).await?;
        let invited = self.invitation(&new, Role::Owner)?;
        if members::by_email(&mut transaction, &invited.email).await?.is_some() {
            return Err(Refusal::invalid("email", "This address has an account already.").into());
        }
        self.keep(&mut transaction, (&by, None), (&invited, &new)).await?;
        Ok(transaction.commit().await?)
    }
}

impl Handle<WithdrawCustomer> for Core {
    async fn handle(&self, command: WithdrawCustomer) -> Result<(), OfficeError> {
        let WithdrawCustomer { by, invitation } = command;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        only_operators(&mut transaction, by.user).await?;
        self.withdraw(&mut transaction, (&by, None), invitation).await?;
        Ok(transaction.commit().await?)
    }
}

impl Handle<ListInvitedCustomers> for Core {
    async fn handle(&self, command: ListInvitedCustomers) -> Result<Slice<Invitation, InvitationId>, OfficeError> {
        only_operators(self.book.readers(), command.user).await?;
        Ok(invitations::of_customers(self.book.readers(), &command).await?)
    }
}

impl Handle<LookUpInvitation> for Core {
    async fn handle(&self, command: LookUpInvitation) -> Result<Option<Invited>, OfficeError> {
        let found = invitations::find(self.book.readers(), &command.hash, self.clock.unix_ms()).await?;
        let Some(Open { account, email, role, by, .. }) = found else { return Ok(None) };
        let inviter = members::email_of(self.book.readers(), by).await?.unwrap_or_default();
        let known = members::by_email(self.book.readers(), &email).await?.is_some();
        Ok(Some(Invited { email, inviter, role, opens: account.is_none(), known }))
    }
}

impl Handle<AcceptInvitation> for Core {
    async fn handle(&self, command: AcceptInvitation) -> Result<UserId, OfficeError> {
        let found = invitations::find(self.book.readers(), &command.hash, self.clock.unix_ms()).await?;
        found.ok_or(Refusal::NotFound)?;
        let hashed = hash(command.password).await?;
        let (user, now_ms) = (UserId::mint(), self.clock.unix_ms());
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        let open = invitations::take(&mut transaction, &command.hash, now_ms).await?.ok_or(Refusal::NotFound)?;
        join(&mut transaction, (&open, &hashed), (user, now_ms)).await?;
        begin(&mut transaction, (user, now_ms), (&command.session, "user.accept_invitation")).await?;
        transaction.commit().await?;
        Ok(user)
    }
}

impl Core {
    fn invitation(&self, new: &NewInvitation, role: Role) -> Result<Invitation, OfficeError> {
        let email = validate::email(&new.email).map_err(|error| Refusal::invalid("email", error.to_string()))?;
        let created_ms = self.clock.unix_ms();
        Ok(Invitation { id: InvitationId::mint(), email, role, created_ms, expires_ms: created_ms + LIFETIME_MS })
    }

    async fn keep(
        &self,
        transaction: &mut Transaction<'_>,
        (by, account): (&By, Option<AccountId>),
        (invitation, new): (&Invitation, &NewInvitation),
    ) -> Result<(), OfficeError> {
        let kept = invitations::NewInvitation { invitation, account, hash: &new.hash, mailed: new.mailed, by: by.user };
        invitations::insert(transaction, &kept).await?;
        let act = (by, "invitation.create");
        self.write_down(transaction, act, (invitation.id, &Detail { account, email: &invitation.email })).await
    }

    async fn withdraw(
        &self,
        transaction: &mut Transaction<'_>,
        (by, account): (&By, Option<AccountId>),
        invitation: InvitationId,
    ) -> Result<(), OfficeError> {
        let email = invitations::withdraw(transaction, account, invitation).await?.ok_or(Refusal::NotFound)?;
        self.write_down(transaction, (by, "invitation.withdraw"), (invitation, &Detail { account, email: &email }))
            .await
    }

    async fn write_down(
        &self,
        transaction: &mut Transaction<'_>,
        (by, act): (&By, &'static str),
        (invitation, detail): (InvitationId, &Detail<'_>),
    ) -> Result<(), OfficeError> {
        let (at_ms, subject) = (self.clock.unix_ms(), invitation.to_string());
        let act = Act { who: Who::User(by), at_ms, act, subject: &subject, detail };
        Ok(audit::record(transaction, act).await?)
    }
}

/// Makes the user whom an invitation was for, in the account that it named or in a new one.
async fn join(
    transaction: &mut Transaction<'_>,
    (open, hashed): (&Open, &str),
    (user, created_ms): (UserId, i64),
) -> Result<(), OfficeError> {
    let email = open.email.as_str();
    let Some(account) = open.account else {
        let account = AccountId::mint();
        let new = NewAccount { account, user, email, password_hash: Some(hashed), operator: false, created_ms };
        taken(accounts::insert(transaction, &new).await)?;
        if open.mailed {
            members::verify(transaction, (user, email), created_ms).await?;
        }
        return Ok(());
    };
    accounts::lock(transaction, account).await?;
    if accounts::is_closed(&mut *transaction, account).await? {
        return Err(Refusal::NotFound.into());
    }
    let verified_ms = open.mailed.then_some(created_ms);
    let new = NewMember { account, user, email, role: open.role, password_hash: hashed, verified_ms, created_ms };
    taken(members::insert(transaction, &new).await)
}
