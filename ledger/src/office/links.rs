//! Links that are sent to an address: to make an account, to prove the address, to choose another password.

use syntopen_shared::id::{AccountId, UserId};
use syntopen_shared::token::TokenHash;
use syntopen_shared::wire::office::links::{
    ConfirmAddress, FinishSignUp, Link, LookUpLink, Purpose, RequestLink, RequestVerification, Requested, ResetPassword,
};
use syntopen_shared::wire::office::{By, Password, Refusal};

use super::identity::begin;
use super::{Handle, OfficeError};
use crate::book::accounts::{self, NewAccount};
use crate::book::audit::{self, Act, Who};
use crate::book::links::{self, NewLink};
use crate::book::sql::Transaction;
use crate::book::{identities, members, users};
use crate::ledger::Core;
use crate::{password, validate};

const MINUTE_MS: i64 = 60_000;
/// An address gets no more links for one purpose while so many can be used.
const LINKS_MAX: i64 = 5;

/// How long a link can be used.
const fn lifetime_ms(purpose: Purpose) -> i64 {
    match purpose {
        Purpose::SignUp | Purpose::Verify => 24 * 60 * MINUTE_MS,
        Purpose::Reset => 60 * MINUTE_MS,
    }
}

impl Core {
    async fn request(
        &self,
        (purpose, email): (Purpose, &str),
        (user, hash): (Option<UserId>, &TokenHash),
    ) -> Result<bool, OfficeError> {
        let created_ms = self.clock.unix_ms();
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        links::prune(&mut transaction, created_ms).await?;
        if LINKS_MAX <= links::count(&mut transaction, (purpose, email), created_ms).await? {
            transaction.commit().await?;
            return Ok(false);
        }
        let expires_ms = created_ms + lifetime_ms(purpose);
        links::insert(&mut transaction, NewLink { hash, purpose, email, user, created_ms, expires_ms }).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn look_up(&self, purpose: Purpose, hash: &TokenHash) -> Result<links::Link, OfficeError> {
        let found = links::find(self.book.readers(), (purpose, hash), self.clock.unix_ms()).await?;
        Ok(found.ok_or(Refusal::NotFound)?)
    }
}

impl Handle<RequestLink> for Core {
    async fn handle(&self, command: RequestLink) -> Result<Requested, OfficeError> {
        let email = validate::email(&command.email).map_err(|error| Refusal::invalid("email", error.to_string()))?;
        if command.purpose == Purpose::Verify {
            return Err(Refusal::NotFound.into());
        }
        let known = members::by_email(self.book.readers(), &email).await?;
        let user = known.as_ref().filter(|known| !known.closed).map(|known| known.user);
        // Written for anybody, so that it takes no other time where the address is nobody's.
        if !self.request((command.purpose, &email), (user, &command.hash)).await? {
            return Ok(Requested::Enough);
        }
        Ok(match known {
            None => Requested::Unknown,
            Some(known) if known.closed => Requested::Closed,
            Some(_) => Requested::Known,
        })
    }
}

impl Handle<RequestVerification> for Core {
    async fn handle(&self, command: RequestVerification) -> Result<Requested, OfficeError> {
        let email = members::email_of(self.book.readers(), command.user).await?.ok_or(Refusal::NotFound)?;
        let known = members::by_email(self.book.readers(), &email).await?.ok_or(Refusal::NotFound)?;
        if known.verified {
            return Err(Refusal::conflict("Your address is confirmed already.").into());
        }
        let is_new = self.request((Purpose::Verify, &email), (Some(command.user), &command.hash)).await?;
        Ok(if is_new { Requested::Known } else { Requested::Enough })
    }
}

impl Handle<LookUpLink> for Core {
    async fn handle(&self, command: LookUpLink) -> Result<Option<Link>, OfficeError> {
        let purpose = command.purpose;
        let found = links::find(self.book.readers(), (purpose, &command.hash), self.clock.unix_ms()).await?;
        let is_usable = |link: &links::Link| link.user.is_some() != (purpose == Purpose::SignUp);
        Ok(found.filter(is_usable).map(|link| Link { email: link.email }))
    }
}

impl Handle<FinishSignUp> for Core {
    async fn handle(&self, command: FinishSignUp) -> Result<UserId, OfficeError> {
        self.look_up(Purpose::SignUp, &command.hash).await?;
        let hashed = hash(command.password).await?;
        let (account, user) = (AccountId::mint(), UserId::mint());
        let created_ms = self.clock.unix_ms();
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        let link = take(&mut transaction, (Purpose::SignUp, &command.hash), created_ms).await?;
        let email = link.email.as_str();
        let new = NewAccount { account, user, email, password_hash: Some(&hashed), operator: false, created_ms };
        taken(accounts::insert(&mut transaction, &new).await)?;
        members::verify(&mut transaction, (user, email), created_ms).await?;
        links::withdraw(&mut transaction, (Purpose::SignUp, email)).await?;
        begin(&mut transaction, (user, created_ms), (&command.session, "user.sign_up")).await?;
        transaction.commit().await?;
        Ok(user)
    }
}

impl Handle<ConfirmAddress> for Core {
    async fn handle(&self, command: ConfirmAddress) -> Result<(), OfficeError> {
        let at_ms = self.clock.unix_ms();
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        let link = take(&mut transaction, (Purpose::Verify, &command.hash), at_ms).await?;
        let user = link.user.ok_or(Refusal::NotFound)?;
        if !members::verify(&mut transaction, (user, &link.email), at_ms).await? {
            return Err(Refusal::NotFound.into());
        }
        links::withdraw(&mut transaction, (Purpose::Verify, &link.email)).await?;
        let (by, subject) = (By { user, address: command.address }, user.to_string());
        let act = Act { who: Who::User(&by), at_ms, act: "user.verify", subject: &subject, detail: &link.email };
        audit::record(&mut transaction, act).await?;
        Ok(transaction.commit().await?)
    }
}

impl Handle<ResetPassword> for Core {
    async fn handle(&self, command: ResetPassword) -> Result<(), OfficeError> {
        let purpose = Purpose::Reset;
        let user = self.look_up(purpose, &command.hash).await?.user.ok_or(Refusal::NotFound)?;
        let by = command.by(user);
        let hashed = hash(command.password).await?;
        let at_ms = self.clock.unix_ms();
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        let link = take(&mut transaction, (purpose, &command.hash), at_ms).await?;
        let known = users::credentials_of(&mut transaction, user).await?.ok_or(Refusal::NotFound)?;
        if !known.is_verified {
            // Somebody else may have come from a provider with this address before anybody had proven it.
            identities::forget(&mut transaction, user).await?;
        }
        // Whoever has the link has the mailbox.
        if !members::verify(&mut transaction, (user, &link.email), at_ms).await? {
            return Err(Refusal::NotFound.into());
        }
        members::set_password(&mut transaction, user, &hashed).await?;
        members::sign_out(&mut transaction, user).await?;
        links::withdraw(&mut transaction, (purpose, &link.email)).await?;
        let subject = user.to_string();
        let act = Act { who: Who::User(&by), at_ms, act: "user.reset_password", subject: &subject, detail: &() };
        audit::record(&mut transaction, act).await?;
        Ok(transaction.commit().await?)
    }
}

async fn take(
    transaction: &mut Transaction<'_>,
    link: (Purpose, &TokenHash),
    now_ms: i64,
) -> Result<links::Link, OfficeError> {
    Ok(links::take(transaction, link, now_ms).await?.ok_or(Refusal::NotFound)?)
}

/// The hash of a password that somebody chose.
pub(super) async fn hash(chosen: Password) -> Result<String, OfficeError> {
    password::hash(chosen.expose()).await.map_err(|error| password::refusal("password", error))
}

/// A user was written, unless the address is another's.
pub(super) fn taken(inserted: crate::book::Result<()>) -> Result<(), OfficeError> {
    match inserted {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            let message = "This address has an account already. Sign in with it, or ask for a link to another address.";
            Err(Refusal::conflict(message).into())
        }
        inserted => Ok(inserted?),
    }
}
