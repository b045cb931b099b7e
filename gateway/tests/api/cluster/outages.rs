//! The ledger is gone.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;
use syntopen_shared::wire::ledger::FinishKind;
use tempfile::TempDir;

use super::Services;
use crate::helpers::{Answer, eventually, request, with};

const PROGRAM: &str = env!("CARGO_BIN_EXE_syntopen-gateway");

#[actix_web::test]
async fn without_the_ledger_nothing_begins_and_streams_come_to_their_end() {
    let mut services = Services::start(2, 1).await;
    let app = services.gateway_with(&[("SYNTOPEN_SETTLE_WAIT_MS", "100")]).await;
    let customer = app.customer("5").await;
    eventually("readiness", || async { (app.readiness().await == 200).then_some(()) }).await;
    let asked = with(request("test/output-only", 40), json!({"stream": true, "simulator": {"token_ms": 20}}));
    let running = app.post_chat(&customer, &asked).await;
    assert_eq!(running.status(), 200);

    services.ledgers.iter_mut().for_each(super::LedgerService::kill);
    let refused = app.chat(&customer, &request("test/free", 1)).await;
    assert_eq!(refused.error(), (503, "service_unavailable".to_owned()));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(app.get(&customer, "/v1/key").await.error(), (503, "service_unavailable".to_owned()));
    eventually("no readiness", || async { (app.readiness().await == 503).then_some(()) }).await;
    // What was never sent leaves nothing behind: the one entry is the stream's.
    assert_eq!(app.chat(&customer, &request("test/free", 1)).await.status, 503);
    eventually("one entry", || async { (app.app.outbox.unapplied() == 1).then_some(()) }).await;
    let answer = Answer::read(running).await;
    assert_eq!(answer.events().last(), Some(&json!("[DONE]")));
    assert!(!app.app.outbox.is_empty());

    services.ledgers.iter_mut().for_each(super::LedgerService::run);
    app.settled().await;
    eventually("readiness", || async { (app.readiness().await == 200).then_some(()) }).await;
    let (posted, held) = app.balance(&customer).await;
    assert_eq!((posted.to_decimal(), held.nanos()), ("4.96".to_owned(), 0));
    assert_eq!(app.chat(&customer, &request("test/free", 1)).await.status, 200);
    app.assert_books_agree().await;
}

#[actix_web::test]
async fn a_hold_without_an_answer_is_released() {
    let services = Services::start(1, 1).await;
    let app = services.gateway().await;
    let customer = app.customer("5").await;
    let control = &services.ledgers[0].control;
    control.fail(&["/holds"]);
    let refused = app.chat(&customer, &request("test/output-only", 10)).await;
    assert_eq!(refused.error(), (503, "service_unavailable".to_owned()));
    app.settled().await;
    let kinds: Vec<_> = control.finishes.lock().unwrap().iter().map(|finish| finish.kind).collect();
    assert_eq!(kinds, [FinishKind::Release]);
    control.fail(&[]);
    assert_eq!(app.chat(&customer, &request("test/output-only", 10)).await.status, 200);
    app.assert_books_agree().await;
}

#[actix_web::test]
async fn a_wrong_token_is_told_in_the_log_and_serves_nobody() {
    let services = Services::start(1, 1).await;
    let data_dir = TempDir::new().unwrap();
    let mut program = Command::new(PROGRAM);
    program.env_clear().envs(services.settings()).env("SYNTOPEN_CLUSTER_TOKEN", "another");
    program.env("SYNTOPEN_LISTEN", "127.0.0.1:0").env("SYNTOPEN_OPS_LISTEN", "127.0.0.1:0");
    program.env("SYNTOPEN_DATA_DIR", data_dir.path().join("data")).stderr(Stdio::piped());
    let mut program = Running(program.spawn().unwrap());
    let log = BufReader::new(program.0.stderr.take().unwrap());
    let (line, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || log.lines().map_while(Result::ok).try_for_each(|text| line.send(text)));
    let next = |part: &'static str| {
        std::iter::repeat_with(|| lines.recv_timeout(crate::helpers::PATIENCE).unwrap())
            .find(|line| line.contains(part))
            .unwrap()
    };
    let ready = next("its base URL is http://");
    let base = ready.split("its base URL is ").nth(1).unwrap().split_whitespace().next().unwrap();
    let get = awc::Client::new().get(format!("{base}/models"));
    let get = get.insert_header(("authorization", "Bearer sk-syn-0123456789012345678901234567890123456789012"));
    assert_eq!(Answer::read(get.send().await.unwrap()).await.error(), (503, "service_unavailable".to_owned()));
    assert!(next("SYNTOPEN_CLUSTER_TOKEN must be the same").contains("ERROR"));
    assert!(!data_dir.path().join("data").exists(), "a node of a cluster keeps nothing");
}

struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
