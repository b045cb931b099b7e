use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use syntopen_shared::clock::{Clock, ManualClock};
use syntopen_shared::config::Environment;

use super::*;
use crate::breaker::{BreakerSettings, Outcome, Refused, Verdict};
use crate::catalog::Catalog;
use crate::metrics::Metrics;

/// Three upstreams: the first model's are drawn, the second's stand in an order.
const CATALOG: &str = r#"
    [upstreams.a]
    provider = "openai"
    base_url = "http://127.0.0.1:1"
    api_key_env = "KEY"
    [upstreams.b]
    provider = "openai"
    base_url = "http://127.0.0.1:2"
    api_key_env = "KEY"
    [upstreams.c]
    provider = "openai"
    base_url = "http://127.0.0.1:3"
    api_key_env = "KEY"
    [[models]]
    id = "drawn"
    context_length = 1000
    max_output_tokens = 100
    price = { input = "1", output = "1" }
    upstreams = [
        { upstream = "a", model = "m" },
        { upstream = "b", model = "m", weight = 3 },
        { upstream = "c", model = "m", priority = 1 },
    ]
    [[models]]
    id = "ranked"
    context_length = 1000
    max_output_tokens = 100
    price = { input = "1", output = "1" }
    upstreams = [{ upstream = "c", model = "m", priority = 1 }, { upstream = "b", model = "m" }]
"#;

struct Site {
    breakers: Breakers,
    models: Vec<Arc<Model>>,
}

impl Site {
    fn new() -> Self {
        let settings = BreakerSettings { failures: 1, open: Duration::from_secs(5) };
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(0));
        let breakers = Breakers::new(settings, clock, Arc::new(Metrics::new().unwrap()));
        let catalog = Catalog::parse(CATALOG, &Environment::from([("KEY", "k")])).unwrap();
        Self { breakers, models: catalog.models().cloned().collect() }
    }

    /// The ways of both models, where only some upstreams can express the request.
    fn ways(&self, seed: u64, can: impl Fn(&str) -> bool) -> Result<Ways, InvalidRequest> {
        let draw = Draw { breakers: &self.breakers, rng: StdRng::seed_from_u64(seed) };
        draw.ways(&self.models, |route| {
            let upstream = &route.candidate.upstream;
            if !can(&upstream.name) {
                return Err(InvalidRequest {
                    param: Some(upstream.name.to_string()),
                    message: "cannot be expressed".to_owned(),
                });
            }
            providers::encode(&request(), &destination(route, None))
        })
    }

    fn fail(&self, upstream: &str) {
        let mut candidates = self.models.iter().flat_map(|model| &model.candidates);
        let candidate = candidates.find(|candidate| &*candidate.upstream.name == upstream).unwrap();
        let Ok(pass) = self.breakers.of(&candidate.upstream).admit(Refused::default()) else { panic!("is open") };
        pass.ended(Verdict { upstream: Outcome::Bad, credential: Outcome::Unknown });
    }
}

fn request() -> ChatRequest {
    ChatRequest::parse(Bytes::from_static(br#"{"model":"drawn","messages":[{"role":"user","content":"Hi"}]}"#)).unwrap()
}

fn shown(ways: &Ways) -> Vec<String> {
    ways.routes.iter().map(|route| format!("{} {}", route.model.id, route.candidate.upstream.name)).collect()
}

#[test]
fn equals_are_drawn_by_weight_and_priorities_are_kept() {
    const DRAWS: u32 = 4_000;
    let site = Site::new();
    let mut orders: HashMap<Vec<String>, u32> = HashMap::new();
    for seed in 0..DRAWS.into() {
        *orders.entry(shown(&site.ways(seed, |_| true).unwrap())).or_default() += 1;
    }
    let order = |first, second| [first, second, "drawn c", "ranked b", "ranked c"].map(str::to_owned).to_vec();
    assert_eq!(orders.len(), 2, "{orders:?}");
    let light = orders[&order("drawn a", "drawn b")];
    // A quarter, within five standard deviations.
    assert!((863..=1_137).contains(&light), "{light} of {DRAWS}");
    assert_eq!(orders[&order("drawn b", "drawn a")], DRAWS - light);
}

#[test]
fn what_cannot_express_the_request_is_left_out() {
    let site = Site::new();
    let ways = site.ways(1, |upstream| upstream == "c").unwrap();
    assert_eq!(shown(&ways), ["drawn c", "ranked c"]);
    let first = ways.first.unwrap();
    assert_eq!(first.url, "http://127.0.0.1:3/chat/completions");
    assert_eq!(ways.routes[0].candidate.upstream.base_url, "http://127.0.0.1:3", "it is the first one's");
}

#[test]
fn a_model_that_nobody_can_serve_does_not_count_for_the_hold() {
    let site = Site::new();
    let models = |ways: &Ways| -> Vec<String> { ways.models().map(|model| model.id.to_string()).collect() };
    assert_eq!(models(&site.ways(1, |_| true).unwrap()), ["drawn", "ranked"]);
    assert_eq!(models(&site.ways(1, |upstream| upstream == "a").unwrap()), ["drawn"]);
}

#[test]
fn where_nobody_can_the_first_one_says_why() {
    let site = Site::new();
    let Err(invalid) = site.ways(1, |_| false) else { panic!("nobody can") };
    assert!(matches!(invalid.param.as_deref(), Some("a" | "b")), "{invalid:?}");
}

#[test]
fn who_is_left_alone_comes_last() {
    let site = Site::new();
    site.fail("a");
    site.fail("b");
    let ways = site.ways(1, |_| true).unwrap();
    let shown = shown(&ways);
    assert_eq!((shown[0].as_str(), shown[3].as_str()), ("drawn c", "ranked c"));
    assert_eq!(ways.first.unwrap().url, "http://127.0.0.1:3/chat/completions");
}
