//! Whole answers, and the GET endpoints.

use serde_json::json;
use syntopen_shared::money::NanoUsd;

use crate::helpers::{CATALOG, TestApp, UPSTREAM_KEY, eventually, request, with};

#[actix_web::test]
async fn a_completion_costs_what_the_catalog_says() {
    let app = TestApp::spawn().await;
    let customer = app.customer("5").await;
    let asked = with(
        request("openai/gpt-4o-mini", 40),
        json!({"simulator": {"tag": "cost", "cached_tokens": 4, "reasoning_tokens": 10}}),
    );

    let answer = app.chat(&customer, &asked).await;

    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["model"], "openai/gpt-4o-mini");
    assert_eq!(body["provider"], "openai");
    assert_eq!(body["choices"][0]["message"]["role"], "assistant");
    let usage = &body["usage"];
    let prompt = usage["prompt_tokens"].as_i64().unwrap();
    assert_eq!(usage["completion_tokens"], 40);
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 4);
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 10);
    // $0.15, $0.075 and $0.60 per million are 150, 75 and 600 nano-dollars per token.
    let cost = NanoUsd::new((prompt - 4) * 150 + 4 * 75 + 40 * 600);
    assert_eq!(usage["cost"].to_string(), cost.to_decimal());
    app.settled().await;
    assert_eq!(app.balance(&customer).await, (NanoUsd::new(5_000_000_000 - cost.nanos()), NanoUsd::ZERO));
    let report = app.get(&customer, "/api/v1/key").await.json();
    assert_eq!(report["spent_usd"]["total"], cost.to_decimal());
    assert_eq!(report["label"], "test");
    app.assert_books_agree().await;
}

#[actix_web::test]
async fn every_answer_has_its_headers() {
    let app = TestApp::spawn().await;
    let customer = app.customer_with("5", |key| key.rpm = 60).await;
    let answer = app.chat(&customer, &request("openai/gpt-4o-mini", 5)).await;
    assert_eq!(answer.header("x-ratelimit-limit"), Some("60"));
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("59"));
    assert_eq!(answer.header("x-ratelimit-reset"), Some("60"));
    assert_eq!(answer.header("x-syntopen-attempts"), Some("1"));
    assert_eq!(answer.header("x-request-id").map(str::len), Some(36));
}

#[actix_web::test]
async fn upstream_and_customer_learn_nothing_of_each_other() {
    let app = TestApp::spawn().await;
    let customer = app.customer("5").await;
    let asked = with(request("openai/gpt-4o-mini", 5), json!({"models": ["test/free"], "simulator": {"tag": "leak"}}));
    let sent = app
        .client
        .post(app.url("/v1/chat/completions"))
        .insert_header(("authorization", format!("bearer {}", customer.api_key)))
        .insert_header(("content-type", "application/json; charset=utf-8"))
        .insert_header(("cookie", "session=private"))
        .insert_header(("x-request-id", "the-customers-own"))
        .insert_header(("x-internal", "private"))
        .send_body(asked.to_string());
    let answer = crate::helpers::Answer::read(sent.await.unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());

    let served = app.served("leak").await;
    let seen = format!("{:?} {}", served.headers, served.body);
    for private in [customer.api_key.as_str(), "session=private", "the-customers-own", "x-internal", "test/free"] {
        assert!(!seen.contains(private), "the upstream saw {private}");
    }
    assert_eq!(served.model, "gpt-4o-mini");
    let told = format!("{:?} {}", answer.headers, answer.text());
    for private in [UPSTREAM_KEY, "simulator.invalid", &app.simulator.base_url()] {
        assert!(!told.contains(private), "the customer was told {private}");
    }
    assert_ne!(answer.header("x-request-id"), Some("the-customers-own"));
}

#[actix_web::test]
async fn parameters_go_upstream_as_they_were_sent() {
    let app = TestApp::spawn().await;
    let customer = app.customer("5").await;
    let body = r#"{"model":"openai/gpt-4o-mini","temperature":1.10,"messages":[{"role":"user","content":"a\u00e9b"}],
        "unknown":{"big":12345678901234567890,"list":[1.0,1e2]},"simulator":{"tag":"raw"},"seed":-9007199254740993,"max_tokens":4}"#;
    let sent = app
        .client
        .post(app.url("/api/v1/chat/completions"))
        .insert_header(("authorization", format!("Bearer {}", customer.api_key)))
        .insert_header(("content-type", "application/json"))
        .send_body(body);
    assert_eq!(sent.await.unwrap().status(), 200);
    let served = app.served("raw").await;
    assert_eq!(served.body, body.replace("openai/gpt-4o-mini", "gpt-4o-mini"));
}

#[actix_web::test]
async fn models_are_listed_and_found_by_ids_with_a_slash() {
    let app = TestApp::spawn().await;
    let customer = app.customer("0").await;
    for base in ["/api/v1", "/v1", "//api/v1"] {
        let list = app.get(&customer, &format!("{base}/models")).await.json();
        assert_eq!(list["object"], "list");
        assert_eq!(list["data"].as_array().unwrap().len(), 3);
        for id in ["openai/gpt-4o-mini", "openai%2Fgpt-4o-mini", "openai%2fgpt-4o-mini"] {
            let model = app.get(&customer, &format!("{base}/models/{id}")).await.json();
            assert_eq!(model["id"], "openai/gpt-4o-mini", "{base} {id}");
            assert_eq!(model["context_length"], 128_000);
            assert_eq!(model["pricing"]["prompt"], "0.00000015");
        }
    }
    assert_eq!(app.get(&customer, "/v1/models/openai/none").await.error(), (404, "model_not_found".to_owned()));
}

#[actix_web::test]
async fn a_key_is_held_to_its_models() {
    let app = TestApp::spawn().await;
    let customer = app.customer_with("5", |key| key.allowed_models = Some(vec!["test/free".to_owned()])).await;
    let refused = app.chat(&customer, &request("openai/gpt-4o-mini", 5)).await;
    assert_eq!(refused.error(), (403, "model_not_allowed".to_owned()));
    assert_eq!(app.chat(&customer, &request("test/free", 5)).await.status, 200);
    let list = app.get(&customer, "/v1/models").await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn a_changed_catalog_is_taken_and_a_wrong_one_is_not() {
    let app = TestApp::spawn().await;
    let customer = app.customer("5").await;
    let price = || async {
        let model = app.get(&customer, "/v1/models/openai/gpt-4o-mini").await.json();
        model["pricing"]["input_per_million"].as_str().unwrap().to_owned()
    };
    app.write_catalog(&CATALOG.replace("\"0.15\"", "\"0.25\""));
    eventually("the new price", || async { (price().await == "0.25").then_some(()) }).await;

    app.write_catalog(&CATALOG.replace("\"0.15\"", "0.35"));
    let watched = || async { app.app.catalog.is_refused().then_some(()) };
    eventually("the wrong catalog to be refused", watched).await;
    assert_eq!(price().await, "0.25");
}
