//! The load generator, with the simulator as its target.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use syntopen_loadtest::load::{Form, LoadSettings, Pace, Question, Reach, Report, Target, Watch, run};
use syntopen_loadtest::simulator::{Control, Fault, Simulator, SimulatorSettings};

use crate::client::start;

fn settings(simulators: &[&Simulator], form: Form) -> LoadSettings {
    let target = |simulator: &&Simulator| Target::resolve(&simulator.base_url(), Reach::Loopback).unwrap();
    LoadSettings {
        targets: simulators.iter().map(target).collect(),
        keys: vec!["sk-test".parse().unwrap()],
        question: Question { model: "gpt-4o".to_owned(), form, tokens: 50, body_bytes: 1_000 },
        connections: 4,
        pace: Pace::Closed,
        duration: Duration::from_secs(60),
        requests_max: 40,
        watches: vec![Watch::own()],
    }
}

fn execute(settings: LoadSettings) -> Report {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run(settings))
}

fn load(simulator: &Simulator, form: Form) -> Report {
    execute(settings(&[simulator], form))
}

/// A simulator that begins to answer so long after a request.
fn slow(ttft_ms: u64) -> Simulator {
    let defaults = Control { ttft_ms: Some(ttft_ms), ..Control::default() };
    Simulator::start(SimulatorSettings { defaults, ..SimulatorSettings::default() }).unwrap()
}

fn open(rate: u32) -> Pace {
    Pace::Open(NonZeroU32::new(rate).unwrap())
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
    let simulator = slow(5);
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

#[test]
fn spreads_over_targets_and_keys() {
    let simulators = [start(), start()];
    let keys = ["sk-test-0", "sk-test-1", "sk-test-2"];
    let settings = settings(&simulators.each_ref(), Form::Json);
    let report = execute(LoadSettings { keys: keys.iter().map(|key| key.parse().unwrap()).collect(), ..settings });
    assert_eq!((report.requests, report.errors.len()), (40, 0));
    let served = simulators.each_ref().map(|simulator| simulator.served());
    assert_eq!(served.iter().map(Vec::len).sum::<usize>(), 40);
    assert!(served.iter().all(|served| !served.is_empty()), "each connection asks at least once");
    let headers = served.iter().flatten().flat_map(|served| &served.headers);
    let sent: BTreeSet<_> = headers.filter(|(name, _)| name == "authorization").map(|(_, value)| value).collect();
    assert!(sent.into_iter().eq(&keys.map(|key| format!("Bearer {key}"))));
}

#[test]
fn an_open_loop_asks_when_requests_are_due() {
    let simulator = start();
    let report = execute(LoadSettings { pace: open(200), ..settings(&[&simulator], Form::Json) });
    assert_eq!((report.requests, report.errors.len()), (40, 0));
    assert!(39.0 / 200.0 <= report.seconds, "the last was due after 39 intervals: {report:?}");
}

#[test]
fn an_open_loop_counts_the_wait_for_a_connection() {
    let simulator = slow(5);
    let settings = settings(&[&simulator], Form::Json);
    let report = execute(LoadSettings { pace: open(1_000), connections: 1, ..settings });
    assert_eq!(report.requests, 40);
    // Number k is due after k ms and answered after 5 (k + 1) at the earliest. A closed loop would tell 5 ms of each.
    assert!(79_000 <= report.latency.p50_us && 160_000 <= report.latency.max_us, "{:?}", report.latency);
}

#[test]
fn an_open_loop_names_what_it_never_began() {
    let simulator = slow(1_200);
    let settings = settings(&[&simulator], Form::Json);
    let (pace, duration) = (open(10_000), Duration::from_millis(1));
    let report = execute(LoadSettings { pace, duration, connections: 1, ..settings });
    assert_eq!((report.requests, report.errors.get("never begun")), (1, Some(&9)));
}
