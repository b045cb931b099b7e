//! Whom the provider vouches for.

use openidconnect::core::{CoreIdTokenClaims, CoreIdTokenVerifier, CoreJwsSigningAlgorithm, CoreUserInfoClaims};

use super::ClientOf;

/// How ID tokens may be signed: by a key of the provider's own, never by the secret that it shares with us.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Whom the provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The provider.
    pub issuer: String,
    /// What it calls the person, for ever.
    pub subject: String,
    /// The person's e-mail address.
    pub email: Option<String>,
    /// Whether the provider knows that the address is the person's.
    pub email_verified: bool,
}

/// Checks signature, issuer, audience, time and nonce.
pub(super) fn verifier(client: &ClientOf) -> CoreIdTokenVerifier<'_> {
    client.id_token_verifier().set_allowed_algs(ALGORITHMS)
}

impl Person {
    pub(super) fn of_id_token(claims: &CoreIdTokenClaims) -> Self {
        Self {
            issuer: claims.issuer().to_string(),
            subject: claims.subject().to_string(),
            email: claims.email().map(|email| email.to_string()),
            email_verified: claims.email_verified() == Some(true),
        }
    }

    pub(super) fn with_user_info(self, claims: &CoreUserInfoClaims) -> Self {
        let email = claims.email().map(|email| email.to_string());
        Self { email, email_verified: claims.email_verified() == Some(true), ..self }
    }
}
