//! ID tokens that are not the provider's word about who stands before us.

mod issuer;

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use self::issuer::{Grant, Issuer, Signer, now, signed_part};
use crate::gateway::TestApp;
use crate::helpers::{Browser, Page};

const SECRET: &str = "the secret of the client, for tests";
const CALLBACK: &str = "/dashboard/sign-in/provider/callback";
const FAILED: &str = "/dashboard/sign-in?failed=provider";

/// Makes a token of claims.
type Forge<'a> = &'a dyn Fn(&Value) -> String;

/// A gateway, and a provider that says whatever it is told to.
pub(super) struct Stage {
    pub(super) app: TestApp,
    issuer: Issuer,
    signer: Signer,
}

/// A browser on its way through the provider.
pub(super) struct Traveller {
    pub(super) browser: Browser,
    state: String,
    nonce: String,
    challenge: String,
}

impl Stage {
    pub(super) async fn set(more: &[(&str, &str)]) -> Self {
        let signer = Signer::new();
        let issuer = Issuer::start(&signer);
        let settings = [
            ("SYNTOPEN_PUBLIC_URL", "http://gateway.test"),
            ("SYNTOPEN_OIDC_ISSUER", issuer.url.as_str()),
            ("SYNTOPEN_OIDC_CLIENT_ID", "syntopen"),
            ("SYNTOPEN_OIDC_CLIENT_SECRET", SECRET),
        ];
        let app = TestApp::spawn_with(&settings.iter().chain(more).copied().collect::<Vec<_>>()).await;
        Self { app, issuer, signer }
    }

    async fn leave(&self) -> Traveller {
        let browser = Browser::new(&self.app);
        let page = browser.get("/dashboard/sign-in/provider").await;
        let location = page.location().unwrap_or_else(|| panic!("{}", page.text));
        let (_, query) = location.split_once('?').unwrap();
        let mut asked: HashMap<String, String> = serde_html_form::from_str(query).unwrap();
        assert_eq!(asked["code_challenge_method"], "S256");
        let mut take = |name: &str| asked.remove(name).unwrap();
        Traveller { browser, state: take("state"), nonce: take("nonce"), challenge: take("code_challenge") }
    }

    /// What the provider would say of this person to whoever travels.
    fn claims(&self, traveller: &Traveller, (subject, email): (&str, &str)) -> Value {
        json!({
            "iss": self.issuer.url, "sub": subject, "aud": "syntopen", "exp": now() + 300, "iat": now(),
            "nonce": traveller.nonce, "email": email, "email_verified": true,
        })
    }

    /// Comes back with this token.
    async fn come_back(&self, traveller: &Traveller, id_token: String) -> Page {
        self.issuer.grant("code", Grant { challenge: Some(traveller.challenge.clone()), id_token });
        traveller.browser.visit(&format!("{CALLBACK}?code=code&state={}", traveller.state)).await
    }

    /// Signs in as the provider tells.
    pub(super) async fn sign_in(&self, person: (&str, &str), sure: bool) -> (Browser, Page) {
        let traveller = self.leave().await;
        let mut claims = self.claims(&traveller, person);
        claims["email_verified"] = json!(sure);
        let page = self.come_back(&traveller, self.signer.sign(&claims)).await;
        (traveller.browser, page)
    }
}

/// A token of a secret that both sides are said to know.
fn by_secret(claims: &Value, secret: &[u8]) -> String {
    let signed = signed_part(&json!({ "alg": "HS256", "kid": "key" }), claims);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[actix_rt::test]
async fn a_token_that_was_tampered_with_signs_nobody_in() {
    let stage = Stage::set(&[]).await;
    let ada = ("1", "ada@example.com");
    let (forger, public) = (Signer::new(), stage.signer.public());
    let public_key = URL_SAFE_NO_PAD.decode(public["x"].as_str().unwrap()).unwrap();
    let unsigned = |header: Value, claims: &Value| format!("{}.", signed_part(&header, claims));
    let with_signature_of_another = |claims: &Value| {
        let (right, mut other) = (stage.signer.sign(claims), claims.clone());
        other["sub"] = json!("2");
        let (_, signature) = right.rsplit_once('.').unwrap();
        format!("{}.{signature}", signed_part(&json!({ "alg": "EdDSA", "kid": "key" }), &other))
    };
    let forgeries: [(&str, Forge<'_>); 10] = [
        ("another key by the same name", &|claims| forger.sign(claims)),
        ("the signature of another token", &with_signature_of_another),
        ("no signature", &|claims| unsigned(json!({ "alg": "none" }), claims)),
        ("no signature, named otherwise", &|claims| unsigned(json!({ "alg": "None", "kid": "key" }), claims)),
        ("no signature after all", &|claims| unsigned(json!({ "alg": "EdDSA", "kid": "key" }), claims)),
        ("the public key as a secret", &|claims| by_secret(claims, &public_key)),
        ("the public key's text as a secret", &|claims| by_secret(claims, public.to_string().as_bytes())),
        ("the client's secret", &|claims| by_secret(claims, SECRET.as_bytes())),
        ("no token", &|_| "rubbish".to_owned()),
        ("nothing", &|_| String::new()),
    ];
    for (what, forge) in forgeries {
        let traveller = stage.leave().await;
        let page = stage.come_back(&traveller, forge(&stage.claims(&traveller, ada))).await;
        assert_eq!(page.path, FAILED, "{what}");
        assert_eq!(traveller.browser.get("/dashboard").await.status, 303, "{what}");
    }
    let traveller = stage.leave().await;
    let page = stage.come_back(&traveller, stage.signer.sign(&stage.claims(&traveller, ada))).await;
    assert_eq!((page.status, page.path.as_str()), (200, "/dashboard"), "what is right goes through: {}", page.text);
}

#[actix_rt::test]
async fn a_token_that_was_made_for_something_else_signs_nobody_in() {
    let stage = Stage::set(&[]).await;
    let ada = ("1", "ada@example.com");
    let wrong: [(&str, Value); 15] = [
        ("iss", json!("https://other.example")),
        ("iss", json!(format!("{}/", stage.issuer.url))),
        ("iss", Value::Null),
        ("aud", json!("another client")),
        ("aud", json!(["syntopen", "another client"])),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("azp", json!("another client")),
        ("nonce", json!("another nonce")),
        ("nonce", Value::Null),
        ("exp", json!(now() - 1)),
        ("exp", Value::Null),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("sub", json!("a\0b")),
    ];
    for (claim, value) in wrong {
        let traveller = stage.leave().await;
        let mut claims = stage.claims(&traveller, ada);
        claims[claim] = value.clone();
        let page = stage.come_back(&traveller, stage.signer.sign(&claims)).await;
        assert!(page.path == FAILED || page.status == 422, "{claim} {value}: {} {}", page.status, page.text);
        assert_eq!(traveller.browser.get("/dashboard").await.status, 303, "{claim} {value}");
    }
    let traveller = stage.leave().await;
    let mut claims = stage.claims(&traveller, ada);
    (claims["azp"], claims["aud"]) = (json!("syntopen"), json!(["syntopen"]));
    let page = stage.come_back(&traveller, stage.signer.sign(&claims)).await;
    assert_eq!((page.status, page.path.as_str()), (200, "/dashboard"), "{}", page.text);
}

#[actix_rt::test]
async fn a_code_is_of_the_browser_that_left() {
    let stage = Stage::set(&[]).await;
    for is_careless in [false, true] {
        let (ada, eve) = (stage.leave().await, stage.leave().await);
        // Eve signs in at the provider, keeps her code, and has Ada's browser bring it with a state of its own.
        let id_token = stage.signer.sign(&stage.claims(&eve, ("666", "eve@example.com")));
        let challenge = Some(eve.challenge.clone()).filter(|_| !is_careless);
        stage.issuer.grant("of-eve", Grant { challenge, id_token });
        let page = ada.browser.visit(&format!("{CALLBACK}?code=of-eve&state={}", eve.state)).await;
        assert_eq!(page.status, 403, "the state of another browser");
        let page = ada.browser.visit(&format!("{CALLBACK}?code=of-eve&state={}", ada.state)).await;
        assert_eq!(page.path, FAILED, "careless: {is_careless}");
        assert_eq!(ada.browser.get("/dashboard").await.status, 303);
    }
}

#[actix_rt::test]
async fn what_is_told_of_somebody_else_counts_for_nothing() {
    let stage = Stage::set(&[]).await;
    for (subject, path) in [("2", FAILED), ("1", "/dashboard")] {
        let traveller = stage.leave().await;
        let mut claims = stage.claims(&traveller, ("1", ""));
        claims.as_object_mut().unwrap().remove("email");
        stage.issuer.say_of_person(json!({ "sub": subject, "email": "ada@example.com", "email_verified": true }));
        let page = stage.come_back(&traveller, stage.signer.sign(&claims)).await;
        assert_eq!(page.path, path, "{subject}: {}", page.text);
    }
}
