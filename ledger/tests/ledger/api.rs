//! Administration over HTTP, and the program.

use actix_web::http::{Method, StatusCode};
use actix_web::{App, test, web};
use serde_json::{Value, json};

use crate::support::{Bench, connect};

async fn call(bench: &Bench, method: Method, path: &str, body: &str) -> (StatusCode, Value) {
    let data = web::Data::from(bench.ledger.clone());
    let app = test::init_service(App::new().app_data(data).configure(syntopen_ledger::configure)).await;
    let request = test::TestRequest::default().method(method).uri(path).set_payload(body.to_owned()).to_request();
    let response = test::call_service(&app, request).await;
    let status = response.status();
    (status, test::read_body_json(response).await)
}

#[actix_web::test]
async fn commands_answer_as_the_wire_types_say() {
    let bench = Bench::with(0).await;
    let post = async |path: &str, body: Value| call(&bench, Method::POST, path, &body.to_string()).await;

    let (status, account) = post("/admin/account/create", json!({"email": "Bob@example.com"})).await;
    assert_eq!((status, &account["email"]), (StatusCode::OK, &json!("bob@example.com")));
    let credit = json!({"email": "bob@example.com", "amount": 5_000_000_000_i64, "reference": "r"});
    let (status, receipt) = post("/admin/account/credit", credit).await;
    assert_eq!((status, &receipt["balance"]), (StatusCode::OK, &json!(5_000_000_000_i64)));
    let (_, shown) = post("/admin/account/show", json!({"email": "bob@example.com"})).await;
    assert_eq!(shown["balance"], json!(5_000_000_000_i64));
    let (status, key) = post("/admin/key/create", json!({"email": "bob@example.com", "name": "n", "rpm": 60})).await;
    assert_eq!(status, StatusCode::OK);
    let (_, revoked) = post("/admin/key/revoke", json!({"key": key["record"]["key"]})).await;
    assert_eq!(revoked["status"], json!("revoked"));
    let (_, list) = post("/admin/key/list", json!({"email": "bob@example.com"})).await;
    assert_eq!(list["keys"][0], revoked);
    let (status, report) = call(&bench, Method::GET, "/admin/reconcile", "").await;
    assert_eq!((status, &report["drift"]), (StatusCode::OK, &json!(0)));
}

#[actix_web::test]
async fn refusals_say_what_is_wrong() {
    let bench = Bench::with(0).await;
    for (method, path, body, expected) in [
        (Method::POST, "/admin/account/create", r#"{"email": "nobody"}"#, StatusCode::BAD_REQUEST),
        (Method::POST, "/admin/account/create", r#"{"email": "ada@example.com"}"#, StatusCode::CONFLICT),
        (Method::POST, "/admin/account/create", "{", StatusCode::BAD_REQUEST),
        (Method::POST, "/admin/account/show", r#"{"email": "no@one"}"#, StatusCode::NOT_FOUND),
        (Method::POST, "/admin/account/close", "{}", StatusCode::NOT_FOUND),
        (Method::GET, "/admin/account/show", "", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let (status, answer) = call(&bench, method, path, body).await;
        assert_eq!(status, expected, "{path} {body}");
        assert!(answer["message"].is_string(), "{path} {body}: {answer}");
    }
    bench.ledger.clone().close().await;
    let (status, _) = call(&bench, Method::POST, "/admin/account/show", r#"{"email": "no@one"}"#).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn the_program_reconciles_a_book_that_nobody_has() {
    let bench = Bench::with(100).await;
    let reconcile = |dir: &std::path::Path| {
        let program = env!("CARGO_BIN_EXE_syntopen-ledger");
        std::process::Command::new(program).args(["reconcile", "--json", "--data-dir"]).arg(dir).output().unwrap()
    };

    let refused = reconcile(bench.dir.path());
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("socket"));

    bench.ledger.close().await;
    let done = reconcile(bench.dir.path());
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&report["drift"], &report["transfers"]), (&json!(0), &json!(1)));
    let empty = tempfile::TempDir::new().unwrap();
    assert_eq!(reconcile(empty.path()).status.code(), Some(1));

    let mut book = connect(bench.dir.path()).await;
    sqlx::query("UPDATE accounts SET posted = posted + 1 WHERE kind = 'customer'").execute(&mut book).await.unwrap();
    sqlx::Connection::close(book).await.unwrap();
    let drifted = reconcile(bench.dir.path());
    assert_eq!(drifted.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&drifted.stdout).unwrap();
    assert_eq!((&report["drift"], report["findings"].as_array().map(Vec::len)), (&json!(2), Some(2)));
}
