//! The record says what came and what went out, no more and no less.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use syntopen_loadtest::simulator::{Durability, LogFile, Simulator, SimulatorSettings};

use crate::client::{Client, ask, question, record_when, request, start, stream_question};

#[test]
fn says_what_came() {
    let simulator = start();
    let body = question(json!({"tag": "mine", "tokens": 2})).to_string();
    let mut client = Client::connect(&simulator);
    client.send(request("POST /v1/chat/completions", "Authorization: Bearer k\r\nX-Trace: A b\r\n", &body).as_bytes());
    let answer = client.answer().unwrap().json();
    let served = simulator.served().pop().unwrap();
    assert_eq!((served.id, served.tag.as_deref(), served.model.as_str()), (1, Some("mine"), "gpt-4o"));
    assert_eq!((served.request.as_str(), served.body), ("POST /v1/chat/completions", body));
    assert!(served.headers.contains(&("x-trace".to_owned(), "A b".to_owned())));
    assert!(served.headers.contains(&("authorization".to_owned(), "Bearer k".to_owned())));
    assert_eq!(answer["usage"]["prompt_tokens"], served.prompt_tokens);
    assert_eq!((served.status, served.completion_tokens, served.tokens_written), (200, 2, 2));
    assert!(served.complete && served.ended && !served.cancelled);
}

#[test]
fn is_complete_when_the_client_has_the_end() {
    let simulator = start();
    let mut client = Client::connect(&simulator);
    for count in 1..=200 {
        client.post(&stream_question(json!({"tokens": 3})));
        let served = simulator.served();
        assert!(served.len() == count && served[count - 1].complete, "no polling is needed");
        assert_eq!((served[count - 1].tokens_written, simulator.inflight()), (3, 0));
    }
}

#[test]
fn counts_no_fewer_tokens_than_a_client_saw() {
    let simulator = start();
    let mut client = Client::connect(&simulator);
    client.begin(&stream_question(json!({"tokens": 60, "token_ms": 600_000})));
    client.wait_for("river");
    assert_eq!(simulator.served()[0].tokens_written, 1);
    drop(client);
    let served = record_when(&simulator, |served| served.ended);
    assert_eq!((served.tokens_written, served.completion_tokens), (1, 60));
    assert!(served.cancelled && !served.complete);
}

#[test]
fn keeps_no_more_than_it_is_told() {
    let simulator = Simulator::start(SimulatorSettings { records: 3, ..SimulatorSettings::default() }).unwrap();
    let mut client = Client::connect(&simulator);
    for _ in 0..5 {
        client.post(&question(json!({})));
    }
    assert_eq!(simulator.served().iter().map(|served| served.id).collect::<Vec<_>>(), [3, 4, 5]);
}

#[test]
fn is_read_over_http() {
    let simulator = start();
    let mut client = Client::connect(&simulator);
    for tag in ["a", "b", "a"] {
        client.post(&question(json!({"tag": tag})));
    }
    assert_eq!(client.get("/simulator/served").json()["served"].as_array().unwrap().len(), 3);
    let of_tag = client.get("/simulator/served?tag=a").json();
    assert_eq!(of_tag["served"][1]["id"], 3);
    assert_eq!(of_tag["served"].as_array().unwrap().len(), 2);
}

fn lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_file_has_each_step_before_it_is_taken() {
    for durability in [Durability::Process, Durability::Disk] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let log = Some(LogFile { path: path.clone(), durability });
        let simulator = Simulator::start(SimulatorSettings { log, ..SimulatorSettings::default() }).unwrap();
        ask(&simulator, &stream_question(json!({"tokens": 2, "tag": "t"})));
        let lines = lines(&path);
        let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
        assert_eq!(events, ["start", "chunk", "chunk", "end"]);
        assert!(lines.iter().all(|line| line["id"] == 1 && line["tag"] == "t"));
        assert_eq!((&lines[1]["tokens_written"], &lines[3]["tokens_written"]), (&json!(1), &json!(2)));
        assert_eq!((&lines[3]["complete"], &lines[3]["status"]), (&json!(true), &json!(200)));
        assert!(lines[0]["body"].as_str().unwrap().contains("Hello, world!"));
    }
}

#[test]
fn stopping_ends_what_is_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let log = Some(LogFile { path: path.clone(), durability: Durability::Disk });
    let simulator = Simulator::start(SimulatorSettings { log, ..SimulatorSettings::default() }).unwrap();
    let mut client = Client::connect(&simulator);
    client.begin(&stream_question(json!({"tokens": 60, "token_ms": 600_000})));
    client.wait_for("river");
    simulator.stop();
    let last = lines(&path).pop().unwrap();
    assert_eq!((&last["event"], &last["complete"], &last["tokens_written"]), (&json!("end"), &json!(false), &json!(1)));
}

#[test]
fn the_simulator_speaks_http_1_0_too() {
    let simulator = start();
    let body = stream_question(json!({"tokens": 2})).to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.0\r\nauthorization: Bearer x\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut client = Client::connect(&simulator);
    client.send((head + &body).as_bytes());
    let answer = client.answer().unwrap();
    assert!(!answer.head.contains("transfer-encoding") && answer.text().ends_with("data: [DONE]\n\n"));
    assert!(answer.text().starts_with("data: {"));
}
