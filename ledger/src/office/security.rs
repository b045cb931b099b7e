//! Passwords and sessions of one's own.

use serde_json::json;
use syntopen_shared::wire::office::links::Purpose;
use syntopen_shared::wire::office::security::{ChangePassword, RevokeSession, RevokeSessions, Security, ShowSecurity};
use syntopen_shared::wire::office::{By, Refusal};

use super::identity::SESSIONS_MAX;
use super::{Handle, OfficeError};
use crate::book::audit::{self, Act, Who};
use crate::book::sql::Transaction;
use crate::book::{links, second_factors, sessions, users};
use crate::ledger::Core;
use crate::password;

impl Handle<ShowSecurity> for Core {
    async fn handle(&self, command: ShowSecurity) -> Result<Security, OfficeError> {
        let ShowSecurity { user } = command;
        let known = users::credentials_of(self.book.readers(), user).await?.ok_or(Refusal::NotFound)?;
        let most = (self.clock.unix_ms(), SESSIONS_MAX);
        let sessions = sessions::of_user(self.book.readers(), user, most).await?;
        Ok(Security { has_password: known.password_hash.is_some(), sessions })
    }
}

impl Handle<ChangePassword> for Core {
    async fn handle(&self, command: ChangePassword) -> Result<(), OfficeError> {
        let ChangePassword { by, session, current, new } = command;
        let known = users::credentials_of(self.book.readers(), by.user).await?.ok_or(Refusal::NotFound)?;
        let old = known.password_hash.ok_or_else(|| Refusal::conflict("There is no password to change."))?;
        if !password::verify(current.expose(), Some(old.clone())).await? {
            return Err(Refusal::invalid("current", "This is not the present password.").into());
        }
        let new = password::hash(new.expose()).await.map_err(|error| password::refusal("new", error))?;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        if !users::change_password(&mut transaction, by.user, [&old, &new]).await? {
            return Err(Refusal::conflict("The password was changed elsewhere meanwhile.").into());
        }
        let ended = sessions::end_others(&mut transaction, by.user, session).await?;
        // What was begun before leads nowhere any more: sign-ins that wait for a code, and links to another password.
        second_factors::end_challenges(&mut transaction, by.user).await?;
        links::withdraw_of(&mut transaction, (Purpose::Reset, by.user)).await?;
        self.note(&mut transaction, &by, ("user.change_password", json!({ "sessions_ended": ended }))).await?;
        Ok(transaction.commit().await?)
    }
}

impl Handle<RevokeSession> for Core {
    async fn handle(&self, command: RevokeSession) -> Result<(), OfficeError> {
        let RevokeSession { by, session } = command;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        if !sessions::end_of(&mut transaction, by.user, session).await? {
            return Err(Refusal::NotFound.into());
        }
        self.note(&mut transaction, &by, ("session.revoke", json!({ "session": session }))).await?;
        Ok(transaction.commit().await?)
    }
}

impl Handle<RevokeSessions> for Core {
    async fn handle(&self, command: RevokeSessions) -> Result<(), OfficeError> {
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        let ended = sessions::end_all(&mut transaction, command.by.user).await?;
        second_factors::end_challenges(&mut transaction, command.by.user).await?;
        self.note(&mut transaction, &command.by, ("session.revoke_all", json!({ "sessions_ended": ended }))).await?;
        Ok(transaction.commit().await?)
    }
}

impl Core {
    /// Writes down what somebody did to their own sign-in.
    pub(super) async fn note(
        &self,
        transaction: &mut Transaction<'_>,
        by: &By,
        (act, detail): (&'static str, serde_json::Value),
    ) -> Result<(), OfficeError> {
        let (subject, at_ms) = (by.user.to_string(), self.clock.unix_ms());
        let act = Act { who: Who::User(by), at_ms, act, subject: &subject, detail: &detail };
        Ok(audit::record(transaction, act).await?)
    }
}
