//! The service over a real socket.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::http::StatusCode;
use async_trait::async_trait;
use serde_json::{Value, json};
use syntopen_ratelimiter::app::{App, Decider};
use syntopen_ratelimiter::config::Config;
use syntopen_ratelimiter::metrics::Metrics;
use syntopen_ratelimiter::window::{MemoryWindow, Unavailable, Window};
use syntopen_shared::clock::ManualClock;
use syntopen_shared::id::KeyId;
use syntopen_shared::shutdown::{Shutdown, ShutdownTrigger};
use syntopen_shared::wire::ratelimiter::{Check, Decision};

const TOKEN: &str = "the-cluster-token";

/// A service that runs on a free port until this is dropped.
struct Service {
    address: SocketAddr,
    trigger: ShutdownTrigger,
    running: actix_web::rt::task::JoinHandle<anyhow::Result<()>>,
}

impl Service {
    fn start(window: Arc<dyn Window>) -> Self {
        let _already_chosen = rustls::crypto::ring::default_provider().install_default();
        let environment = [
            ("SYNTOPEN_LISTEN", "127.0.0.1:0"),
            ("SYNTOPEN_CLUSTER_TOKEN", TOKEN),
            ("SYNTOPEN_RATELIMITER_MEMORY", "1"),
        ];
        let (trigger, shutdown) = Shutdown::new();
        let decider = Decider { window, metrics: Arc::new(Metrics::new().unwrap()) };
        let app = App::bind(&Config::read(environment.into()).unwrap(), decider, shutdown).unwrap();
        let address = app.address();
        Self { address, trigger, running: actix_web::rt::spawn(app.run()) }
    }

    fn with_memory() -> Self {
        Self::start(Arc::new(MemoryWindow::new(Arc::new(ManualClock::at(0)))))
    }

    fn post(&self, authorization: &str) -> awc::ClientRequest {
        awc::Client::new()
            .post(format!("http://{}/check", self.address))
            .insert_header(("Authorization", authorization))
    }

    async fn check(&self, body: impl Into<String>) -> (StatusCode, Value) {
        answer(self.post(&format!("Bearer {TOKEN}")).content_type("application/json").send_body(body.into())).await
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        answer(awc::Client::new().get(format!("http://{}{path}", self.address)).send()).await
    }
}

async fn answer(sent: awc::SendClientRequest) -> (StatusCode, Value) {
    let mut response = sent.await.unwrap();
    let body = response.body().await.unwrap();
    (response.status(), serde_json::from_slice(&body).unwrap_or_default())
}

fn batch(count: usize) -> String {
    serde_json::to_string(&vec![Check { key: KeyId::mint(), limit: 300, count: 1 }; count]).unwrap()
}

#[actix_web::test]
async fn decides_a_batch_in_its_order() {
    let service = Service::with_memory();
    let (one, two) = (KeyId::mint(), KeyId::mint());
    let body = json!([
        { "key": one, "limit": 3, "count": 2 },
        { "key": two, "limit": 0, "count": 1 },
        { "key": one, "limit": 3, "count": 2 },
    ]);
    let expected = json!([
        { "admitted": 2, "remaining": 1, "next_us": 60_000_001 },
        { "admitted": 0, "remaining": 0, "next_us": 60_000_000 },
        { "admitted": 1, "remaining": 0, "next_us": 60_000_001 },
    ]);
    assert_eq!(service.check(body.to_string()).await, (StatusCode::OK, expected));
    assert_eq!(service.check("[]").await, (StatusCode::OK, json!([])));
}

#[actix_web::test]
async fn wants_the_cluster_token() {
    let service = Service::with_memory();
    let client = awc::Client::new();
    let without = answer(client.post(format!("http://{}/check", service.address)).send_body(batch(1))).await;
    let mut refusals = vec![without];
    for wrong in ["Bearer", "Bearer ", "Bearer the-cluster-tokem", "Bearer the-cluster-token2", "Basic x", TOKEN] {
        refusals.push(answer(service.post(wrong).send_body("{")).await);
    }
    for (status, body) in refusals {
        assert_eq!((status, &body["error"]["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthorized")));
        assert!(!body.to_string().contains(TOKEN));
    }
}

#[actix_web::test]
async fn refuses_what_is_no_batch() {
    let service = Service::with_memory();
    let key = KeyId::mint();
    let bodies = [
        String::new(),
        "{".to_owned(),
        "null".to_owned(),
        json!({ "key": key, "limit": 1, "count": 1 }).to_string(),
        json!([{ "key": "me", "limit": 1, "count": 1 }]).to_string(),
        json!([{ "key": key, "limit": -1, "count": 1 }]).to_string(),
        json!([{ "key": key, "limit": 1, "count": 4_294_967_296_u64 }]).to_string(),
        json!([{ "key": key, "limit": 1, "count": 0 }]).to_string(),
        json!([{ "key": key, "limit": 1 }]).to_string(),
        batch(257),
    ];
    for body in bodies {
        let (status, answer) = service.check(body.clone()).await;
        assert_eq!((status, &answer["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_request")), "{body}");
        assert!(answer["error"]["message"].is_string());
    }
    assert_eq!(service.check(batch(256)).await.0, StatusCode::OK);
    assert_eq!(service.check(" ".repeat(70_000)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[actix_web::test]
async fn answers_json_on_every_path() {
    let service = Service::with_memory();
    assert_eq!(service.get("/healthz").await.0, StatusCode::OK);
    assert_eq!(service.get("/readyz").await.0, StatusCode::OK);
    let (status, body) = service.get("/nothing").await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
    let (status, body) = service.get("/check").await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::METHOD_NOT_ALLOWED, &json!("method_not_allowed")));
}

/// A window whose store is away.
struct Away;

#[async_trait]
impl Window for Away {
    async fn check(&self, _: Check) -> Result<Decision, Unavailable> {
        Err(Unavailable(anyhow::anyhow!("connection to store.internal refused")))
    }
}

#[actix_web::test]
async fn says_that_windows_are_unavailable_and_not_why() {
    let (status, body) = Service::start(Arc::new(Away)).check(batch(1)).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("service_unavailable")));
    assert!(!body.to_string().contains("store.internal"));
}

#[actix_web::test]
async fn stops_when_it_is_told_to() {
    let service = Service::with_memory();
    assert_eq!(service.check(batch(1)).await.0, StatusCode::OK);
    service.trigger.request();
    service.running.await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(service.address).await.is_err());
}
