//! The second factor.

use serde_json::json;
use syntopen_shared::id::UserId;
use syntopen_shared::wire::office::second_factor::{
    BeginSecondFactor, ConfirmSecondFactor, EndSecondFactor, Private, RenewRecoveryCodes, SecondFactor,
    ShowSecondFactor, SubmitCode,
};
use syntopen_shared::wire::office::{By, Refusal};

use super::{Handle, OfficeError};
use crate::book::second_factors::{self, Factor};
use crate::book::sql::Transaction;
use crate::book::{sessions, users};
use crate::ledger::Core;
use crate::{password, totp};

const NOT_ON: &str = "There is no second factor.";

impl Handle<ShowSecondFactor> for Core {
    async fn handle(&self, command: ShowSecondFactor) -> Result<SecondFactor, OfficeError> {
        let ShowSecondFactor { user } = command;
        let factor = second_factors::of_user(self.book.readers(), user).await?.ok_or(Refusal::NotFound)?;
        if factor.is_confirmed {
            let left = second_factors::count_codes(self.book.readers(), user).await?;
            return Ok(SecondFactor::On { recovery_codes: u32::try_from(left).unwrap_or_default() });
        }
        let Some(stored) = factor.secret else { return Ok(SecondFactor::Off) };
        let secret = self.seal.open(user, &stored)?;
        let uri = totp::uri(&secret, &factor.email).ok_or(crate::error::Unavailable)?;
        Ok(SecondFactor::Pending { secret: Private::new(secret), uri: Private::new(uri) })
    }
}

impl Handle<BeginSecondFactor> for Core {
    async fn handle(&self, command: BeginSecondFactor) -> Result<(), OfficeError> {
        let BeginSecondFactor { by } = command;
        let secret = self.seal.seal(by.user, &totp::new_secret())?;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        if !second_factors::put_secret(&mut transaction, by.user, &secret).await? {
            return Err(Refusal::conflict("There is a second factor already.").into());
        }
        self.note(&mut transaction, &by, ("second_factor.begin", json!({}))).await?;
        Ok(transaction.commit().await?)
    }
}

impl Handle<ConfirmSecondFactor> for Core {
    async fn handle(&self, command: ConfirmSecondFactor) -> Result<Vec<Private>, OfficeError> {
        let ConfirmSecondFactor { by, session, code } = command;
        let factor = second_factors::of_user(self.book.readers(), by.user).await?.ok_or(Refusal::NotFound)?;
        let Some(secret) = factor.secret.filter(|_| !factor.is_confirmed) else {
            return Err(Refusal::conflict("There is nothing to confirm.").into());
        };
        self.take_code(&by, &code).await?;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        if !second_factors::confirm(&mut transaction, (by.user, &secret), self.clock.unix_ms()).await? {
            return Err(Refusal::conflict("Another secret was made meanwhile: set it up again.").into());
        }
        let codes = renew(&mut transaction, by.user).await?;
        let ended = sessions::end_others(&mut transaction, by.user, session).await?;
        self.note(&mut transaction, &by, ("second_factor.confirm", json!({ "sessions_ended": ended }))).await?;
        transaction.commit().await?;
        Ok(codes)
    }
}

impl Handle<RenewRecoveryCodes> for Core {
    async fn handle(&self, command: RenewRecoveryCodes) -> Result<Vec<Private>, OfficeError> {
        let RenewRecoveryCodes { by, code } = command;
        self.is_on(by.user).await?;
        self.take_code(&by, &code).await?;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        let codes = renew(&mut transaction, by.user).await?;
        self.note(&mut transaction, &by, ("second_factor.renew_codes", json!({}))).await?;
        transaction.commit().await?;
        Ok(codes)
    }
}

impl Handle<EndSecondFactor> for Core {
    async fn handle(&self, command: EndSecondFactor) -> Result<(), OfficeError> {
        let EndSecondFactor { by, password, code } = command;
        self.is_on(by.user).await?;
        let known = users::credentials_of(self.book.readers(), by.user).await?.ok_or(Refusal::NotFound)?;
        if let Some(hashed) = known.password_hash
            && !password::verify(password.expose(), Some(hashed)).await?
        {
            return Err(Refusal::invalid("password", "This is not your password.").into());
        }
        self.take_code(&by, &code).await?;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        second_factors::end(&mut transaction, by.user).await?;
        self.note(&mut transaction, &by, ("second_factor.end", json!({}))).await?;
        Ok(transaction.commit().await?)
    }
}

impl Handle<SubmitCode> for Core {
    async fn handle(&self, command: SubmitCode) -> Result<UserId, OfficeError> {
        let SubmitCode { challenge, code, session } = command;
        let now_ms = self.clock.unix_ms();
        let user = second_factors::challenged(self.book.readers(), &challenge, now_ms).await?;
        let user = user.ok_or(Refusal::NotFound)?;
        self.take_code(&By { user, address: session.address.clone() }, &code).await?;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        if !second_factors::end_challenge(&mut transaction, &challenge).await? {
            return Err(Refusal::NotFound.into());
        }
        super::identity::begin(&mut transaction, (user, now_ms), (&session, "user.sign_in")).await?;
        transaction.commit().await?;
        Ok(user)
    }
}

impl Core {
    async fn is_on(&self, user: UserId) -> Result<(), OfficeError> {
        let factor = second_factors::of_user(self.book.readers(), user).await?.ok_or(Refusal::NotFound)?;
        if factor.is_confirmed { Ok(()) } else { Err(Refusal::conflict(NOT_ON).into()) }
    }

    /// Uses a code up, in a transaction of its own: a wrong one has to be remembered.
    async fn take_code(&self, by: &By, code: &Private) -> Result<(), OfficeError> {
        let (user, now_ms) = (by.user, self.clock.unix_ms());
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        second_factors::lock(&mut transaction, user).await?;
        let factor = second_factors::of_user(&mut transaction, user).await?.ok_or(Refusal::NotFound)?;
        let code: String = code.expose().chars().filter(|char| !char.is_whitespace()).collect();
        let is_recovery = second_factors::use_code(&mut transaction, user, &totp::recovery_hash(&code)).await?;
        if is_recovery {
            self.note(&mut transaction, by, ("second_factor.use_recovery_code", json!({}))).await?;
            return Ok(transaction.commit().await?);
        }
        if now_ms < totp::refused_until_ms(factor.failed, factor.failed_ms) {
            let message = "Too many codes were wrong. Wait a few minutes, or use a recovery code.";
            return Err(Refusal::conflict(message).into());
        }
        let step = self.step_of((user, &factor), &code, now_ms)?;
        match step {
            Some(step) => {
                second_factors::use_step(&mut transaction, user, step).await?;
                self.seal_in_use(&mut transaction, (user, &factor)).await?;
            }
            None => second_factors::fail(&mut transaction, user, now_ms).await?,
        }
        transaction.commit().await?;
        if step.is_some() { Ok(()) } else { Err(Refusal::WrongCredentials.into()) }
    }

    /// The step of a code that is right and was not used before.
    fn step_of(&self, (user, factor): (UserId, &Factor), code: &str, now_ms: i64) -> Result<Option<i64>, OfficeError> {
        let Some(stored) = &factor.secret else { return Ok(None) };
        let step = totp::step_of(&self.seal.open(user, stored)?, code, now_ms);
        Ok(step.filter(|step| factor.step < *step))
    }

    /// Seals a secret that was stored before there was a key.
    async fn seal_in_use(
        &self,
        transaction: &mut Transaction<'_>,
        (user, factor): (UserId, &Factor),
    ) -> Result<(), OfficeError> {
        let Some(stored) = factor.secret.as_ref().filter(|stored| self.seal.is_open(stored)) else { return Ok(()) };
        if factor.is_confirmed {
            let sealed = self.seal.seal(user, stored)?;
            second_factors::put_sealed(transaction, user, [stored, &sealed]).await?;
        }
        Ok(())
    }
}

async fn renew(transaction: &mut Transaction<'_>, user: UserId) -> Result<Vec<Private>, OfficeError> {
    let codes = totp::new_recovery_codes();
    let hashes: Vec<_> = codes.iter().map(|code| totp::recovery_hash(code)).collect();
    second_factors::put_codes(transaction, user, &hashes).await?;
    Ok(codes.into_iter().map(Private::new).collect())
}
