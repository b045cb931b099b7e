//! Whatever an upstream or a client does, each hold ends once, and the charge is what was served.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use syntopen_shared::money::NanoUsd;

use crate::helpers::{Answer, Customer, TestApp, eventually, request, with};

/// What `test/output-only` costs per token.
const NANOS_PER_TOKEN: i64 = 1_000_000;
const RICH: &str = "5";
/// However often the upstream fails, it is asked.
const UNBROKEN: (&str, &str) = ("SYNTOPEN_BREAKER_FAILURES", "0");

fn faulty(tag: &str, stream: bool, fault: Value) -> Value {
    with(request("test/output-only", 60), json!({"stream": stream, "simulator": {"tag": tag, "fault": fault}}))
}

/// How many tokens the customer has paid for, when everything is booked and nothing is held any more.
async fn paid(app: &TestApp, customer: &Customer) -> i64 {
    app.assert_books_agree().await;
    let (posted, held) = app.balance(customer).await;
    assert_eq!(held, NanoUsd::ZERO);
    let spent = 5_000 * NANOS_PER_TOKEN - posted.nanos();
    assert_eq!(spent % NANOS_PER_TOKEN, 0);
    spent / NANOS_PER_TOKEN
}

#[actix_web::test]
async fn refusals_become_the_documented_errors_and_cost_nothing() {
    let app = TestApp::spawn_with(&[("SYNTOPEN_UPSTREAM_ATTEMPTS", "1"), UNBROKEN]).await;
    let customer = app.customer(RICH).await;
    let cases = [
        (400, 400, "invalid_request"),
        (401, 502, "upstream_error"),
        (403, 502, "upstream_error"),
        (404, 502, "upstream_error"),
        (408, 504, "upstream_timeout"),
        (409, 502, "upstream_error"),
        (413, 400, "invalid_request"),
        (422, 400, "invalid_request"),
        (429, 503, "upstream_unavailable"),
        (500, 502, "upstream_error"),
        (502, 502, "upstream_error"),
        (503, 503, "upstream_unavailable"),
        (529, 503, "upstream_unavailable"),
    ];
    for (upstream, status, code) in cases {
        for stream in [false, true] {
            let answer = app.chat(&customer, &faulty("refused", stream, json!({"status": upstream}))).await;
            assert_eq!(answer.error(), (status, code.to_owned()), "upstream {upstream}");
            assert_eq!(answer.header("content-type"), Some("application/json"), "upstream {upstream}");
            assert_eq!(answer.header("x-ratelimit-limit"), Some("100000"));
        }
    }
    for body in ["html", "empty", "garbage"] {
        let answer = app.chat(&customer, &faulty("body", false, json!({"status": 500, "body": body}))).await;
        assert_eq!(answer.error(), (502, "upstream_error".to_owned()), "{body}");
        assert!(!answer.text().to_lowercase().contains("<html"));
    }
    assert_eq!(paid(&app, &customer).await, 0);
}

#[actix_web::test]
async fn an_upstreams_rate_limit_is_not_the_customers() {
    let app = TestApp::spawn().await;
    let customer = app.customer(RICH).await;
    let fault = json!({"status": 429, "retry_after": "17"});
    let answer = app.chat(&customer, &faulty("limited", false, fault)).await;
    assert_eq!(answer.error(), (503, "upstream_unavailable".to_owned()));
    assert_eq!(answer.header("retry-after"), Some("17"));
    assert_eq!(answer.header("x-syntopen-attempts"), Some("1"), "17 s are too long to wait");
}

#[actix_web::test]
async fn what_passes_is_tried_again_and_charged_once() {
    let app = TestApp::spawn_with(&[UNBROKEN]).await;
    let customer = app.customer(RICH).await;
    let mut expected = 0;
    for (number, fault) in [
        json!({"status": 500, "times": 2}),
        json!({"status": 429, "retry_after": "0", "times": 1}),
        json!({"status": 408, "times": 1}),
        json!({"close_before_head": true, "times": 2}),
    ]
    .into_iter()
    .enumerate()
    {
        for stream in [false, true] {
            let answer = app.chat(&customer, &faulty(&format!("again-{number}-{stream}"), stream, fault.clone())).await;
            assert_eq!(answer.status, 200, "{fault} {}", answer.text());
            let attempts = 1 + fault["times"].as_u64().unwrap();
            assert_eq!(answer.header("x-syntopen-attempts"), Some(attempts.to_string().as_str()), "{fault}");
            expected += 60;
        }
    }
    assert_eq!(paid(&app, &customer).await, expected);
}

#[actix_web::test]
async fn an_upstream_that_never_answers_costs_nothing() {
    let app = TestApp::spawn_with(&[("SYNTOPEN_FIRST_BYTE_TIMEOUT_SECONDS", "1")]).await;
    let customer = app.customer(RICH).await;
    let answer = app.chat(&customer, &faulty("stalled", false, json!({"stall_before_head": true}))).await;
    assert_eq!(answer.error(), (504, "upstream_timeout".to_owned()));
    assert_eq!(paid(&app, &customer).await, 0);
}

#[actix_web::test]
async fn a_whole_answer_that_breaks_off_is_an_error_and_free() {
    let app = TestApp::spawn_with(&[("SYNTOPEN_IDLE_TIMEOUT_SECONDS", "1")]).await;
    let customer = app.customer(RICH).await;
    for fault in [json!({"cut_after": 3}), json!({"garbage_after": 2}), json!({"stall_after": 3})] {
        let answer = app.chat(&customer, &faulty("broken", false, fault.clone())).await;
        assert!(matches!(answer.status, 502 | 504), "{fault}: {}", answer.text());
    }
    assert_eq!(paid(&app, &customer).await, 0);
}

#[actix_web::test]
async fn a_stream_that_breaks_off_says_so_and_charges_what_came() {
    let app = TestApp::spawn_with(&[("SYNTOPEN_IDLE_TIMEOUT_SECONDS", "1")]).await;
    for (number, fault) in [
        json!({"cut_after": 20}),
        json!({"garbage_after": 20}),
        json!({"error_event_after": 20}),
        json!({"eof_without_done_after": 20}),
        json!({"stall_after": 20}),
    ]
    .into_iter()
    .enumerate()
    {
        let customer = app.customer(RICH).await;
        let tag = format!("cut-{number}");
        let answer = app.chat(&customer, &faulty(&tag, true, fault.clone())).await;
        let events = answer.events();
        assert_eq!(events.last().unwrap()["error"]["code"], "upstream_error", "{fault}");
        assert!(events.iter().all(|event| !event["choices"][0]["finish_reason"].is_string()), "{fault}");
        assert!(answer.complete, "{fault}");
        let received = events
            .iter()
            .filter(|event| event["choices"][0]["delta"]["content"].as_str().is_some_and(|text| !text.is_empty()));
        let received = i64::try_from(received.count()).unwrap();
        let served = i64::try_from(app.served(&tag).await.tokens_written).unwrap();
        let paid = paid(&app, &customer).await;
        assert!((received..=served).contains(&paid), "{fault}: received {received}, paid {paid}, served {served}");
        assert!(received >= 18, "{fault}: {received}");
    }
}

#[actix_web::test]
async fn a_client_that_leaves_before_the_head_pays_nothing_and_cancels_the_upstream() {
    let app = TestApp::spawn().await;
    for stream in [false, true] {
        let customer = app.customer(RICH).await;
        let tag = format!("early-{stream}");
        let asked = with(
            request("test/output-only", 60),
            json!({"stream": stream, "simulator": {"tag": tag, "wait_for": "never"}}),
        );
        let client = awc::Client::builder().disable_timeout().finish();
        let arrived = || async { (app.simulator.waiting_at("never") > 0).then_some(()) };
        tokio::select! {
            _ = app.post_chat_by(&client, &customer, &asked) => panic!("answered"),
            () = eventually("the request upstream", arrived) => {}
        }
        drop(client);
        let served = app.served(&tag).await;
        assert!(served.cancelled && !served.complete);
        assert_eq!(paid(&app, &customer).await, 0);
    }
}

#[actix_web::test]
async fn a_client_that_leaves_a_stream_pays_for_what_came() {
    let app = TestApp::spawn().await;
    for after in [1, 10, 40] {
        let customer = app.customer(RICH).await;
        let tag = format!("left-{after}");
        let asked =
            with(request("test/output-only", 2_000), json!({"stream": true, "simulator": {"tag": tag, "token_ms": 5}}));
        let client = awc::Client::builder().disable_timeout().finish();
        let mut response = app.post_chat_by(&client, &customer, &asked).await;
        let mut received = 0;
        while received < after {
            let part = response.next().await.unwrap().unwrap();
            received += i64::try_from(String::from_utf8_lossy(&part).matches("\"content\":\" ").count()).unwrap();
        }
        drop((response, client));
        let served = app.served(&tag).await;
        assert!(served.cancelled);
        let paid = paid(&app, &customer).await;
        let most = i64::try_from(served.tokens_written).unwrap();
        assert!((received..=most).contains(&paid), "received {received}, paid {paid}, served {most}");
        assert!(most < 2_000);
    }
}

#[actix_web::test]
async fn a_slow_reader_slows_the_upstream() {
    // Far more than the sockets on the way can hold.
    const TOKENS: u64 = 150_000;
    let app = TestApp::spawn().await;
    let customer = app.customer(RICH).await;
    let asked = with(request("test/free", TOKENS), json!({"stream": true, "simulator": {"tag": "slow"}}));
    let client = awc::Client::builder().disable_timeout().finish();
    let response = app.post_chat_by(&client, &customer, &asked).await;
    let written =
        || app.simulator.served().iter().find(|served| served.tag.as_deref() == Some("slow")).unwrap().tokens_written;
    // Nobody reads, until the upstream has got no further for a while.
    let mut before = 0;
    loop {
        actix_rt::time::sleep(Duration::from_millis(200)).await;
        let now = written();
        if now == before && now > 0 {
            break;
        }
        before = now;
    }
    assert!(before < TOKENS, "nobody reads, and still all was written");
    let answer = Answer::read(response).await;
    assert_eq!(answer.events().last(), Some(&json!("[DONE]")));
    assert_eq!(written(), TOKENS);
}

#[actix_web::test]
async fn explicit_zero_usage_is_zero() {
    let app = TestApp::spawn().await;
    let customer = app.customer(RICH).await;
    for stream in [false, true] {
        let answer = app.chat(&customer, &faulty("zero", stream, json!({"explicit_zero_usage": true}))).await;
        assert_eq!(answer.status, 200);
    }
    assert_eq!(paid(&app, &customer).await, 0);
}

#[actix_web::test]
async fn silence_is_bridged_by_comments() {
    let app = TestApp::spawn_with(&[("SYNTOPEN_KEEP_ALIVE_COMMENT_SECONDS", "1")]).await;
    let customer = app.customer(RICH).await;
    let asked = with(request("test/free", 3), json!({"stream": true, "simulator": {"token_ms": 1_200}}));
    let answer = app.chat(&customer, &asked).await;
    assert!(answer.text().contains(": keep-alive\n\n"), "{}", answer.text());
    assert!(answer.text().ends_with("data: [DONE]\n\n"));
}
