//! An identity provider that says and signs whatever a test wants.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data, Form};
use actix_web::{App, HttpResponse, HttpServer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKeyId, PrivateSigningKey as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What it calls its key, and who forges calls his own.
const KEY: &str = "key";

/// An identity provider.
pub(super) struct Issuer {
    pub(super) url: String,
    says: Arc<Says>,
    server: Option<(ServerHandle, JoinHandle<()>)>,
}

/// A key pair by which ID tokens are signed.
pub(super) struct Signer(CoreEdDsaPrivateSigningKey);

/// What it gives for a code.
#[derive(Clone)]
pub(super) struct Grant {
    /// The proof key's challenge that came with the browser; a careless provider asks for none.
    pub(super) challenge: Option<String>,
    pub(super) id_token: String,
}

struct Says {
    url: String,
    keys: Value,
    grants: Mutex<HashMap<String, Grant>>,
    user_info: Mutex<Value>,
}

impl Signer {
    /// A fresh pair.
    pub(super) fn new() -> Self {
        let made = Command::new("openssl").args(["genpkey", "-algorithm", "ed25519"]).output().unwrap();
        let pem = String::from_utf8(made.stdout).unwrap();
        let key = CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new(KEY.to_owned())));
        Self(key.unwrap())
    }

    /// A token as it should be made.
    pub(super) fn sign(&self, claims: &Value) -> String {
        let signed = signed_part(&json!({ "alg": "EdDSA", "kid": KEY }), claims);
        let signature = self.0.sign(&CoreJwsSigningAlgorithm::EdDsa, signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The public half, as everybody knows it.
    pub(super) fn public(&self) -> Value {
        serde_json::to_value(self.0.as_verification_key()).unwrap()
    }
}

/// What of a token is signed.
pub(super) fn signed_part(header: &Value, claims: &Value) -> String {
    [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".")
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl Issuer {
    /// One that signs by this key.
    pub(super) fn start(signer: &Signer) -> Self {
        let listener = std::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let keys = json!({ "keys": [signer.public()] });
        let says = Arc::new(Says { url: url.clone(), keys, grants: Mutex::default(), user_info: Mutex::default() });
        let (started, handle) = std::sync::mpsc::channel();
        let data = Data::from(Arc::clone(&says));
        let thread = std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let routes = move || {
                    App::new()
                        .app_data(data.clone())
                        .route("/.well-known/openid-configuration", web::get().to(discover))
                        .route("/keys", web::get().to(keys_of))
                        .route("/token", web::post().to(exchange))
                        .route("/me", web::get().to(tell))
                };
                let server = HttpServer::new(routes).workers(1).disable_signals().listen(listener).unwrap().run();
                started.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        Self { url, says, server: Some((handle.recv().unwrap(), thread)) }
    }

    /// Gives this for a code.
    pub(super) fn grant(&self, code: &str, grant: Grant) {
        self.says.grants.lock().unwrap().insert(code.to_owned(), grant);
    }

    /// Says this of whoever is asked about.
    pub(super) fn say_of_person(&self, told: Value) {
        *self.says.user_info.lock().unwrap() = told;
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        if let Some((handle, thread)) = self.server.take() {
            drop(handle.stop(false));
            // A test that has failed already says why.
            let _ = thread.join();
        }
    }
}

async fn discover(says: Data<Says>) -> HttpResponse {
    let url = &says.url;
    std::future::ready(HttpResponse::Ok().json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "userinfo_endpoint": format!("{url}/me"),
        "jwks_uri": format!("{url}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
    })))
    .await
}

async fn keys_of(says: Data<Says>) -> HttpResponse {
    std::future::ready(HttpResponse::Ok().json(&says.keys)).await
}

async fn exchange(says: Data<Says>, form: Form<HashMap<String, String>>) -> HttpResponse {
    let grant = says.grants.lock().unwrap().remove(&form["code"]);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    let granted = grant.filter(|grant| grant.challenge.as_ref().is_none_or(|asked| *asked == challenge));
    std::future::ready(match granted {
        Some(Grant { id_token, .. }) => HttpResponse::Ok().json(json!({
            "access_token": "token", "token_type": "Bearer", "id_token": id_token,
        })),
        None => HttpResponse::BadRequest().json(json!({ "error": "invalid_grant" })),
    })
    .await
}

async fn tell(says: Data<Says>) -> HttpResponse {
    let told = says.user_info.lock().unwrap().clone();
    std::future::ready(HttpResponse::Ok().json(told)).await
}
