//! Several upstreams, fallback models and credentials: who is asked, who is left alone, and what it costs.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use syntopen_loadtest::simulator::{Served, Simulator, SimulatorSettings};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::secret::Secret;
use tempfile::TempDir;

use crate::helpers::{Answer, Customer, TestApp, eventually, request, with};

const CATALOG: &str = include_str!("routing.toml");
const TOKENS: u64 = 60;
/// What 60 tokens cost at $1 per 1,000.
const PRICE: i64 = 60_000_000;
/// So long that no test sees it end.
const LONG: (&str, &str) = ("SYNTOPEN_BREAKER_OPEN_SECONDS", "3600");
const AT_ONCE: (&str, &str) = ("SYNTOPEN_BREAKER_FAILURES", "1");

/// A gateway before two upstreams.
struct Site {
    app: TestApp,
    second: Simulator,
    _catalog: TempDir,
}

impl Site {
    async fn spawn(settings: &[(&str, &str)]) -> Self {
        Self::spawn_before(SimulatorSettings::default(), settings).await
    }

    /// The same with a first upstream of the test's own.
    async fn spawn_before(first: SimulatorSettings, settings: &[(&str, &str)]) -> Self {
        let [first, second] = [first, SimulatorSettings::default()].map(|of| Simulator::start(of).unwrap());
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("routing.toml");
        std::fs::write(&path, CATALOG).unwrap();
        let (first_url, second_url) = (first.base_url(), second.base_url());
        let fixed = [
            ("SYNTOPEN_CATALOG", path.to_str().unwrap()),
            ("FIRST_BASE_URL", &first_url),
            ("SECOND_BASE_URL", &second_url),
            ("FIRST_KEY_A", "key-a"),
            ("SECOND_KEY", "key"),
        ];
        let settings: Vec<_> = fixed.iter().chain(settings).copied().collect();
        Self { app: TestApp::spawn_before(first, &settings).await, second, _catalog: directory }
    }

    /// What the customer has paid of five dollars, when everything is booked and nothing is held any more.
    async fn paid(&self, customer: &Customer) -> i64 {
        self.app.assert_books_agree().await;
        let (posted, held) = self.app.balance(customer).await;
        assert_eq!(held, NanoUsd::ZERO);
        5_000_000_000 - posted.nanos()
    }

    /// How many requests each upstream has had.
    fn asked(&self) -> (usize, usize) {
        (self.app.simulator.served().len(), self.second.served().len())
    }
}

/// A request whose first upstream has a fault.
fn faulty(model: &str, fault: &Value) -> Value {
    let mut fault = fault.clone();
    fault["model"] = json!("on-first");
    with(request(model, TOKENS), json!({"simulator": {"fault": fault, "tag": fault.to_string()}}))
}

fn attempts(answer: &Answer) -> Option<&str> {
    answer.header("x-syntopen-attempts")
}

fn credential(served: &Served) -> &str {
    let header = served.headers.iter().find(|(name, _)| name == "authorization");
    header.unwrap().1.strip_prefix("Bearer ").unwrap()
}

/// The model that an answer, streamed or not, says has served.
fn model(answer: &Answer) -> Value {
    let whole = || answer.json()["model"].clone();
    answer.events().first().map_or_else(whole, |chunk| chunk["model"].clone())
}

#[actix_web::test]
async fn a_chain_of_fallbacks_is_charged_once_and_at_the_price_of_who_served() {
    let site = Site::spawn(&[("SYNTOPEN_BREAKER_FAILURES", "0")]).await;
    for (fallback, price) in [("test/cheap", PRICE / 2), ("test/dear", PRICE * 2)] {
        for fault in [
            json!({"status": 500}),
            json!({"status": 429, "retry_after": "60"}),
            json!({"status": 404}),
            json!({"close_before_head": true}),
            json!({"status": 401}),
        ] {
            for stream in [false, true] {
                let customer = site.app.customer("5").await;
                let asked = with(faulty("test/first", &fault), json!({"models": [fallback], "stream": stream}));
                let answer = site.app.chat(&customer, &asked).await;
                assert_eq!((answer.status, attempts(&answer)), (200, Some("2")), "{fault}: {}", answer.text());
                assert_eq!(model(&answer), fallback, "{fault}");
                assert_eq!(site.paid(&customer).await, price, "{fault} {fallback} {stream}");
            }
        }
    }
}

#[actix_web::test]
async fn one_hold_covers_the_dearest_of_the_chain() {
    let site = Site::spawn(&[]).await;
    // Enough for 60 tokens of the first model, and not of its fallback.
    let customer = site.app.customer("0.1").await;
    let answer = site.app.chat(&customer, &with(request("test/first", TOKENS), json!({"models": ["test/dear"]}))).await;
    assert_eq!(answer.error(), (402, "insufficient_balance".to_owned()));
    let answer =
        site.app.chat(&customer, &with(request("test/first", TOKENS), json!({"models": ["test/cheap"]}))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[actix_web::test]
async fn the_preferred_upstream_is_asked_first_and_equals_share() {
    let site = Site::spawn(&[]).await;
    let customer = site.app.customer("5").await;
    for _ in 0..5 {
        assert_eq!(site.app.chat(&customer, &request("test/ranked", 1)).await.status, 200);
    }
    assert_eq!(site.asked(), (5, 0));
    for _ in 0..60 {
        assert_eq!(site.app.chat(&customer, &request("test/drawn", 1)).await.status, 200);
    }
    let (first, second) = site.asked();
    assert_eq!(first + second, 65);
    // Each has its share but for a chance of one in ten million.
    assert!(5 < first && first < 5 + 40, "{first} of 65");
}

#[actix_web::test]
async fn an_upstream_that_fails_is_left_alone() {
    let site = Site::spawn(&[("SYNTOPEN_BREAKER_FAILURES", "2"), LONG]).await;
    let customer = site.app.customer("5").await;
    for number in 1..=2 {
        let answer = site.app.chat(&customer, &faulty("test/ranked", &json!({"status": 500}))).await;
        assert_eq!((answer.status, attempts(&answer)), (200, Some("2")), "{}", answer.text());
        assert_eq!(site.asked(), (number, number));
    }
    let answer = site.app.chat(&customer, &request("test/ranked", TOKENS)).await;
    assert_eq!((answer.status, attempts(&answer)), (200, Some("1")));
    assert_eq!(site.asked(), (2, 3));
    let state = site.app.metric("gateway_upstream_breaker_state{upstream=\"first\"}").await;
    assert_eq!(state.as_deref(), Some("2"));
    let opened = site.app.metric("gateway_upstream_breaker_opened_total{upstream=\"first\"}").await;
    assert_eq!(opened.as_deref(), Some("1"));

    // Whoever has nobody else is told when to come again, and needs no money for it.
    let penniless = site.app.customer("0").await;
    let answer = site.app.chat(&penniless, &request("test/first", TOKENS)).await;
    assert_eq!(answer.error(), (503, "upstream_unavailable".to_owned()));
    assert_eq!(attempts(&answer), None);
    let after: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=4_500).contains(&after), "{after}");
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("99999"));
    assert_eq!((site.asked(), site.paid(&customer).await), ((2, 3), 3 * PRICE));
}

#[actix_web::test]
async fn one_call_probes_an_upstream_and_brings_it_back() {
    let once = ("SYNTOPEN_UPSTREAM_ATTEMPTS", "1");
    let site = Site::spawn(&[AT_ONCE, once, ("SYNTOPEN_BREAKER_OPEN_SECONDS", "1")]).await;
    let customer = site.app.customer("5").await;
    let answer = site.app.chat(&customer, &faulty("test/first", &json!({"status": 500}))).await;
    assert_eq!(answer.error().0, 502);
    assert_eq!(site.asked(), (1, 0));

    // The first probe is given up by its client, and with it the place is free for the next.
    let asked = with(request("test/first", TOKENS), json!({"simulator": {"wait_for": "probe", "tag": "probe"}}));
    let client = awc::Client::builder().disable_timeout().finish();
    let mut probing = Box::pin(async {
        // Refused until it is time for a probe.
        while site.app.post_chat_by(&client, &customer, &asked).await.status() == 503 {}
    });
    let arrived = || async { (site.app.simulator.waiting_at("probe") > 0).then_some(()) };
    tokio::select! {
        () = &mut probing => panic!("answered"),
        () = eventually("the probe", arrived) => {}
    }
    let others = site.app.chat(&customer, &request("test/first", TOKENS)).await;
    assert_eq!(others.error(), (503, "upstream_unavailable".to_owned()), "there is one probe");
    drop(probing);
    drop(client);
    assert!(site.app.served("probe").await.cancelled);
    let answered = || async {
        let answer = site.app.chat(&customer, &request("test/first", TOKENS)).await;
        (answer.status == 200).then_some(answer)
    };
    let answer = eventually("a second probe", answered).await;
    assert_eq!(attempts(&answer), Some("1"));
    let state = site.app.metric("gateway_upstream_breaker_state{upstream=\"first\"}").await;
    assert_eq!(state.as_deref(), Some("0"));
    assert_eq!((site.asked(), site.paid(&customer).await), ((3, 0), PRICE));
}

#[actix_web::test]
async fn a_retry_after_is_waited_for_where_it_is_short_and_kept_where_it_is_long() {
    let site = Site::spawn(&[]).await;
    let customer = site.app.customer("5").await;
    let started = Instant::now();
    let limited = json!({"status": 429, "retry_after": "1", "times": 1});
    let answer = site.app.chat(&customer, &faulty("test/first", &limited)).await;
    assert_eq!((answer.status, attempts(&answer)), (200, Some("2")), "{}", answer.text());
    assert!(Duration::from_secs(1) <= started.elapsed(), "it was not waited for");

    let limited = json!({"status": 429, "retry_after": "3000", "times": 1});
    let answer = site.app.chat(&customer, &faulty("test/first", &limited)).await;
    assert_eq!(answer.error(), (503, "upstream_unavailable".to_owned()));
    assert_eq!((answer.header("retry-after"), attempts(&answer)), (Some("3000"), Some("1")));
    let answer = site.app.chat(&customer, &request("test/first", TOKENS)).await;
    assert_eq!(answer.error(), (503, "upstream_unavailable".to_owned()));
    let after: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((2_900..=3_000).contains(&after), "{after}");
    assert_eq!((site.asked(), site.paid(&customer).await), ((3, 0), PRICE));
}

#[actix_web::test]
async fn a_refused_credential_is_replaced_at_once_and_left_alone() {
    let first = SimulatorSettings { api_key: Some(Secret::new("key-b".to_owned())), ..SimulatorSettings::default() };
    let site = Site::spawn_before(first, &[("FIRST_KEY_B", "key-b"), LONG]).await;
    let customer = site.app.customer("5").await;
    for stream in [false, true, false] {
        let asked = with(request("test/first", TOKENS), json!({"stream": stream}));
        assert_eq!(site.app.chat(&customer, &asked).await.status, 200);
    }
    let used: Vec<_> = site.app.simulator.served().iter().map(|served| credential(served).to_owned()).collect();
    assert_eq!(used, ["key-a", "key-b", "key-b", "key-b"]);
    let state =
        |key: &str| format!("gateway_credential_breaker_state{{credential=\"FIRST_KEY_{key}\",upstream=\"first\"}}");
    assert_eq!(site.app.metric(&state("A")).await.as_deref(), Some("2"));
    assert_eq!(site.app.metric(&state("B")).await.as_deref(), Some("0"));
    assert_eq!(site.paid(&customer).await, 3 * PRICE);
}

#[actix_web::test]
async fn credentials_take_turns_and_an_empty_quota_moves_on_to_the_next() {
    let site = Site::spawn(&[("FIRST_KEY_B", "key-b")]).await;
    let customer = site.app.customer("5").await;
    for _ in 0..4 {
        assert_eq!(site.app.chat(&customer, &request("test/first", TOKENS)).await.status, 200);
    }
    let used = || site.app.simulator.served().iter().map(|served| credential(served).to_owned()).collect::<Vec<_>>();
    assert_eq!(used(), ["key-a", "key-b", "key-a", "key-b"]);
    let limited = json!({"status": 429, "retry_after": "3000", "times": 1});
    for expected in ["2", "1", "1"] {
        let answer = site.app.chat(&customer, &faulty("test/first", &limited)).await;
        assert_eq!((answer.status, attempts(&answer)), (200, Some(expected)), "{}", answer.text());
    }
    assert_eq!(used()[4..], ["key-a", "key-b", "key-b", "key-b"]);
    assert_eq!(site.paid(&customer).await, 7 * PRICE);
}

#[actix_web::test]
async fn no_attempt_begins_after_the_deadline() {
    let settings = [
        ("SYNTOPEN_UPSTREAM_ATTEMPTS", "20"),
        ("SYNTOPEN_TOTAL_TIMEOUT_SECONDS", "1"),
        ("SYNTOPEN_STREAM_START_TIMEOUT_SECONDS", "1"),
    ];
    let site = Site::spawn(&settings).await;
    let customer = site.app.customer("5").await;
    for stream in [false, true] {
        let failing = with(faulty("test/first", &json!({"status": 500})), json!({"stream": stream}));
        let answer = site.app.chat(&customer, &failing).await;
        assert_eq!(answer.error(), (502, "upstream_error".to_owned()));
        // The waits are 0.1 s, 0.2 s, 0.4 s and 0.8 s at least.
        let attempts: u32 = attempts(&answer).unwrap().parse().unwrap();
        assert!((1..=4).contains(&attempts), "{attempts}");
        let silent = with(faulty("test/first", &json!({"stall_before_head": true})), json!({"stream": stream}));
        let answer = site.app.chat(&customer, &silent).await;
        assert_eq!(answer.error(), (504, "upstream_timeout".to_owned()));
        assert_eq!(answer.header("x-syntopen-attempts"), Some("1"));
    }
    assert_eq!(site.paid(&customer).await, 0);
}

#[actix_web::test]
async fn a_silent_upstream_is_given_up_for_another() {
    let site = Site::spawn(&[("SYNTOPEN_FIRST_BYTE_TIMEOUT_SECONDS", "1")]).await;
    let customer = site.app.customer("5").await;
    let asked =
        with(faulty("test/ranked", &json!({"stall_before_head": true})), json!({"simulator": {"tag": "silent"}}));
    let answer = site.app.chat(&customer, &asked).await;
    assert_eq!((answer.status, attempts(&answer)), (200, Some("2")), "{}", answer.text());
    assert!(site.app.served("silent").await.cancelled, "what is given up is cancelled");
    assert_eq!(site.paid(&customer).await, PRICE);
}
