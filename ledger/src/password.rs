//! Passwords: hashed with Argon2id, never kept.

use argon2::Argon2;
use argon2::password_hash::PasswordHasher as _;

use crate::error::AdminError;

const LENGTH_MIN: usize = 8;
/// Hashing takes longer with the length, so a password must not be a book.
const LENGTH_MAX: usize = 256;

/// The hash of a password as it is stored (PHC string). Takes tens of milliseconds, on a thread that may block.
pub(crate) async fn hash(password: String) -> Result<String, AdminError> {
    if !(LENGTH_MIN..=LENGTH_MAX).contains(&password.len()) {
        return Err(AdminError::Invalid(format!("the password must have {LENGTH_MIN} to {LENGTH_MAX} bytes")));
    }
    let hashed = tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string())
    });
    match hashed.await {
        Ok(Ok(hash)) => Ok(hash),
        Ok(Err(error)) => {
            tracing::error!(error = %error, "a password cannot be hashed");
            Err(AdminError::Unavailable)
        }
        Err(_) => Err(AdminError::Unavailable),
    }
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::PasswordVerifier as _;
    use argon2::password_hash::phc::PasswordHash;

    use super::*;

    #[tokio::test]
    async fn hashes_verify() {
        let hashed = hash("correct horse".to_owned()).await.unwrap();
        assert!(hashed.starts_with("$argon2id$"));
        let parsed = PasswordHash::new(&hashed).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse", &parsed).is_ok());
        assert!(Argon2::default().verify_password(b"battery staple", &parsed).is_err());
        assert!(hash("short".to_owned()).await.is_err());
    }
}
