//! Signing up, in and out.

use syntopen_shared::id::{AccountId, SessionId, UserId};
use syntopen_shared::wire::office::identity::{LookUpViewer, NewSession, SignIn, SignOut, SignUp, SignedIn, Viewer};
use syntopen_shared::wire::office::{By, Refusal};

use super::{Handle, OfficeError};
use crate::book::accounts::{self, NewAccount};
use crate::book::audit::{self, Act, Who};
use crate::book::second_factors;
use crate::book::sessions::{self, Begun};
use crate::book::sql::Transaction;
use crate::book::users::{self, Credentials};
use crate::ledger::Core;
use crate::{password, validate};

const DAY_MS: i64 = 86_400_000;
/// A session ends so long after it began.
const SESSION_MS: i64 = 30 * DAY_MS;
/// So long may it take to find the authenticator app.
const CHALLENGE_MS: i64 = 300_000;
/// When a session was last seen is noted this often at most.
const SEEN_MS: i64 = 300_000;
/// So many browsers may a person be signed in with: the oldest are signed out.
pub(super) const SESSIONS_MAX: i64 = 100;
/// So many sessions that have ended are removed with a sign-in.
const SWEPT_MAX: i64 = 200;
/// Browsers say more of themselves than anybody reads.
const AGENT_MAX: usize = 300;

impl Handle<SignUp> for Core {
    async fn handle(&self, command: SignUp) -> Result<UserId, OfficeError> {
        let email = validate::email(&command.email).map_err(|error| Refusal::invalid("email", error.to_string()))?;
        let hashed = password::hash(command.password.expose()).await;
        let hashed = hashed.map_err(|error| password::refusal("password", error))?;
        let (account, user) = (AccountId::mint(), UserId::mint());
        let created_ms = self.clock.unix_ms();
        let new =
            NewAccount { account, user, email: &email, password_hash: Some(&hashed), operator: false, created_ms };
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        match accounts::insert(&mut transaction, &new).await {
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                return Err(Refusal::invalid("email", "this address cannot be used: do you have an account?").into());
            }
            inserted => inserted?,
        }
        begin(&mut transaction, (user, created_ms), (&command.session, "user.sign_up")).await?;
        transaction.commit().await?;
        Ok(user)
    }
}

impl Handle<SignIn> for Core {
    async fn handle(&self, command: SignIn) -> Result<SignedIn, OfficeError> {
        let email = command.email.trim().to_lowercase();
        // What is no address is nobody's; not every database could be asked for it.
        let known = match validate::email(&email) {
            Ok(email) => users::credentials(self.book.readers(), &email).await?,
            Err(_) => None,
        };
        let hashed = known.as_ref().and_then(|known| known.password_hash.clone());
        // An unknown address takes as long as a wrong password.
        let is_right = password::verify(command.password.expose(), hashed).await?;
        let known = known.filter(|_| is_right).ok_or(Refusal::WrongCredentials)?;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        let signed_in = admit(&mut transaction, (&known, self.clock.unix_ms()), &command.session).await?;
        transaction.commit().await?;
        drop(writer);
        self.sweep_sessions().await;
        Ok(signed_in)
    }
}

impl Handle<LookUpViewer> for Core {
    async fn handle(&self, command: LookUpViewer) -> Result<Option<Viewer>, OfficeError> {
        let now_ms = self.clock.unix_ms();
        let Some((viewer, seen_ms)) = sessions::viewer(self.book.readers(), &command.hash, now_ms).await? else {
            return Ok(None);
        };
        if seen_ms + SEEN_MS <= now_ms {
            let mut writer = self.book.writer().await;
            // It may be lost by a power cut, and is worth no wait for the disk.
            let mut transaction = writer.begin_charges().await?;
            sessions::see(&mut transaction, viewer.session, now_ms).await?;
            transaction.commit().await?;
        }
        Ok(Some(viewer))
    }
}

impl Handle<SignOut> for Core {
    async fn handle(&self, command: SignOut) -> Result<(), OfficeError> {
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        if let Some((session, user)) = sessions::end(&mut transaction, &command.hash).await? {
            let by = By { user, address: command.address };
            let (subject, at_ms) = (user.to_string(), self.clock.unix_ms());
            let detail = serde_json::json!({ "session": session });
            let act = Act { who: Who::User(&by), at_ms, act: "user.sign_out", subject: &subject, detail: &detail };
            audit::record(&mut transaction, act).await?;
        }
        Ok(transaction.commit().await?)
    }
}

impl Core {
    /// Removes sessions that have ended by themselves. What fails is tried again with the next sign-in.
    pub(super) async fn sweep_sessions(&self) {
        let swept = async {
            let mut writer = self.book.writer().await;
            let mut transaction = writer.begin_charges().await?;
            sessions::sweep(&mut transaction, (self.clock.unix_ms(), SWEPT_MAX)).await?;
            transaction.commit().await
        };
        if let Err(error) = swept.await {
            tracing::warn!(%error, "sessions that have ended were not removed");
        }
    }
}

/// Signs in who has proved who he is, or asks for his second factor.
///
/// A proof takes time, in which its password may be changed: whoever changes it ends all sessions, and none may begin
/// after that by the password before.
pub(super) async fn admit(
    transaction: &mut Transaction<'_>,
    (known, now_ms): (&Credentials, i64),
    session: &NewSession,
) -> Result<SignedIn, OfficeError> {
    if !users::is_still(transaction, known.user, known.password_hash.as_deref()).await? {
        return Err(Refusal::WrongCredentials.into());
    }
    if known.has_second_factor {
        let times = [now_ms, now_ms + CHALLENGE_MS, SWEPT_MAX];
        second_factors::begin_challenge(transaction, (known.user, &session.hash), times).await?;
        return Ok(SignedIn::NeedsCode);
    }
    begin(transaction, (known.user, now_ms), (session, "user.sign_in")).await?;
    Ok(SignedIn::Done(known.user))
}

/// Begins a session, and writes that down.
pub(super) async fn begin(
    transaction: &mut Transaction<'_>,
    (user, now_ms): (UserId, i64),
    (session, act): (&NewSession, &'static str),
) -> Result<(), OfficeError> {
    let agent: String = session.agent.chars().take(AGENT_MAX).collect();
    let begun = Begun {
        id: SessionId::mint(),
        user,
        hash: &session.hash,
        address: &session.address,
        agent: &agent,
        created_ms: now_ms,
        expires_ms: now_ms + SESSION_MS,
    };
    sessions::insert(transaction, &begun).await?;
    sessions::end_oldest(transaction, user, SESSIONS_MAX).await?;
    let by = By { user, address: session.address.clone() };
    let (subject, detail) = (user.to_string(), serde_json::json!({ "session": begun.id }));
    let act = Act { who: Who::User(&by), at_ms: now_ms, act, subject: &subject, detail: &detail };
    Ok(audit::record(transaction, act).await?)
}
