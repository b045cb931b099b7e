//! Gates withhold answers until they are opened.

use std::time::Duration;

use serde_json::json;

use crate::client::{Client, question, record_when, start, stream_question, until};

#[test]
fn an_answer_waits_for_its_gate() {
    let simulator = start();
    let mut clients = [Client::connect(&simulator), Client::connect(&simulator)];
    for client in &mut clients {
        client.begin(&stream_question(json!({"wait_for": "a", "tokens": 2})));
    }
    until(|| simulator.waiting_at("a") == 2 && simulator.inflight() == 2);
    assert!(simulator.served().iter().all(|served| served.status == 0), "no head was written");
    simulator.open_gate("b");
    assert!(clients[0].is_silent_for(Duration::from_millis(20)), "another gate does not matter");
    simulator.open_gate("a");
    for client in &mut clients {
        assert_eq!(client.answer().unwrap().content(0), "river stone");
    }
    until(|| simulator.inflight() == 0 && simulator.waiting_at("a") == 0);
    assert_eq!(Client::connect(&simulator).post(&question(json!({"wait_for": "a"}))).status, 200, "it stays open");
}

#[test]
fn a_gate_is_opened_over_http() {
    let simulator = start();
    let (mut client, mut operator) = (Client::connect(&simulator), Client::connect(&simulator));
    client.begin(&question(json!({"wait_for": "release-1"})));
    until(|| operator.get("/simulator/inflight").json()["inflight"] == 1);
    operator.send(b"POST /simulator/gates/release-1/open HTTP/1.1\r\n\r\n");
    assert_eq!(operator.answer().unwrap().status, 200);
    assert_eq!(client.answer().unwrap().status, 200);
    assert_eq!(operator.get("/simulator/inflight").json()["inflight"], 0);
}

#[test]
fn who_goes_before_the_gate_is_cancelled() {
    let simulator = start();
    let mut client = Client::connect(&simulator);
    client.begin(&question(json!({"wait_for": "never"})));
    until(|| simulator.waiting_at("never") == 1);
    drop(client);
    let served = record_when(&simulator, |served| served.ended);
    assert_eq!((served.status, served.cancelled, simulator.waiting_at("never")), (0, true, 0));
}

#[test]
fn stopping_leaves_nobody_waiting() {
    let simulator = start();
    let mut client = Client::connect(&simulator);
    client.begin(&question(json!({"wait_for": "never"})));
    until(|| simulator.waiting_at("never") == 1);
    simulator.stop();
    assert!(client.answer().is_none());
}
