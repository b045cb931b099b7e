//! What a customer asks for, by chance.

use std::time::Duration;

use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};

/// How long one waits that does not lose patience.
const PATIENCE: Duration = Duration::from_secs(60);

/// A model with a known price, and what its requests are called upstream.
pub const OUTPUT_ONLY: &str = "test/output-only";
/// A model that costs nothing.
pub const FREE: &str = "test/free";
const MINI: &str = "openai/gpt-4o-mini";

/// What is asked, and how the answer is read.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The request.
    pub body: Value,
    /// The customer's own name of it.
    pub tag: String,
    /// The model.
    pub model: &'static str,
    /// Whether a stream is asked for.
    pub stream: bool,
    /// When the customer leaves, wherever the answer stands.
    pub patience: Duration,
    /// How long the customer thinks about each piece before it reads the next.
    pub pause: Duration,
}

impl Plan {
    /// A short request for `tokens` tokens, with nothing odd about it.
    #[must_use]
    pub fn plain(tag: String, model: &'static str, tokens: u64) -> Self {
        let control = json!({"tag": tag, "tokens": tokens});
        let body = json!({
            "model": model, "max_tokens": tokens, "stream": false, "simulator": control,
            "messages": [{"role": "user", "content": "Say something."}],
        });
        Self { body, tag, model, stream: false, patience: PATIENCE, pause: Duration::ZERO }
    }

    /// The same as a stream that takes `token_ms` for each token.
    #[must_use]
    pub fn streamed(mut self, token_ms: u64) -> Self {
        self.stream = true;
        self.body["stream"] = json!(true);
        self.body["simulator"]["token_ms"] = json!(token_ms);
        self
    }

    /// Anything: JSON or a stream, quick or long, of an upstream that sometimes fails, for a customer that sometimes
    /// leaves and sometimes reads slowly.
    #[must_use]
    pub fn random(random: &mut StdRng, tag: String) -> Self {
        let (model, slow) = (*pick(random, &[OUTPUT_ONLY, MINI]), random.random_bool(0.15));
        let tokens = if slow { random.random_range(60..=120) } else { random.random_range(1..=40) };
        let mut plan = Self::plain(tag, model, tokens);
        if slow || random.random_bool(0.6) {
            plan = plan.streamed(if slow { random.random_range(20..=50) } else { *pick(random, &[0, 0, 2, 8]) });
        }
        plan.body["simulator"]["ttft_ms"] = json!(*pick(random, &[0, 0, 10, 80]));
        if model == MINI && random.random_bool(0.5) {
            plan.body["simulator"]["cached_tokens"] = json!(random.random_range(0..=9));
        }
        if plan.stream && random.random_bool(0.5) {
            plan.body["stream_options"] = json!({"include_usage": true});
        }
        if !slow && random.random_bool(0.15) {
            plan.body["simulator"]["fault"] = fault(random, tokens);
        }
        match random.random_range(0..10) {
            0 => plan.patience = Duration::from_millis(random.random_range(1..=150)),
            1 => plan.pause = Duration::from_millis(random.random_range(1..=40)),
            _ => {}
        }
        plan
    }
}

/// What an upstream does that fails. Nothing strikes behind the last token: that would leave the answer whole.
fn fault(random: &mut StdRng, tokens: u64) -> Value {
    let after = random.random_range(1..=tokens.min(9));
    pick(
        random,
        &[
            json!({"status": 500, "times": 1}),
            json!({"status": 400}),
            json!({"close_before_head": true, "times": 1}),
            json!({"cut_after": after}),
            json!({"missing_usage": true}),
        ],
    )
    .clone()
}

fn pick<'a, T>(random: &mut StdRng, from: &'a [T]) -> &'a T {
    from.choose(random).unwrap()
}
