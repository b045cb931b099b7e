//! Signing in by an identity provider: `OpenID` Connect, the code flow with PKCE.
//!
//! The gateway keeps nothing of a sign-in that is under way: the browser's cookie carries a token, and what the
//! provider is told and has to say again follows from it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use awc::Client;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreProviderMetadata};
use openidconnect::{
    AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, TokenResponse as _,
};
use tokio::sync::Mutex;

use crate::config::OidcSettings;

mod http;
mod journey;
mod person;

pub(crate) use journey::{Journey, Secrets};
pub use person::Person;

/// Where the provider sends people back.
pub(crate) const CALLBACK: &str = "/dashboard/sign-in/provider/callback";

/// What the provider says of itself, its keys included, is asked again after this time.
const FRESH: Duration = Duration::from_secs(3_600);
/// Keys that do not fit may have been replaced: but nobody makes us ask more often than this.
const REASK: Duration = Duration::from_secs(10);

/// A client that knows where the provider's endpoints are.
type ClientOf =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// The provider does not answer as it should; says how, for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failed(String);

/// An identity provider.
pub struct Provider {
    settings: OidcSettings,
    /// What it said of itself, and when.
    known: Mutex<Option<(Instant, Arc<CoreProviderMetadata>)>>,
}

impl Provider {
    /// A provider that nobody has asked yet.
    #[must_use]
    pub fn new(settings: OidcSettings) -> Self {
        Self { settings, known: Mutex::new(None) }
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Where a browser is sent to sign in.
    pub(crate) async fn address(&self, http: &Client, secrets: &Secrets) -> Result<String, Failed> {
        let client = self.client(http, FRESH).await?;
        let (state, nonce) = (secrets.state.clone(), secrets.nonce.clone());
        let asking = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || CsrfToken::new(state), || Nonce::new(nonce))
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier(secrets)));
        Ok(asking.url().0.to_string())
    }

    /// Who signed in there.
    pub(crate) async fn person(&self, http: &Client, (code, secrets): (&str, &Secrets)) -> Result<Person, Failed> {
        let client = self.client(http, FRESH).await?;
        let send = |request| http::send(http, request);
        let exchange = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| Failed(format!("it has no token endpoint: {error}")))?
            .set_pkce_verifier(verifier(secrets));
        let tokens = exchange.request_async(&send).await.map_err(|error| Failed(told(&error)))?;
        let id_token = tokens.id_token().ok_or_else(|| Failed("it sent no ID token".to_owned()))?;
        let nonce = Nonce::new(secrets.nonce.clone());
        let mut verified = id_token.claims(&person::verifier(&client), &nonce);
        let asked_again;
        if matches!(verified, Err(ClaimsVerificationError::SignatureVerification(_))) {
            asked_again = self.client(http, REASK).await?;
            verified = id_token.claims(&person::verifier(&asked_again), &nonce);
        }
        let claims = verified.map_err(|error| Failed(format!("its ID token is not right: {error}")))?;
        // The library leaves this to its callers: a token that another client was given is not for us.
        if claims.authorized_party().is_some_and(|party| party.as_str() != self.settings.client_id) {
            return Err(Failed("its ID token is not right: it was issued to another client".to_owned()));
        }
        let person = Person::of_id_token(claims);
        if person.email.is_some() {
            return Ok(person);
        }
        // Some providers tell the address only there.
        let Ok(asking) = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone())) else {
            return Ok(person);
        };
        let claims = asking.request_async(&send).await.map_err(|error| Failed(told(&error)))?;
        Ok(person.with_user_info(&claims))
    }

    /// A client of the provider as it told of itself at most so long ago.
    async fn client(&self, http: &Client, age: Duration) -> Result<ClientOf, Failed> {
        let metadata = self.metadata(http, age).await?;
        let settings = &self.settings;
        let back = RedirectUrl::new(format!("{}{CALLBACK}", settings.public_url));
        let back = back.map_err(|error| Failed(error.to_string()))?;
        let secret = ClientSecret::new(settings.client_secret.expose().to_owned());
        let methods = metadata.token_endpoint_auth_methods_supported();
        let takes_basic = methods.is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let id = ClientId::new(settings.client_id.clone());
        let client = CoreClient::from_provider_metadata(metadata.as_ref().clone(), id, Some(secret));
        let auth = if takes_basic { AuthType::BasicAuth } else { AuthType::RequestBody };
        Ok(client.set_redirect_uri(back).set_auth_type(auth))
    }

    async fn metadata(&self, http: &Client, age: Duration) -> Result<Arc<CoreProviderMetadata>, Failed> {
        let mut known = self.known.lock().await;
        if let Some((since, metadata)) = known.as_ref()
            && since.elapsed() < age
        {
            return Ok(Arc::clone(metadata));
        }
        let issuer = IssuerUrl::new(self.settings.issuer.to_string()).map_err(|error| Failed(error.to_string()))?;
        let send = |request| http::send(http, request);
        let asked = CoreProviderMetadata::discover_async(issuer, &send).await;
        let metadata = Arc::new(asked.map_err(|error| Failed(told(&error)))?);
        *known = Some((Instant::now(), Arc::clone(&metadata)));
        Ok(metadata)
    }
}

fn verifier(secrets: &Secrets) -> PkceCodeVerifier {
    PkceCodeVerifier::new(secrets.verifier.clone())
}

/// An error with its causes.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}
