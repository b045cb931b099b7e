//! A client that goes takes its upstream call with it, whatever the gateway is at, and pays for what came.

use awc::Client;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::helpers::{Answer, Customer, TestApp, eventually, request, with};

/// Asks, and leaves as soon as `moment` has come.
async fn leave_when(app: &TestApp, asked: (&Customer, &Value), moment: impl Future<Output = ()>) {
    let client = Client::builder().disable_timeout().finish();
    let (customer, body) = asked;
    let asking = async {
        let response = app.post_chat_by(&client, customer, body).await;
        let answer = Answer::read(response).await;
        panic!("answered: {}", answer.text());
    };
    tokio::select! {
        () = asking => {}
        () = moment => {}
    }
}

async fn nothing_runs_upstream(app: &TestApp) {
    eventually("the end of every upstream call", || async { (app.simulator.inflight() == 0).then_some(()) }).await;
}

async fn spent(app: &TestApp, customer: &Customer) -> i64 {
    app.assert_books_agree().await;
    let (posted, held) = app.balance(customer).await;
    assert_eq!(held.nanos(), 0);
    5_000_000_000 - posted.nanos()
}

#[actix_web::test]
async fn while_waiting_for_the_next_attempt_nothing_is_charged_and_nobody_called_again() {
    let app = TestApp::spawn().await;
    for stream in [false, true] {
        let customer = app.customer("5").await;
        let tag = format!("waiting-{stream}");
        let fault = json!({"status": 503, "retry_after": "5", "times": 1});
        let asked =
            with(request("test/output-only", 60), json!({"stream": stream, "simulator": {"tag": tag, "fault": fault}}));
        let refused = async { drop(app.served(&tag).await) };
        leave_when(&app, (&customer, &asked), refused).await;
        assert_eq!(spent(&app, &customer).await, 0);
        nothing_runs_upstream(&app).await;
        let calls = app.simulator.served().iter().filter(|served| served.tag.as_deref() == Some(&tag)).count();
        assert_eq!(calls, 1, "its hold has ended, and with it the request");
    }
}

#[actix_web::test]
async fn in_the_middle_of_a_whole_answer_the_input_is_charged() {
    let app = TestApp::spawn().await;
    let customer = app.customer("5").await;
    let asked = with(
        request("openai/gpt-4o-mini", 2_000),
        json!({"simulator": {"tag": "json", "fault": {"slow_body_ms": 20_000}}}),
    );
    let record = || app.simulator.served().into_iter().find(|served| served.tag.as_deref() == Some("json"));
    // The first part is written two seconds after the head.
    let begun = || async { record().filter(|served| served.tokens_written > 0).map(drop) };
    leave_when(&app, (&customer, &asked), eventually("the first part", begun)).await;
    let served = app.served("json").await;
    assert!(served.cancelled && !served.complete);
    nothing_runs_upstream(&app).await;
    let spent = spent(&app, &customer).await;
    // Counted by our tokenizer, which agrees with the simulator's to a few tokens.
    let input = i64::try_from(served.prompt_tokens).unwrap() * 150;
    assert!((input / 2..=input * 2).contains(&spent), "{spent} for {} tokens", served.prompt_tokens);
}

#[actix_web::test]
async fn between_two_chunks_what_came_is_charged() {
    let app = TestApp::spawn().await;
    let customer = app.customer("5").await;
    let asked = with(
        request("test/output-only", 2_000),
        json!({"stream": true, "simulator": {"tag": "stream", "fault": {"stall_after": 30}}}),
    );
    let client = Client::builder().disable_timeout().finish();
    let mut response = app.post_chat_by(&client, &customer, &asked).await;
    let mut received = 0;
    // The first of thirty chunks names the role, and the first word has no space before it.
    while received < 28 {
        let part = response.next().await.unwrap().unwrap();
        received += i64::try_from(String::from_utf8_lossy(&part).matches("\"content\":\" ").count()).unwrap();
    }
    drop((response, client));
    assert!(app.served("stream").await.cancelled);
    nothing_runs_upstream(&app).await;
    assert_eq!(spent(&app, &customer).await, 29 * 1_000_000);
}
