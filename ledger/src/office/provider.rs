//! Signing in by an identity provider.

use serde_json::json;
use syntopen_shared::id::{AccountId, UserId};
use syntopen_shared::wire::office::identity::SignedIn;
use syntopen_shared::wire::office::provider::{Newcomers, SignInByProvider};
use syntopen_shared::wire::office::{By, Refusal};

use super::{Handle, OfficeError};
use crate::book::accounts::{self, NewAccount};
use crate::book::identities::{self, Identity};
use crate::book::sql::Transaction;
use crate::book::users::{self, Credentials};
use crate::ledger::Core;
use crate::validate;

/// What a provider may call somebody (`sub` of `OpenID` Connect), and what we can keep.
const SUBJECT_MAX: usize = 255;

impl Handle<SignInByProvider> for Core {
    async fn handle(&self, command: SignInByProvider) -> Result<SignedIn, OfficeError> {
        let is_plain = !command.subject.chars().any(char::is_control);
        if command.subject.is_empty() || command.subject.len() > SUBJECT_MAX || !is_plain {
            return Err(Refusal::conflict("The identity provider does not say who you are.").into());
        }
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        let identity = Identity { issuer: &command.issuer, subject: &command.subject };
        let user = match identities::user(&mut transaction, identity).await? {
            Some(user) => user,
            None => self.welcome(&mut transaction, &command).await?,
        };
        let known = users::credentials_of(&mut transaction, user).await?.ok_or(Refusal::NotFound)?;
        let now = (&known, self.clock.unix_ms());
        let admitted = super::identity::admit(&mut transaction, now, &command.session).await;
        let signed_in = admitted.map_err(|error| match error {
            OfficeError::Refused(Refusal::WrongCredentials) => Refusal::conflict("Your account was closed.").into(),
            other => other,
        })?;
        transaction.commit().await?;
        drop(writer);
        self.sweep_sessions().await;
        Ok(signed_in)
    }
}

impl Core {
    /// The user of somebody who comes from the provider for the first time.
    async fn welcome(
        &self,
        transaction: &mut Transaction<'_>,
        command: &SignInByProvider,
    ) -> Result<UserId, OfficeError> {
        let told = command.email.as_deref().and_then(|email| validate::email(email).ok());
        let email = told.ok_or_else(|| Refusal::conflict("The identity provider tells no e-mail address of yours."))?;
        let now_ms = self.clock.unix_ms();
        let (user, act) = match users::credentials(&mut *transaction, &email).await? {
            Some(known) => (may_link(transaction, &known, command).await?, "identity.link"),
            None => (self.newcomer(transaction, command, &email).await?, "user.sign_up"),
        };
        let identity = Identity { issuer: &command.issuer, subject: &command.subject };
        taken(identities::insert(transaction, identity, (user, now_ms)).await)?;
        if command.email_verified {
            users::verify(transaction, user, now_ms).await?;
        }
        let by = By { user, address: command.session.address.clone() };
        self.note(transaction, &by, (act, json!({ "issuer": command.issuer }))).await?;
        Ok(user)
    }

    async fn newcomer(
        &self,
        transaction: &mut Transaction<'_>,
        command: &SignInByProvider,
        email: &str,
    ) -> Result<UserId, OfficeError> {
        if command.newcomers == Newcomers::Refused {
            let message = "You have no account here: new accounts are made by invitation.";
            return Err(Refusal::conflict(message).into());
        }
        let (account, user, created_ms) = (AccountId::mint(), UserId::mint(), self.clock.unix_ms());
        let new = NewAccount { account, user, email, password_hash: None, operator: false, created_ms };
        taken(accounts::insert(transaction, &new).await)?;
        Ok(user)
    }
}

/// Whether this user is the one whom the provider means.
///
/// Both must be sure of the address. One that the provider has only been told may be anybody's; and who signed up here
/// with an address of somebody else, by a password or from a provider, must not wait in the account for its owner to
/// arrive.
async fn may_link(
    transaction: &mut Transaction<'_>,
    known: &Credentials,
    command: &SignInByProvider,
) -> Result<UserId, OfficeError> {
    let is_unused = known.password_hash.is_none() && !identities::has_any(transaction, known.user).await?;
    if command.email_verified && (known.is_verified || is_unused) {
        return Ok(known.user);
    }
    let message = "There is an account with your e-mail address already. Sign in with its password, or have a link \
                   to choose one sent to you.";
    Err(Refusal::conflict(message).into())
}

/// Another sign-in of the same person was faster.
fn taken(written: crate::book::Result<()>) -> Result<(), OfficeError> {
    match written {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            Err(Refusal::conflict("Somebody has just signed in with this address. Try again.").into())
        }
        written => Ok(written?),
    }
}
