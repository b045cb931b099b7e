//! Upstreams that answer byte by byte as written here: oddities that the simulator, which is a good server, has not.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use crate::helpers::{Answer, CATALOG, Customer, TestApp, eventually, request, with};

/// What one connection is answered: pieces, each a write of its own when the one before has been read.
type Script = Vec<String>;

/// Listens for good, and answers the first connection with the first script and so on; the last one serves the rest.
/// A connection without a script is held and not answered. Returns the base URL.
fn upstream(scripts: Vec<Script>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let script = scripts[number.min(scripts.len() - 1)].clone();
            std::thread::spawn(move || answer(stream.unwrap(), &script));
        }
    });
    url
}

/// Answers one request, and holds the connection until the gateway closes it.
fn answer(mut stream: TcpStream, script: &[String]) {
    let (mut received, mut piece) = (Vec::new(), [0; 16_384]);
    while !is_whole(&received) {
        let Ok(read @ 1..) = stream.read(&mut piece) else { return };
        received.extend_from_slice(&piece[..read]);
    }
    for part in script {
        // A test that is over, or a gateway that has heard enough, has closed it.
        if stream.write_all(part.as_bytes()).is_err() {
            return;
        }
        // So that the next piece is a read of its own at the other end.
        std::thread::sleep(Duration::from_millis(50));
    }
    while matches!(stream.read(&mut piece), Ok(1..)) {}
}

fn is_whole(received: &[u8]) -> bool {
    let text = String::from_utf8_lossy(received).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    body.len() >= length.parse::<usize>().unwrap()
}

fn json_answer(status: &str, body: &Value) -> Script {
    let body = body.to_string();
    vec![format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )]
}

fn stream(parts: &[&str]) -> Script {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
    let chunked = parts.iter().map(|part| format!("{:x}\r\n{part}\r\n", part.len()));
    std::iter::once(head).chain(chunked).chain(["0\r\n\r\n".to_owned()]).collect()
}

fn chunk(index: u32, text: &str, finish: Value) -> String {
    let choice = json!({"index": index, "delta": {"content": text}, "finish_reason": finish});
    format!("data: {}", json!({"id": "x", "object": "chat.completion.chunk", "created": 1, "choices": [choice]}))
}

/// One choice, whole: `hello`, and its finish.
fn whole_choice() -> String {
    format!("{}\n\n{}\n\n", chunk(0, "hello", Value::Null), chunk(0, "", json!("stop")))
}

fn error_in_200() -> Value {
    json!({"error": {"message": "overloaded", "code": 503}})
}

struct Asked {
    app: TestApp,
    customer: Customer,
    answer: Answer,
}

async fn ask(scripts: Vec<Script>, more: Value) -> Asked {
    let url = upstream(scripts);
    let app = TestApp::spawn_with(&[("SIMULATOR_BASE_URL", &url)]).await;
    let customer = app.customer("5").await;
    let answer = app.chat(&customer, &with(request("openai/gpt-4o-mini", 100), more)).await;
    Asked { app, customer, answer }
}

impl Asked {
    /// What was paid, when all is booked and nothing has panicked.
    async fn paid(&self) -> i64 {
        self.app.assert_books_agree().await;
        assert_eq!(self.app.app.metrics.panics.get(), 0);
        5_000_000_000 - self.app.balance(&self.customer).await.0.nanos()
    }

    fn ends_whole(&self) -> bool {
        self.answer.events().last() == Some(&json!("[DONE]"))
    }

    fn ends_with_an_error(&self) -> bool {
        let events = self.answer.events();
        let finished = events.iter().any(|event| event["choices"][0]["finish_reason"].is_string());
        !finished && events.last().is_some_and(|event| event["error"]["code"] == "upstream_error")
    }
}

#[actix_web::test]
async fn a_last_event_without_its_blank_line_is_an_event() {
    let cut = whole_choice().trim_end().to_owned() + "\n";
    let asked = ask(vec![stream(&[&cut])], json!({"stream": true})).await;
    assert!(asked.ends_whole(), "{}", asked.answer.text());
    assert!(asked.paid().await > 0);
}

#[actix_web::test]
async fn figures_that_stop_before_the_text_does_are_not_the_last_word() {
    let early = json!({"id": "x", "choices": [{"index": 0, "delta": {"role": "assistant"}, "finish_reason": null}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 0, "total_tokens": 7}});
    let first = format!("data: {early}\n\n");
    let asked = ask(vec![stream(&[&first, &whole_choice(), "data: [DONE]\n\n"])], json!({"stream": true})).await;
    assert!(asked.ends_whole(), "{}", asked.answer.text());
    // Seven tokens as the provider said, and one that is counted: `hello`.
    assert_eq!(asked.paid().await, 7 * 150 + 600);
}

#[actix_web::test]
async fn rubbish_behind_the_finish_takes_nothing_away() {
    let (choice, rubbish) = (whole_choice(), "data: rubbish\n\n");
    for parts in [vec![format!("{choice}{rubbish}")], vec![choice, rubbish.to_owned()]] {
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let asked = ask(vec![stream(&parts)], json!({"stream": true})).await;
        assert!(asked.ends_whole(), "{}", asked.answer.text());
        assert!(asked.paid().await > 0);
    }
}

#[actix_web::test]
async fn choices_one_after_another_must_all_finish() {
    let half = format!("{}\n\n", chunk(1, "half an ans", Value::Null));
    let error = format!("{half}data: {}\n\n", error_in_200());
    for second in [half, error] {
        let asked = ask(vec![stream(&[&whole_choice(), &second])], json!({"stream": true, "n": 2})).await;
        assert!(asked.ends_with_an_error(), "{}", asked.answer.text());
        assert!(asked.paid().await > 0, "what came is paid for");
    }
    // A server that knows no `n` gives one choice and ends in good order.
    let asked = ask(vec![stream(&[&whole_choice(), "data: [DONE]\n\n"])], json!({"stream": true, "n": 2})).await;
    assert!(asked.ends_whole(), "{}", asked.answer.text());
}

#[actix_web::test]
async fn a_stream_that_fails_before_its_first_chunk_is_tried_again_and_free() {
    let failing = format!("data: {}\n\n", error_in_200());
    let good = stream(&[&whole_choice(), "data: [DONE]\n\n"]);
    for first in [stream(&[&failing]), json_answer("200 OK", &error_in_200())] {
        let asked = ask(vec![first.clone(), good.clone()], json!({"stream": true})).await;
        assert!(asked.ends_whole(), "{}", asked.answer.text());
        assert_eq!(asked.answer.header("x-syntopen-attempts"), Some("2"));
        let asked = ask(vec![first], json!({"stream": true})).await;
        assert!(matches!(asked.answer.status, 502 | 503), "{}", asked.answer.text());
        assert_eq!(asked.paid().await, 0);
    }
}

#[actix_web::test]
async fn what_a_failed_attempt_began_is_not_charged_to_a_client_that_leaves() {
    let url = upstream(vec![json_answer("200 OK", &error_in_200()), Script::new()]);
    let app = TestApp::spawn_with(&[("SIMULATOR_BASE_URL", &url)]).await;
    let customer = app.customer("5").await;
    let client = awc::Client::builder().disable_timeout().finish();
    let asked = request("openai/gpt-4o-mini", 100);
    let waiting = app.post_chat_by(&client, &customer, &asked);
    assert!(
        actix_rt::time::timeout(Duration::from_secs(1), waiting).await.is_err(),
        "the second attempt is not answered"
    );
    drop(client);
    app.assert_books_agree().await;
    assert_eq!(app.balance(&customer).await.0.nanos(), 5_000_000_000);
}

#[actix_web::test]
async fn another_upstream_need_not_wait_for_the_first() {
    let choice = json!({"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"});
    let usage = json!({"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2});
    let busy =
        upstream(vec![json_answer("429 Too Many Requests\r\nretry-after: 20", &json!({"error": {"message": "slow"}}))]);
    let free = upstream(vec![json_answer("200 OK", &json!({"choices": [choice], "usage": usage}))]);
    let app = TestApp::spawn().await;
    let second = format!(
        "[upstreams.second]\nprovider = \"openai\"\nbase_url = \"{free}\"\napi_key_env = \"SIMULATOR_API_KEY\"\n"
    );
    let catalog =
        CATALOG.replace("base_url_env = \"SIMULATOR_BASE_URL\"\n", "").replace("http://127.0.0.1:1/v1", &busy).replace(
            "model = \"gpt-4o-mini\" }]",
            "model = \"a\" }, { upstream = \"second\", model = \"b\", priority = 1 }]",
        );
    app.write_catalog(&(second + &catalog));
    let customer = app.customer("5").await;
    let two = || async {
        let current = app.app.catalog.current();
        (current.model("openai/gpt-4o-mini").unwrap().candidates.len() == 2).then_some(())
    };
    eventually("the new catalog", two).await;
    let answer = app.chat(&customer, &request("openai/gpt-4o-mini", 10)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("x-syntopen-attempts"), Some("2"));
}

#[actix_web::test]
async fn a_client_that_stops_reading_holds_nothing_for_long() {
    const TOKENS: u64 = 150_000;
    let app = TestApp::spawn_with(&[("SYNTOPEN_IDLE_TIMEOUT_SECONDS", "1")]).await;
    let customer = app.customer("5").await;
    let asked = with(request("test/free", TOKENS), json!({"stream": true, "simulator": {"tag": "stalled"}}));
    let client = awc::Client::builder().disable_timeout().finish();
    let response = app.post_chat_by(&client, &customer, &asked).await;
    app.assert_books_agree().await;
    assert_eq!(app.balance(&customer).await.1.nanos(), 0, "nothing is held any more");
    assert!(app.served("stalled").await.cancelled);
    let answer = Answer::read(response).await;
    assert_eq!(answer.events().last().unwrap()["error"]["code"], "request_timeout");
}
