use std::time::Duration;

use actix_http::{HttpService, Protocol};
use actix_service::{IntoServiceFactory as _, Service as _, ServiceFactory as _, ServiceFactoryExt as _, map_config};
use actix_web::dev::AppConfig;
use actix_web::{App, Error, HttpResponse, web};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::*;

/// The head of a request may take so long here.
const HEAD: Duration = Duration::from_millis(50);

/// A client's end of a connection to a server that answers with `size` bytes at once.
fn client(pipe: usize, size: usize) -> DuplexStream {
    let (client, server) = duplex(pipe);
    actix_rt::spawn(async move {
        let answer = move || async move { HttpResponse::Ok().body("x".repeat(size)) };
        let app = App::new().default_service(web::to(answer)).into_factory();
        let app = app.map_err(|error: Error| error.error_response());
        let http = HttpService::build().client_request_timeout(HEAD).h1_allow_half_closed(false);
        let http = http.finish(map_config(app, |()| AppConfig::default()));
        let http = http.new_service(()).await.unwrap();
        let _ended = http.call((Connection::new(server), Protocol::Http1, None)).await;
    });
    client
}

async fn exchange(client: DuplexStream, request: &[u8]) -> String {
    let (mut reading, mut writing) = tokio::io::split(client);
    let mut answer = String::new();
    let (read, _refused) = futures_util::join!(reading.read_to_string(&mut answer), writing.write_all(request));
    read.unwrap();
    answer
}

fn assert_envelope(answer: &str, status: u16, code: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(answer.contains("\r\nx-request-id: ") && answer.contains(&format!("\"code\":\"{code}\"")), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
}

#[actix_rt::test]
async fn a_slow_head_is_told_so() {
    assert_envelope(&exchange(client(4096, 1), b"GET / HTT").await, 408, "request_timeout");
    assert_envelope(&exchange(client(4096, 1), b"").await, 408, "request_timeout");
}

#[actix_rt::test]
async fn a_refusal_passes_the_narrowest_pipe() {
    for pipe in [1, 7, 100] {
        assert_envelope(&exchange(client(pipe, 1), b"\x01\r\n\r\n").await, 400, "invalid_request");
    }
}

#[actix_rt::test]
async fn an_answer_before_a_refusal_is_untouched() {
    for (size, pipe) in [(1, 64), (100, 64), (1, 1 << 20), (100_000, 1 << 20)] {
        let answer = exchange(client(pipe, size), b"GET / HTTP/1.1\r\nhost: a\r\n\r\n\x01\r\n\r\n").await;
        let (head, rest) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK") && head.contains(&format!("content-length: {size}")), "{head}");
        let (body, refusal) = rest.split_at(size);
        assert!(body.bytes().all(|byte| byte == b'x'));
        assert_envelope(refusal, 400, "invalid_request");
    }
}

#[actix_rt::test]
async fn a_client_that_still_sends_reads_why_it_is_refused() {
    let head = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "y".repeat(1_000_000));
    assert_envelope(&exchange(client(4096, 1), head.as_bytes()).await, 431, "headers_too_large");
}
