//! The service over a real socket.

use actix_web::http::{Method, StatusCode};
use serde_json::{Value, json};
use syntopen_ledger::app::App;
use syntopen_ledger::config::ServiceConfig;
use syntopen_shared::config::Environment;
use syntopen_shared::id::RequestId;
use syntopen_shared::shutdown::Shutdown;
use syntopen_shared::testing::{PostgresServer, RedisServer};

const TOKEN: &str = "the-cluster-token";

struct Service {
    url: String,
    _redis: RedisServer,
    _postgres: PostgresServer,
    _trigger: syntopen_shared::shutdown::ShutdownTrigger,
}

impl Service {
    async fn start() -> Self {
        let _already_chosen = rustls::crypto::ring::default_provider().install_default();
        let (redis, postgres) = (RedisServer::start(), PostgresServer::start());
        let (redis_url, database_url) = (redis.url(), postgres.database().await.url);
        let environment = Environment::from([
            ("SYNTOPEN_LISTEN", "127.0.0.1:0"),
            ("SYNTOPEN_CLUSTER_TOKEN", TOKEN),
            ("SYNTOPEN_REDIS_URL", redis_url.as_str()),
            ("SYNTOPEN_DATABASE_URL", database_url.as_str()),
            ("SYNTOPEN_LEDGER_SHARDS", "2"),
        ]);
        let (trigger, shutdown) = Shutdown::new();
        let app = App::start(ServiceConfig::read(environment).unwrap(), shutdown).await.unwrap();
        let url = format!("http://{}", app.address());
        actix_web::rt::spawn(app.run());
        Self { url, _redis: redis, _postgres: postgres, _trigger: trigger }
    }

    async fn ask(&self, method: Method, path: &str, (token, body): (&str, &str)) -> (StatusCode, Value) {
        let request = awc::Client::new().request(method, format!("{}{path}", self.url));
        let request = request.insert_header(("Authorization", format!("Bearer {token}")));
        let mut response = request.content_type("application/json").send_body(body.to_owned()).await.unwrap();
        let body = response.body().limit(1 << 20).await.unwrap();
        (response.status(), serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(Method::POST, path, (TOKEN, &body.to_string())).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }
}

#[actix_web::test]
async fn nobody_without_the_token_gets_anywhere() {
    let service = Service::start().await;
    let office = ["/office/session/viewer", "/office/accounts/credit", "/office/payments/tell", "/office/x"];
    let others = ["/holds", "/finishes", "/confirm", "/keys/resolve", "/admin/account/show", "/admin/reconcile", "/x"];
    for path in office.into_iter().chain(others) {
        for token in ["", "wrong", "the-cluster-toke", "the-cluster-tokens"] {
            let (status, _) = service.ask(Method::POST, path, (token, "[]")).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{path} with {token:?}");
        }
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(service.ask(Method::GET, path, ("", "")).await.0, StatusCode::OK, "{path}");
    }
}

#[actix_web::test]
async fn rubbish_is_refused_in_words() {
    let service = Service::start().await;
    let too_many = Value::from(vec![RequestId::mint().to_string(); 257]).to_string();
    for (method, path, body, expected) in [
        (Method::POST, "/holds", "{", StatusCode::BAD_REQUEST),
        (Method::POST, "/holds", r#"[{"id": 1}]"#, StatusCode::BAD_REQUEST),
        (Method::POST, "/keys/refresh", too_many.as_str(), StatusCode::BAD_REQUEST),
        (Method::GET, "/holds", "", StatusCode::METHOD_NOT_ALLOWED),
        (Method::POST, "/nothing", "[]", StatusCode::NOT_FOUND),
    ] {
        let (status, answer) = service.ask(method, path, (TOKEN, body)).await;
        assert_eq!(status, expected, "{path}: {answer}");
        assert!(answer["message"].is_string(), "{path}: {answer}");
    }
}

#[actix_web::test]
async fn a_request_lives_through_its_commands() {
    let service = Service::start().await;
    let created = service.post("/admin/account/create", json!({"email": "ada@example.com"})).await;
    service.post("/admin/account/credit", json!({"email": "ada@example.com", "amount": 1_000})).await;
    let key = service.post("/admin/key/create", json!({"email": "ada@example.com", "name": "n", "rpm": 60})).await;
    let (account, key) = (&created["account"], &key["record"]["key"]);
    let id = RequestId::mint();
    let usage = serde_json::to_value(crate::support::usage(0)).unwrap();
    let hold = json!({"id": id, "account": account, "key": key, "min": 100, "want": 100, "usage": usage});
    super::stage::until("the hold is granted", async || {
        service.post("/holds", json!([hold])).await == json!([{"Ok": {"amount": 100, "key_version": 1}}])
    })
    .await;
    let checkpoint = json!({"id": id, "account": account, "key": key, "amount": 100, "usage": usage});
    assert_eq!(service.post("/checkpoints", json!([checkpoint])).await, json!([true]));
    let usage = serde_json::to_value(crate::support::usage(30)).unwrap();
    let finish = json!({"id": id, "account": account, "key": key, "kind": "settle", "usage": usage});
    assert_eq!(service.post("/finishes", json!([finish])).await, json!([{"Ok": {"booked": false}}]));
    super::stage::until("the book confirms", async || {
        service.post("/confirm", json!([{"id": id, "total": 30}])).await == json!([true])
    })
    .await;
    let report = service.post("/keys/report", json!({"key": key})).await;
    assert_eq!((&report["balance"], &report["spent"]["total"]), (&json!(970), &json!(30)));
}
