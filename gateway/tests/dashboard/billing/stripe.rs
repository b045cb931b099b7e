//! A strict double of the payment service: what it is asked must be right to the last field.

use std::collections::BTreeMap;
use std::sync::Mutex;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::gateway::{Answer, TestApp};

pub(crate) const SECRET_KEY: &str = "sk_test_double";
pub(crate) const WEBHOOK_SECRET: &str = "whsec_double";

/// The double, and what it was asked.
pub(crate) struct Stripe {
    pub(crate) base: String,
    state: web::Data<Mutex<State>>,
    server: ServerHandle,
}

#[derive(Default)]
struct State {
    /// Checkouts by the key under which they were asked for.
    sessions: BTreeMap<String, Value>,
    /// What was wrong with the questions.
    wrong: Vec<String>,
    /// What it answers in the place of a checkout.
    fault: Option<u16>,
    asked: Vec<String>,
}

impl Stripe {
    pub(crate) fn start() -> Self {
        let state = web::Data::new(Mutex::new(State::default()));
        let data = state.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/v1/checkout/sessions", web::post().to(create))
                .route("/v1/checkout/sessions/{id}", web::get().to(retrieve))
                .route("/v1/payment_intents/{id}", web::get().to(intent))
                .route("/pay/{number}", web::get().to(checkout))
                .default_service(web::to(unknown))
        });
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_rt::spawn(server);
        Self { base, state, server: handle }
    }

    /// The settings of a gateway that takes it for the payment service.
    pub(crate) fn settings(&self) -> [(&str, &str); 3] {
        [
            ("STRIPE_SECRET_KEY", SECRET_KEY),
            ("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET),
            ("STRIPE_API_BASE", self.base.as_str()),
        ]
    }

    /// The customer pays in the checkout.
    pub(crate) fn pay(&self, url: &str) -> Value {
        let mut state = self.state.lock().unwrap();
        let session = state.sessions.values_mut().find(|session| session["url"] == url).unwrap();
        session["status"] = json!("complete");
        session["payment_status"] = json!("paid");
        session["payment_intent"] = json!(session["id"].as_str().unwrap().replace("cs_", "pi_"));
        session.clone()
    }

    /// From now on checkouts are answered with this status.
    pub(crate) fn fail_with(&self, fault: Option<u16>) {
        self.state.lock().unwrap().fault = fault;
    }

    /// What it was asked, all of which was right.
    pub(crate) fn asked(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        assert_eq!(state.wrong, Vec::<String>::new());
        state.asked.clone()
    }
}

impl Drop for Stripe {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

/// The proof of a body.
pub(crate) fn sign(seconds: i64, body: &str, secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{seconds}.{body}").as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sends an event with this signature.
pub(crate) async fn send_signed(app: &TestApp, body: String, signature: &str) -> Answer {
    let post = app.client.post(app.url("/webhooks/stripe")).insert_header(("Stripe-Signature", signature));
    Answer::read(post.send_body(body).await.unwrap()).await
}

/// Sends an event as the payment service does.
pub(crate) async fn send(app: &TestApp, id: &str, kind: &str, object: &Value) -> Answer {
    send_body(app, &json!({ "id": id, "object": "event", "type": kind, "data": { "object": object } }).to_string())
        .await
}

/// Sends a body with the payment service's signature.
pub(super) async fn send_body(app: &TestApp, body: &str) -> Answer {
    let seconds = app.app.clock.unix_ms() / 1_000;
    let proof = sign(seconds, body, WEBHOOK_SECRET);
    send_signed(app, body.to_owned(), &format!("t={seconds},v1={proof}")).await
}

async fn create(state: web::Data<Mutex<State>>, head: HttpRequest, body: String) -> HttpResponse {
    let mut state = state.lock().unwrap();
    check_head(&mut state, &head);
    let header = |name: &str| head.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    if header("Content-Type").as_deref() != Some("application/x-www-form-urlencoded") {
        state.wrong.push("content type".to_owned());
    }
    if let Some(fault) = state.fault {
        let status = actix_web::http::StatusCode::from_u16(fault).unwrap();
        return HttpResponse::build(status).json(json!({ "error": { "message": "double", "type": "api_error" } }));
    }
    let fields: Vec<(String, String)> = serde_html_form::from_str(&body).unwrap();
    let count = fields.len();
    let fields: BTreeMap<String, String> = fields.into_iter().collect();
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let (payment, account) = (field("metadata[payment]"), field("metadata[account]"));
    let expected = [
        ("mode", "payment".to_owned()),
        ("client_reference_id", payment.clone()),
        ("metadata[payment]", payment.clone()),
        ("metadata[account]", account.clone()),
        ("payment_intent_data[metadata][payment]", payment.clone()),
        ("payment_intent_data[metadata][account]", account.clone()),
        ("line_items[0][quantity]", "1".to_owned()),
        ("line_items[0][price_data][currency]", "usd".to_owned()),
        ("line_items[0][price_data][unit_amount]", field("line_items[0][price_data][unit_amount]")),
        ("line_items[0][price_data][product_data][name]", "Balance top-up".to_owned()),
        ("adaptive_pricing[enabled]", "false".to_owned()),
        ("expires_at", field("expires_at")),
        ("success_url", field("success_url")),
        ("cancel_url", field("cancel_url")),
    ];
    let expected: BTreeMap<String, String> =
        expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    if fields != expected || count != expected.len() {
        state.wrong.push(format!("fields: {fields:?}"));
    }
    if header("Idempotency-Key").as_deref() != Some(&payment) {
        state.wrong.push("idempotency key".to_owned());
    }
    if !field("success_url").ends_with(&format!("/dashboard/billing/payments/{payment}"))
        || !field("cancel_url").ends_with("/dashboard/billing")
    {
        state.wrong.push("urls".to_owned());
    }
    let number = state.sessions.len() + 1;
    let base = format!("http://{}", head.connection_info().host());
    let session = state.sessions.entry(payment.clone()).or_insert_with(|| {
        json!({
            "id": format!("cs_test_{number}"), "object": "checkout.session", "url": format!("{base}/pay/{number}"),
            "payment_status": "unpaid", "status": "open", "payment_intent": null, "currency": "usd",
            "amount_total": field("line_items[0][price_data][unit_amount]").parse::<i64>().unwrap(),
            "client_reference_id": payment, "metadata": { "payment": payment, "account": account },
            "success_url": field("success_url"),
        })
    });
    HttpResponse::Ok().json(session)
}

async fn retrieve(state: web::Data<Mutex<State>>, head: HttpRequest, id: web::Path<String>) -> HttpResponse {
    let mut state = state.lock().unwrap();
    check_head(&mut state, &head);
    let found = state.sessions.values().find(|session| session["id"] == id.as_str()).cloned();
    found.map_or_else(missing, |session| HttpResponse::Ok().json(session))
}

async fn intent(state: web::Data<Mutex<State>>, head: HttpRequest, id: web::Path<String>) -> HttpResponse {
    let mut state = state.lock().unwrap();
    check_head(&mut state, &head);
    let session = id.replace("pi_", "cs_");
    let found = state.sessions.values().find(|known| known["id"] == session.as_str()).cloned();
    found.map_or_else(missing, |session| {
        HttpResponse::Ok().json(json!({ "id": *id, "object": "payment_intent", "metadata": session["metadata"] }))
    })
}

/// The page that a customer pays on, in a browser; whether it was paid is the test's to say.
async fn checkout(state: web::Data<Mutex<State>>, head: HttpRequest) -> HttpResponse {
    let state = state.lock().unwrap();
    let is_it = |session: &&Value| session["url"].as_str().unwrap().ends_with(head.path());
    let Some(session) = state.sessions.values().find(is_it) else { return missing() };
    let back = session["success_url"].as_str().unwrap();
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(format!(
        "<!doctype html><html lang=en><title>Checkout</title><link rel=icon href=data:,>\
         <main><h1>Checkout</h1><a href=\"{back}\">Back to the shop</a></main>"
    ))
}

async fn unknown(state: web::Data<Mutex<State>>, head: HttpRequest) -> HttpResponse {
    state.lock().unwrap().wrong.push(format!("{} {}", head.method(), head.uri()));
    missing()
}

fn missing() -> HttpResponse {
    HttpResponse::NotFound().json(json!({ "error": { "type": "invalid_request_error", "message": "No such object" } }))
}

fn check_head(state: &mut State, head: &HttpRequest) {
    state.asked.push(format!("{} {}", head.method(), head.path()));
    let headers =
        [("Authorization", format!("Bearer {SECRET_KEY}")), ("Stripe-Version", "2024-11-20.acacia".to_owned())];
    for (name, expected) in headers {
        if head.headers().get(name).and_then(|value| value.to_str().ok()) != Some(&expected) {
            state.wrong.push(format!("header {name}"));
        }
    }
    if !head.query_string().is_empty() {
        state.wrong.push("query".to_owned());
    }
}
