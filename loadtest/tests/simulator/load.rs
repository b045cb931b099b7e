//! The load generator, with the simulator as its target.

use std::time::Duration;

use syntopen_loadtest::load::{Form, LoadSettings, Question, Reach, Report, Target, Watch, run};
use syntopen_loadtest::simulator::{Control, Fault, Simulator, SimulatorSettings};

use crate::client::start;

fn load(simulator: &Simulator, form: Form) -> Report {
    let settings = LoadSettings {
        target: Target::resolve(&simulator.base_url(), Reach::Loopback).unwrap(),
        key: "sk-test".parse().unwrap(),
        question: Question { model: "gpt-4o".to_owned(), form, tokens: 50, body_bytes: 1_000 },
        connections: 4,
        duration: Duration::from_secs(60),
        requests_max: 40,
        watches: vec![Watch::own()],
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run(settings))
}

#[test]
fn counts_what_was_served() {
    let simulator = start();
    let report = load(&simulator, Form::Stream);
    assert_eq!((report.requests, report.chunks), (40, 40 * 53), "role, tokens, finish, [DONE]");
    assert!(report.errors.is_empty());
    assert!(report.cpu[0].us_per_request.is_some());
    let served = simulator.served();
    assert_eq!(served.len(), 40);
    assert!(served.iter().all(|served| served.complete && (990..=1_000).contains(&served.body.len())));
    assert_eq!(load(&simulator, Form::Json).requests, 40);
}

#[test]
fn measures_how_long_answers_take() {
    let defaults = Control { ttft_ms: Some(5), ..Control::default() };
    let simulator = Simulator::start(SimulatorSettings { defaults, ..SimulatorSettings::default() }).unwrap();
    for form in [Form::Json, Form::Stream] {
        let latency = load(&simulator, form).latency;
        // Three significant digits.
        assert!(4_990 <= latency.p50_us && latency.p50_us <= latency.p90_us, "{latency:?}");
        assert!(latency.p90_us <= latency.p99_us && latency.p99_us <= latency.max_us, "{latency:?}");
    }
}

#[test]
fn names_what_failed() {
    for (fault, form, failure) in [
        (Fault { status: Some(503), ..Fault::default() }, Form::Json, "status 503"),
        (Fault { cut_after: Some(3), ..Fault::default() }, Form::Stream, "connection broke"),
        (Fault { eof_without_done_after: Some(3), ..Fault::default() }, Form::Stream, "stream without its end"),
    ] {
        let defaults = Control { fault: Some(fault), ..Control::default() };
        let simulator = Simulator::start(SimulatorSettings { defaults, ..SimulatorSettings::default() }).unwrap();
        let report = load(&simulator, form);
        assert_eq!((report.requests, report.errors.get(failure)), (0, Some(&40)));
    }
}
