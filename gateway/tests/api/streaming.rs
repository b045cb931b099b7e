//! Streamed answers.

use serde_json::json;
use syntopen_shared::money::NanoUsd;

use crate::helpers::{TestApp, request, with};

#[actix_web::test]
async fn a_stream_is_chunks_then_done() {
    let app = TestApp::spawn().await;
    let customer = app.customer("5").await;
    let asked = with(request("openai/gpt-4o-mini", 20), json!({"stream": true}));
    let answer = app.chat(&customer, &asked).await;

    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
    let events = answer.events();
    assert_eq!(events.last(), Some(&json!("[DONE]")));
    let chunks = &events[..events.len() - 1];
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    assert!(chunks.iter().all(|chunk| chunk["object"] == "chat.completion.chunk"));
    assert!(chunks.iter().all(|chunk| chunk["model"] == "openai/gpt-4o-mini"));
    assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none() && chunk["choices"][0].is_object()));
    assert_eq!(chunks.iter().filter(|chunk| chunk["choices"][0]["finish_reason"].is_string()).count(), 1);
    app.assert_books_agree().await;
}

#[actix_web::test]
async fn usage_comes_last_when_it_is_asked_for() {
    let app = TestApp::spawn().await;
    let customer = app.customer("5").await;
    let asked =
        with(request("openai/gpt-4o-mini", 20), json!({"stream": true, "stream_options": {"include_usage": true}}));
    let events = app.chat(&customer, &asked).await.events();
    let (usage, others) = (&events[events.len() - 2], &events[..events.len() - 2]);
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"]["completion_tokens"], 20);
    let cost = usage["usage"]["prompt_tokens"].as_i64().unwrap() * 150 + 20 * 600;
    assert_eq!(usage["usage"]["cost"].to_string(), NanoUsd::new(cost).to_decimal());
    assert!(others.iter().all(|chunk| chunk.get("usage") == Some(&json!(null))));
}

#[actix_web::test]
async fn streamed_and_whole_answers_say_the_same() {
    let app = TestApp::spawn().await;
    let customer = app.customer("5").await;
    let asked = request("openai/gpt-4o-mini", 50);
    let whole = app.chat(&customer, &asked).await.json();
    let streamed = app.chat(&customer, &with(asked.clone(), json!({"stream": true}))).await;
    assert_eq!(streamed.streamed_text(), whole["choices"][0]["message"]["content"].as_str().unwrap());
    let split = with(asked, json!({"stream": true, "simulator": {"fault": {"byte_by_byte": true, "crlf": true}}}));
    let split = app.chat(&customer, &split).await;
    assert_eq!(split.events().last(), Some(&json!("[DONE]")));
    assert!(!split.streamed_text().contains('\u{fffd}'));
}

#[actix_web::test]
async fn several_choices_each_finish() {
    let app = TestApp::spawn().await;
    let customer = app.customer("5").await;
    let asked = with(
        request("openai/gpt-4o-mini", 10),
        json!({"stream": true, "n": 3, "stream_options": {"include_usage": true}}),
    );
    let events = app.chat(&customer, &asked).await.events();
    let finished = events.iter().filter(|event| event["choices"][0]["finish_reason"].is_string()).count();
    assert_eq!(finished, 3);
    assert_eq!(events[events.len() - 2]["usage"]["completion_tokens"], 30);
}

#[actix_web::test]
async fn missing_usage_is_counted() {
    let app = TestApp::spawn().await;
    let customer = app.customer("5").await;
    for stream in [false, true] {
        let tag = format!("missing-{stream}");
        let control = json!({"stream": stream, "simulator": {"tag": tag, "fault": {"missing_usage": true}}});
        let before = app.balance(&customer).await.0;
        let answer = app.chat(&customer, &with(request("openai/gpt-4o-mini", 30), control)).await;
        assert_eq!(answer.status, 200);
        app.settled().await;
        let served = app.served(&tag).await;
        let charged = before.nanos() - app.balance(&customer).await.0.nanos();
        let expected = served.prompt_tokens * 150 + 30 * 600;
        assert_eq!(charged, i64::try_from(expected).unwrap(), "streamed: {stream}");
    }
}

#[actix_web::test]
async fn an_answer_whose_end_is_missing_is_complete_all_the_same() {
    let app = TestApp::spawn_with(&[("SYNTOPEN_IDLE_TIMEOUT_SECONDS", "1")]).await;
    let customer = app.customer("5").await;
    // Role, ten tokens and the finish come; usage and [DONE] do not.
    for fault in ["cut_after", "stall_after", "eof_without_done_after"] {
        let tag = format!("endless-{fault}");
        let control = json!({"stream": true, "simulator": {"tag": tag, "fault": { fault: 12 }}});
        let before = app.balance(&customer).await.0;
        let answer = app.chat(&customer, &with(request("openai/gpt-4o-mini", 10), control)).await;
        assert_eq!(answer.events().last(), Some(&json!("[DONE]")), "{fault}: {}", answer.text());
        app.settled().await;
        let charged = before.nanos() - app.balance(&customer).await.0.nanos();
        let served = app.served(&tag).await;
        assert_eq!(charged, i64::try_from(served.prompt_tokens * 150 + 10 * 600).unwrap(), "{fault}");
    }
    app.assert_books_agree().await;
}
