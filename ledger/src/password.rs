//! Passwords: hashed with Argon2id, never kept.

use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

use syntopen_shared::wire::office::Refusal;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::AdminError;
use crate::office::OfficeError;

const LENGTH_MIN: usize = 8;
/// Hashing takes longer with the length, so a password must not be a book.
const LENGTH_MAX: usize = 256;

/// Each takes 19 MiB and a processor for tens of milliseconds: a flood of attempts must not take all there is.
const AT_ONCE_MAX: usize = 4;
/// Who would wait longer for a turn is refused.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// Whoever comes when so many wait is refused at once: on one processor more cannot have their turn in time.
const WAITING_MAX: usize = 100;

static TURNS: Turns = Turns::new(AT_ONCE_MAX, WAITING_MAX);

/// Who may work, and who may wait for it.
struct Turns {
    places: Semaphore,
    workers: Semaphore,
}

/// A turn, until it is dropped.
struct Turn<'a> {
    _place: SemaphorePermit<'a>,
    _worker: SemaphorePermit<'a>,
}

/// The hash of a password as it is stored (PHC string). Takes tens of milliseconds, on a thread that may block.
pub(crate) async fn hash(password: String) -> Result<String, AdminError> {
    if !(LENGTH_MIN..=LENGTH_MAX).contains(&password.len()) {
        return Err(AdminError::Invalid(format!("the password must have {LENGTH_MIN} to {LENGTH_MAX} bytes")));
    }
    let hashed =
        in_turn(move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string())).await?;
    hashed.map_err(|error| {
        tracing::error!(error = %error, "a password cannot be hashed");
        AdminError::Unavailable
    })
}

/// Whether this is the password that was hashed. Takes as long where there is no hash, so that it does not tell who is
/// known.
pub(crate) async fn verify(password: String, hashed: Option<String>) -> Result<bool, AdminError> {
    in_turn(move || match hashed.as_deref().map(PasswordHash::new) {
        Some(Ok(hashed)) => Argon2::default().verify_password(password.as_bytes(), &hashed).is_ok(),
        Some(Err(_)) => false,
        None => {
            drop(Argon2::default().hash_password(password.as_bytes()));
            false
        }
    })
    .await
}

/// What a form is told of a password that cannot be.
pub(crate) fn refusal(field: &str, error: AdminError) -> OfficeError {
    match error {
        AdminError::Invalid(_) => {
            Refusal::invalid(field, format!("The password must have {LENGTH_MIN} to {LENGTH_MAX} characters.")).into()
        }
        other => other.into(),
    }
}

/// The turn ends with the work, even where nobody waits for it any more.
async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AdminError> {
    let Some(turn) = TURNS.take().await else {
        tracing::warn!("too many passwords are hashed at once");
        return Err(AdminError::Unavailable);
    };
    let working = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    working.await.map_err(|_| AdminError::Unavailable)
}

impl Turns {
    const fn new(at_once: usize, waiting: usize) -> Self {
        Self { places: Semaphore::const_new(at_once + waiting), workers: Semaphore::const_new(at_once) }
    }

    /// A turn; none where too many wait, or it takes too long.
    async fn take(&self) -> Option<Turn<'_>> {
        let place = self.places.try_acquire().ok()?;
        let worker = tokio::time::timeout(WAIT_MAX, self.workers.acquire()).await.ok()?.ok()?;
        Some(Turn { _place: place, _worker: worker })
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use super::*;

    #[tokio::test]
    async fn hashes_verify() {
        let hashed = hash("correct horse".to_owned()).await.unwrap();
        assert!(hashed.starts_with("$argon2id$"));
        assert!(verify("correct horse".to_owned(), Some(hashed.clone())).await.unwrap());
        assert!(!verify("battery staple".to_owned(), Some(hashed)).await.unwrap());
        assert!(!verify("correct horse".to_owned(), None).await.unwrap());
        assert!(hash("short".to_owned()).await.is_err());
    }

    #[tokio::test]
    async fn so_many_wait_and_no_more() {
        let turns = Turns::new(1, 1);
        let first = turns.take().await.unwrap();
        let mut second = pin!(turns.take());
        assert!(poll_fn(|context| Poll::Ready(second.as_mut().poll(context).is_pending())).await);
        assert!(turns.take().await.is_none(), "refused at once");
        drop(first);
        let second = second.await;
        assert!(
            second.is_some() && poll_fn(|context| Poll::Ready(pin!(turns.take()).poll(context).is_pending())).await
        );
    }
}
