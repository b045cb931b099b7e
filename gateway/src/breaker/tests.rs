use std::time::Duration;

use proptest::prelude::*;
use syntopen_shared::clock::ManualClock;
use syntopen_shared::config::Environment;

use super::*;
use crate::catalog::Catalog;

const SETTINGS: BreakerSettings = BreakerSettings { failures: 4, open: Duration::from_secs(5) };
const GOOD: Verdict = Verdict { upstream: Outcome::Good, credential: Outcome::Good };
const BAD: Verdict = Verdict { upstream: Outcome::Bad, credential: Outcome::Unknown };
const REFUSED: Verdict = Verdict { upstream: Outcome::Good, credential: Outcome::Refused };

const fn second(second: i64) -> i64 {
    second * 1_000_000
}

/// A moment without jitter.
const fn at(now_us: i64) -> Moment {
    Moment { now_us, chance: 0.5 }
}

/// A breaker that calls have failed until it opened.
fn opened(now_us: i64) -> Breaker {
    let mut breaker = Breaker::new(SETTINGS);
    for number in 1..=4 {
        let ticket = breaker.admit(now_us).unwrap();
        assert_eq!(breaker.ended(ticket, Outcome::Bad, at(now_us)), number == 4);
    }
    assert_eq!(breaker.shown(), Shown::Open);
    breaker
}

#[test]
fn opens_when_half_of_the_calls_fail_and_not_before() {
    let mut breaker = Breaker::new(SETTINGS);
    let mut call = |outcome| {
        let ticket = breaker.admit(second(1)).unwrap();
        breaker.ended(ticket, outcome, at(second(1)))
    };
    assert!((0..5).all(|_| !call(Outcome::Good)));
    assert!((0..4).all(|_| !call(Outcome::Bad)), "four of nine");
    assert!(!call(Outcome::Unknown), "what nobody knows the end of does not count");
    assert!(call(Outcome::Bad), "five of ten");
}

#[test]
fn failures_of_long_ago_do_not_open() {
    let mut breaker = Breaker::new(SETTINGS);
    for number in 0..10 {
        let now = second(number * 20);
        let ticket = breaker.admit(now).unwrap();
        assert!(!breaker.ended(ticket, Outcome::Bad, at(now)));
    }
}

#[test]
fn a_probe_that_succeeds_closes_and_one_that_fails_opens_for_longer() {
    let mut breaker = opened(0);
    let mut opened_at = 0;
    for expected in [5, 10, 20, 40, 80, 120, 120] {
        let until = opened_at + second(expected);
        assert_eq!(breaker.admit(until - 1), Err(until));
        let probe = breaker.admit(until).unwrap();
        assert!(probe.is_probe());
        assert!(breaker.admit(until).is_err(), "there is one probe");
        opened_at = until + second(1);
        assert!(breaker.ended(probe, Outcome::Bad, at(opened_at)));
    }
    let now = opened_at + second(120);
    let probe = breaker.admit(now).unwrap();
    assert!(!breaker.ended(probe, Outcome::Good, at(now)));
    assert_eq!(breaker.shown(), Shown::Closed);
    assert!(!breaker.admit(now).unwrap().is_probe());
    let ticket = breaker.admit(now).unwrap();
    assert!(breaker.ended(ticket, Outcome::Refused, at(now)), "a refusal opens at once");
    assert_eq!(breaker.admit(now), Err(now + second(5)), "and not for longer than the first time");
}

#[test]
fn a_probe_that_is_given_up_is_given_back() {
    let mut breaker = opened(0);
    let probe = breaker.admit(second(5)).unwrap();
    assert!(!breaker.ended(probe, Outcome::Unknown, at(second(6))));
    assert_eq!(breaker.shown(), Shown::Open);
    let next = breaker.admit(second(6)).unwrap();
    assert!(next.is_probe());
    assert!(!breaker.ended(probe, Outcome::Good, at(second(7))), "the first has no say any more");
    assert_eq!(breaker.shown(), Shown::HalfOpen);
}

#[test]
fn a_named_wait_opens_for_just_that_long() {
    let mut breaker = Breaker::new(SETTINGS);
    let (first, second_call) = (breaker.admit(0).unwrap(), breaker.admit(0).unwrap());
    assert!(breaker.ended(first, Outcome::Wait(Duration::from_secs(7)), at(0)));
    assert!(!breaker.ended(second_call, Outcome::Wait(Duration::from_secs(9)), at(second(1))));
    assert_eq!(breaker.admit(second(10) - 1), Err(second(10)), "the longer wait holds");
    let calls = [breaker.admit(second(10)).unwrap(), breaker.admit(second(10)).unwrap()];
    assert!(calls.iter().all(|call| !call.is_probe()), "afterwards it is closed");
    assert!(!breaker.ended(calls[0], Outcome::Wait(Duration::ZERO), at(second(10))));
    assert!(breaker.admit(second(10)).is_ok(), "no wait is none");
}

#[test]
fn what_began_before_it_opened_does_not_count() {
    let mut breaker = Breaker::new(SETTINGS);
    let early: Vec<_> = (0..20).map(|_| breaker.admit(0).unwrap()).collect();
    let openings = early.iter().filter(|ticket| breaker.ended(**ticket, Outcome::Bad, at(second(1)))).count();
    assert_eq!(openings, 1);
    assert_eq!(breaker.admit(second(2)), Err(second(6)));
}

#[test]
fn without_failures_in_the_settings_nothing_opens() {
    let mut breaker = Breaker::new(BreakerSettings { failures: 0, ..SETTINGS });
    for outcome in [Outcome::Bad, Outcome::Refused, Outcome::Wait(Duration::from_secs(9))].repeat(50) {
        let ticket = breaker.admit(0).unwrap();
        assert!(!breaker.ended(ticket, outcome, at(0)));
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Admit,
    End(usize, Outcome, f64),
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        1 => Just(Outcome::Good),
        4 => Just(Outcome::Bad),
        1 => Just(Outcome::Refused),
        1 => Just(Outcome::Unknown),
        1 => (0_u64..9_000).prop_map(|ms| Outcome::Wait(Duration::from_millis(ms))),
    ];
    prop_oneof![
        3 => Just(Step::Admit),
        3 => (0_usize..8, outcome, 0.0..=1.0).prop_map(|(call, outcome, chance)| Step::End(call, outcome, chance)),
        1 => (0_i64..20_000_000).prop_map(Step::Pass),
    ]
}

proptest! {
    #[test]
    fn there_is_never_more_than_one_probe_and_nothing_before_its_time(steps in prop::collection::vec(step(), 1..400)) {
        let mut breaker = Breaker::new(SETTINGS);
        let mut under_way: Vec<Ticket> = Vec::new();
        let mut now_us = 0;
        // What the breaker last said when it would let a call through, while it was open.
        let mut closed_until = i64::MIN;
        for step in steps {
            match step {
                Step::Pass(us) => now_us += us,
                Step::Admit => {
                    let ready = breaker.ready(now_us);
                    match breaker.admit(now_us) {
                        Ok(ticket) => {
                            prop_assert!(ready.is_ok() && closed_until <= now_us);
                            under_way.push(ticket);
                        }
                        Err(until_us) => {
                            prop_assert_eq!(ready, Err(until_us));
                            prop_assert!(now_us < until_us);
                            if breaker.shown() == Shown::Open {
                                closed_until = until_us;
                            }
                        }
                    }
                }
                Step::End(call, outcome, chance) => {
                    if !under_way.is_empty() {
                        let ticket = under_way.swap_remove(call % under_way.len());
                        let was_probing = breaker.shown() == Shown::HalfOpen;
                        let opened = breaker.ended(ticket, outcome, Moment { now_us, chance });
                        prop_assert!(!opened || breaker.shown() == Shown::Open);
                        if was_probing && !ticket.is_probe() && !opened {
                            prop_assert_eq!(breaker.shown(), Shown::HalfOpen, "only the probe decides");
                        }
                    }
                }
            }
            if breaker.shown() == Shown::HalfOpen {
                let probe = under_way.iter().filter(|ticket| ticket.is_probe() && breaker.is_current(**ticket));
                prop_assert_eq!(probe.count(), 1, "one probe, whose end will be heard");
            }
        }
    }
}

struct Site {
    breakers: Breakers,
    clock: Arc<ManualClock>,
    metrics: Arc<Metrics>,
    catalog: Catalog,
}

impl Site {
    fn new() -> Self {
        let (clock, metrics) = (Arc::new(ManualClock::at(0)), Arc::new(Metrics::new().unwrap()));
        let breakers = Breakers::new(SETTINGS, Arc::clone(&clock) as Arc<dyn Clock>, Arc::clone(&metrics));
        Self { breakers, clock, metrics, catalog: catalog("http://127.0.0.1:1") }
    }

    fn upstream(&self) -> &Upstream {
        &self.catalog.model("m").unwrap().candidates[0].upstream
    }

    fn circuit(&self) -> Arc<Circuit> {
        self.breakers.of(self.upstream())
    }

    fn shows(&self, line: &str) -> bool {
        String::from_utf8(self.metrics.render().unwrap()).unwrap().lines().any(|shown| shown == line)
    }
}

fn catalog(base_url: &str) -> Catalog {
    let text = format!(
        r#"
        [upstreams.a]
        provider = "openai"
        base_url = "{base_url}"
        api_key_env = ["KEY_A", "KEY_B"]
        [[models]]
        id = "m"
        context_length = 1000
        max_output_tokens = 100
        price = {{ input = "1", output = "1" }}
        upstreams = [{{ upstream = "a", model = "m" }}]
        "#
    );
    Catalog::parse(&text, &Environment::from([("KEY_A", "a"), ("KEY_B", "b")])).unwrap()
}

fn admitted(circuit: &Arc<Circuit>) -> Pass {
    circuit.admit(Refused::default()).unwrap_or_else(|until_us| panic!("not before {until_us}"))
}

#[test]
fn credentials_take_turns_and_a_refused_one_is_left_alone() {
    let site = Site::new();
    let circuit = site.circuit();
    let mut used: Vec<usize> = Vec::new();
    for _ in 0..4 {
        let pass = admitted(&circuit);
        used.push(pass.credential());
        pass.ended(GOOD);
    }
    assert_eq!(used, [0, 1, 0, 1]);

    admitted(&circuit).ended(REFUSED);
    for _ in 0..3 {
        let pass = admitted(&circuit);
        assert_eq!(pass.credential(), 1);
        pass.ended(GOOD);
    }
    assert!(site.shows(r#"gateway_credential_breaker_state{credential="KEY_A",upstream="a"} 2"#));
    assert!(site.shows(r#"gateway_credential_breaker_state{credential="KEY_B",upstream="a"} 0"#));
    assert!(site.shows(r#"gateway_upstream_breaker_state{upstream="a"} 0"#));

    let mut refused = Refused::default();
    refused.add(1);
    assert!(circuit.admit(refused).is_err(), "no credential is left for a request that was refused the other");

    site.clock.advance_ms(10_000);
    let passes = [admitted(&circuit), admitted(&circuit), admitted(&circuit)];
    let credentials = passes.iter().map(Pass::credential);
    assert_eq!(credentials.filter(|credential| *credential == 0).count(), 1, "one call probes it");
    for pass in passes {
        pass.ended(GOOD);
    }
    assert!(site.shows(r#"gateway_credential_breaker_state{credential="KEY_A",upstream="a"} 0"#));
    assert!(site.shows(r#"gateway_credential_breaker_opened_total{credential="KEY_A",upstream="a"} 1"#));
}

#[test]
fn an_upstream_that_fails_is_left_alone_and_probed_once() {
    let site = Site::new();
    let circuit = site.circuit();
    for _ in 0..4 {
        admitted(&circuit).ended(BAD);
    }
    let wait = site.breakers.ready(site.upstream()).unwrap_err();
    assert!((3_750..=6_250).contains(&wait), "{wait}");
    assert!(site.shows(r#"gateway_upstream_breaker_state{upstream="a"} 2"#));
    assert!(site.shows(r#"gateway_upstream_breaker_opened_total{upstream="a"} 1"#));
    site.clock.advance_ms(i64::try_from(wait).unwrap());
    assert_eq!(site.breakers.ready(site.upstream()), Ok(()));

    let probe = admitted(&circuit);
    assert!(site.shows(r#"gateway_upstream_breaker_state{upstream="a"} 1"#));
    assert!(circuit.admit(Refused::default()).is_err());
    drop(probe);
    let again = admitted(&circuit);
    assert!(circuit.admit(Refused::default()).is_err());
    again.ended(GOOD);
    let _both = [admitted(&circuit), admitted(&circuit)];
    assert!(site.shows(r#"gateway_upstream_breaker_state{upstream="a"} 0"#));
}

#[test]
fn many_workers_get_one_probe() {
    const WORKERS: usize = 8;
    let site = Site::new();
    for _ in 0..4 {
        admitted(&site.circuit()).ended(BAD);
    }
    for _ in 0..50 {
        site.clock.advance_ms(200_000);
        let start = std::sync::Barrier::new(WORKERS);
        let passes: Vec<_> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..WORKERS)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        site.circuit().admit(Refused::default()).ok()
                    })
                })
                .collect();
            workers.into_iter().filter_map(|worker| worker.join().unwrap()).collect()
        });
        assert_eq!(passes.len(), 1);
        for pass in passes {
            pass.ended(BAD);
        }
    }
}

#[test]
fn a_changed_upstream_begins_anew_and_an_unchanged_one_does_not() {
    let site = Site::new();
    for _ in 0..4 {
        admitted(&site.circuit()).ended(BAD);
    }
    let of = |base_url| {
        let catalog = catalog(base_url);
        site.breakers.ready(&catalog.model("m").unwrap().candidates[0].upstream)
    };
    assert!(of("http://127.0.0.1:1").is_err());
    assert_eq!(of("http://127.0.0.1:2"), Ok(()));
}
