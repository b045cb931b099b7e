//! Whatever a client sends: it is told what is wrong in the one form, and nothing comes of it.

use crate::helpers::{Answer, Customer, PATIENCE, TestApp, request, with};
use raw::Raw;
use row::{INVALID, JSON, Row, check_all, post};
use serde_json::json;

mod bodies;
mod heads;
mod params;
mod raw;
mod row;

/// The largest body here.
const LIMIT: usize = 65_536;
const LIMITED: (&str, &str) = ("SYNTOPEN_MAX_BODY_BYTES", "65536");
/// The members of a request that can be served.
const GOOD: &str = r#""model":"test/free","messages":[{"role":"user","content":"Hello"}],"max_tokens":5"#;
const MESSAGES: &str = r#""messages":[{"role":"user","content":"Hello"}]"#;

fn escape(bytes: &[u8]) -> String {
    bytes.iter().take(120).flat_map(|byte| std::ascii::escape_default(*byte)).map(char::from).collect()
}

async fn check(rows: impl FnOnce(&Customer) -> Vec<Row>, least: usize) {
    let app = TestApp::spawn_with(&[LIMITED]).await;
    let customer = app.customer("5").await;
    let rows = rows(&customer);
    assert!(rows.len() >= least, "{}", rows.len());
    check_all(&app, &customer, &rows).await;
}

#[actix_web::test]
async fn bad_heads_are_refused() {
    check(heads::rows, 120).await;
}

#[actix_web::test]
async fn bad_bodies_are_refused() {
    check(bodies::rows, 80).await;
}

#[actix_web::test]
async fn bad_parameters_are_refused() {
    check(params::rows, 110).await;
}

#[actix_web::test]
async fn a_body_that_stalls_is_not_awaited_for_ever() {
    let app = TestApp::spawn_with(&[LIMITED, ("SYNTOPEN_BODY_TIMEOUT_SECONDS", "1")]).await;
    let customer = app.customer("5").await;
    let whole = String::from_utf8(post(&customer, JSON, format!("{{{GOOD}}}"))).unwrap();
    let chunked = whole.replace("Content-Length: ", "Transfer-Encoding: chunked\r\nX-Length: ");
    let (head, _) = chunked.split_once("\r\n\r\n").unwrap();
    let timeout = (408, "request_timeout");
    let rows = [
        Row::new("no byte of it", whole.split_once("{").unwrap().0, timeout),
        Row::new("all but a byte of it", &whole[..whole.len() - 1], timeout),
        Row::new("the size of a chunk", format!("{head}\r\n\r\n5\r\n"), timeout),
        Row::new("no last chunk", format!("{head}\r\n\r\n1\r\n{{\r\n"), timeout),
    ];
    check_all(&app, &customer, &rows).await;
}

#[actix_web::test]
async fn unusual_requests_that_are_right_are_served() {
    let app = TestApp::spawn_with(&[LIMITED]).await;
    let customer = app.customer("5").await;
    let (body, key) = (format!("{{{GOOD}}}"), &customer.api_key);
    let (one, two) = body.split_at(20);
    let (m, n) = (one.len(), two.len());
    let line = "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n";
    let sized = format!("{JSON}Content-Length: {}\r\n", body.len());
    let chunked = format!("{line}Authorization: Bearer {key}\r\n{JSON}Transfer-Encoding: chunked\r\n\r\n");
    let largest = format!("{{{GOOD},\"user\":\"{}\"}}", "u".repeat(LIMIT - body.len() - 10));
    assert_eq!(largest.len(), LIMIT);
    let requests = [
        format!("{chunked}{m:x}\r\n{one}\r\n{n:X}\r\n{two}\r\n0\r\n\r\n"),
        format!("{chunked}{m:x};name=value\r\n{one}\r\n000{n:x}\r\n{two}\r\n0\r\n\r\n"),
        format!("{chunked}{:x}\r\n{largest}\r\n0\r\n\r\n", largest.len()),
        format!("{line}Authorization: Bearer {key}\r\n{sized}\r\n{body}"),
        format!("{line}authorization: bearer   {key}  \r\n{sized}\r\n{body}"),
        format!("{line}Authorization: BEARER {key}\r\nContent-Encoding: Identity\r\n{sized}\r\n{body}"),
        format!(
            "{line}Authorization: Bearer {key}\r\nContent-Type: Application/JSON ; charset=UTF-8\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
        format!("POST /v1/chat/completions HTTP/1.0\r\nAuthorization: Bearer {key}\r\n{sized}\r\n{body}"),
        format!(
            "POST http://b.example/api/v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n{sized}\r\n{body}"
        ),
        format!(
            "POST //v1//chat/completions?api-version=1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n{sized}\r\n{body}"
        ),
        format!("{line}Authorization: Bearer {key}\r\n{sized}X: {}\r\n\r\n{body}", "x".repeat(100_000)),
        format!("GET /v1/models HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n{sized}\r\n{body}"),
        format!("GET /v1/key HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n{sized}\r\n{body}"),
    ];
    for request in requests {
        let mut connection = Raw::connect(app.address).await;
        connection.send(request.as_bytes()).await;
        let answer = connection.last_answer().await.unwrap();
        let told = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, 200, "{}: {told}", escape(request.as_bytes()));
    }
    app.assert_books_agree().await;
}

#[actix_web::test]
async fn a_client_that_waits_to_be_asked_is_asked_for_its_body() {
    let app = TestApp::spawn_with(&[LIMITED]).await;
    let customer = app.customer("5").await;
    let body = format!("{{{GOOD}}}");
    for framing in [format!("Content-Length: {}", body.len()), "Transfer-Encoding: chunked".to_owned()] {
        let mut connection = Raw::connect(app.address).await;
        let head =
            format!("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n", customer.api_key);
        connection.send(format!("{head}{JSON}{framing}\r\nExpect: 100-continue\r\n\r\n").as_bytes()).await;
        assert_eq!(connection.answer().await.unwrap().status, 100);
        let sent = if framing.ends_with("chunked") {
            format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
        } else {
            body.clone()
        };
        connection.send(sent.as_bytes()).await;
        assert_eq!(connection.answer().await.unwrap().status, 200);
    }
}

/// What no server takes for HTTP, and the status that says so.
fn garbage() -> [(Vec<u8>, u16); 3] {
    [(b"\x01garbage\r\n\r\n".to_vec(), 400), (b"{}\r\n\r\n".to_vec(), 400), (vec![b'A'; 300_000], 431)]
}

#[actix_web::test]
async fn garbage_after_an_answer_is_refused_on_the_same_connection() {
    let app = TestApp::spawn_with(&[LIMITED]).await;
    let customer = app.customer("5").await;
    for (garbage, status) in garbage() {
        let mut connection = Raw::connect(app.address).await;
        for _ in 0..2 {
            connection.send(&post(&customer, JSON, format!("{{{GOOD}}}"))).await;
            let answer = connection.answer().await.unwrap();
            assert_eq!((answer.status, &answer.json().unwrap()["usage"]["completion_tokens"]), (200, &json!(5)));
        }
        connection.send(&garbage).await;
        assert_refused(connection, status).await;
    }
    app.assert_books_agree().await;
}

#[actix_web::test]
async fn answers_in_one_write_with_a_refusal_are_untouched() {
    let app = TestApp::spawn_with(&[LIMITED]).await;
    for (garbage, status) in garbage() {
        let mut connection = Raw::connect(app.address).await;
        let none = b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n";
        connection.send(&[none, none, &garbage[..]].concat()).await;
        for _ in 0..2 {
            let answer = connection.answer().await.unwrap();
            assert_eq!((answer.status, &answer.json().unwrap()["error"]["code"]), (404, &json!("not_found")));
        }
        assert_refused(connection, status).await;
    }
}

async fn assert_refused(mut connection: Raw, status: u16) {
    let refusal = connection.answer().await.unwrap();
    assert_eq!((refusal.status, refusal.header("connection")), (status, Some("close")));
    assert!(refusal.json().unwrap()["error"]["code"].is_string() && refusal.header("x-request-id").is_some());
    assert_eq!(connection.end().await, b"", "one refusal is enough");
}

/// As one who closes the sending half, whoever sends garbage behind a request that still runs is taken for gone.
#[actix_web::test]
async fn garbage_behind_a_running_request_ends_it_at_no_cost() {
    let app = TestApp::spawn_with(&[LIMITED]).await;
    let customer = app.customer("5").await;
    let asked = with(request("test/output-only", 5), json!({"simulator": {"wait_for": "never"}}));
    for (garbage, _) in garbage() {
        let mut connection = Raw::connect(app.address).await;
        connection.send(&[post(&customer, JSON, asked.to_string()), garbage].concat()).await;
        assert_eq!(connection.end().await, b"");
    }
    app.assert_books_agree().await;
    assert_eq!(app.balance(&customer).await, ("5".parse().unwrap(), "0".parse().unwrap()));
}

#[actix_web::test]
async fn long_streams_pass_unharmed() {
    let app = TestApp::spawn().await;
    let customer = app.customer("5").await;
    let asked = with(request("test/free", 4_000), json!({"stream": true}));
    let reading = Answer::read(app.post_chat(&customer, &asked).await);
    let answer = tokio::time::timeout(PATIENCE, reading).await.unwrap();
    assert_eq!((answer.status, answer.complete), (200, true));
    assert_eq!(answer.events().last(), Some(&json!("[DONE]")));
    let whole = app.chat(&customer, &request("test/free", 4_000)).await.json();
    assert_eq!(Some(answer.streamed_text().as_str()), whole["choices"][0]["message"]["content"].as_str());
}

#[actix_web::test]
async fn a_request_after_a_refusal_of_the_application_is_served() {
    let app = TestApp::spawn_with(&[LIMITED]).await;
    let customer = app.customer("5").await;
    let mut connection = Raw::connect(app.address).await;
    for _ in 0..3 {
        connection.send(&post(&customer, JSON, "{}")).await;
        let refused = connection.answer().await.unwrap();
        assert_eq!((refused.status, refused.json().unwrap()["error"]["code"].as_str()), (INVALID.0, Some(INVALID.1)));
        connection.send(&post(&customer, JSON, format!("{{{GOOD}}}"))).await;
        assert_eq!(connection.answer().await.unwrap().status, 200);
    }
}
