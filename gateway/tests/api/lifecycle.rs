//! Start, drain and stop.

use serde_json::json;

use crate::helpers::{Answer, TestApp, eventually, request, with};

#[actix_web::test]
async fn a_stop_lets_running_streams_finish_and_books_them() {
    let mut app = TestApp::spawn().await;
    let customer = app.customer("5").await;
    let asked = with(request("openai/gpt-4o-mini", 40), json!({"stream": true, "simulator": {"token_ms": 10}}));
    let response = app.post_chat(&customer, &asked).await;
    assert_eq!(response.status(), 200);
    app.request_stop();
    let answer = Answer::read(response).await;
    assert_eq!(answer.events().last(), Some(&json!("[DONE]")));
    app.stop();
    assert!(app.app.outbox.is_empty());
    assert!(app.client.get(app.url("/v1/models")).send().await.is_err(), "the port is closed");
}

#[actix_web::test]
async fn a_stop_ends_streams_that_take_too_long_and_charges_what_came() {
    let mut app = TestApp::spawn_with(&[("SYNTOPEN_DRAIN_SECONDS", "1")]).await;
    let customer = app.customer("5").await;
    let asked = with(
        request("test/output-only", 2_000),
        json!({"stream": true, "simulator": {"tag": "endless", "token_ms": 20}}),
    );
    let response = app.post_chat(&customer, &asked).await;
    app.request_stop();
    let answer = Answer::read(response).await;
    assert_ne!(answer.events().last(), Some(&json!("[DONE]")));
    app.stop();
    let again = TestApp::restart(app).await;
    let (posted, held) = again.balance(&customer).await;
    let paid = 5_000 - posted.nanos() / 1_000_000;
    assert_eq!(held.nanos(), 0);
    assert!((20..200).contains(&paid), "{paid}");
    again.assert_books_agree().await;
}

#[actix_web::test]
async fn a_stop_serves_on_while_balancers_look_elsewhere() {
    let app = TestApp::spawn_with(&[("SYNTOPEN_SHUTDOWN_DELAY_MS", "5000")]).await;
    let customer = app.customer("5").await;
    let ready = || async { app.client.get(format!("http://{}/readyz", app.ops)).send().await.unwrap().status() };
    assert_eq!(ready().await, 200);
    let before = app.post_chat(&customer, &request("openai/gpt-4o-mini", 5)).await;
    assert_eq!(before.headers().get("connection"), None);
    app.request_stop();
    assert_eq!(ready().await, 503);
    let asked = app.post_chat(&customer, &request("openai/gpt-4o-mini", 5)).await;
    assert_eq!(asked.status(), 200);
    assert_eq!(asked.headers().get("connection").unwrap(), "close");
}

#[actix_web::test]
async fn the_ops_port_answers_and_the_public_one_does_not() {
    let app = TestApp::spawn().await;
    let customer = app.customer("5").await;
    let ask = |address: std::net::SocketAddr, path: &'static str| {
        let get = app.client.get(format!("http://{address}{path}"));
        async move { Answer::read(get.send().await.unwrap()).await }
    };
    assert_eq!(app.chat(&customer, &request("openai/gpt-4o-mini", 5)).await.status, 200);
    app.settled().await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(ask(app.ops, path).await.status, 200);
        assert_eq!(ask(app.address, path).await.error(), (404, "not_found".to_owned()));
    }
    let metrics = ask(app.ops, "/metrics").await.text();
    for expected in [
        "gateway_requests_total{endpoint=\"chat_completions\",status=\"200\"} 1",
        "gen_ai_client_inference_usage_tokens_total{bucket=\"output\",gen_ai_provider_name=\"openai\",gen_ai_request_model=\"openai/gpt-4o-mini\"} 5",
        "gateway_settlements_parked_total 0",
        "gateway_panics_total 0",
    ] {
        assert!(metrics.contains(expected), "{expected} in {metrics}");
    }
    for private in [customer.api_key.as_str(), "France"] {
        assert!(!metrics.contains(private));
    }
}

#[actix_web::test]
async fn a_draining_gateway_is_not_ready() {
    let app = TestApp::spawn().await;
    let customer = app.customer("5").await;
    let asked = with(request("test/free", 50), json!({"stream": true, "simulator": {"token_ms": 20}}));
    let response = app.post_chat(&customer, &asked).await;
    let ready = || async {
        app.client.get(format!("http://{}/readyz", app.ops)).send().await.map(|answer| answer.status().as_u16())
    };
    assert_eq!(ready().await.ok(), Some(200));
    app.request_stop();
    eventually("503 from /readyz", || async { (ready().await.ok() == Some(503)).then_some(()) }).await;
    assert_eq!(Answer::read(response).await.events().last(), Some(&json!("[DONE]")));
}

#[actix_web::test]
async fn bodies_share_a_bounded_memory() {
    let app = TestApp::spawn_with(&[("SYNTOPEN_MAX_BODIES_BYTES", "1048576")]).await;
    let customer = app.customer("5").await;
    let large = json!([{ "role": "user", "content": "a ".repeat(300_000) }]);
    let asked = with(request("test/free", 5), json!({"messages": large}));
    let running = with(asked.clone(), json!({"simulator": {"wait_for": "second"}}));
    let second = async {
        eventually("the first upstream", || async { (app.simulator.waiting_at("second") == 1).then_some(()) }).await;
        let refused = app.chat(&customer, &asked).await;
        app.simulator.open_gate("second");
        refused.error()
    };
    let (first, refused) = futures_util::join!(app.chat(&customer, &running), second);
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(refused, (503, "service_unavailable".to_owned()));
    app.settled().await;
    assert_eq!(app.chat(&customer, &asked).await.status, 200, "the memory is given back");
}
