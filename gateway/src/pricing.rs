//! How much a request may cost at most: what its hold is sized by.

use syntopen_shared::money::NanoUsd;
use syntopen_shared::price::{Prices, Tokens};

use crate::catalog::Model;
use crate::protocol::{ChatRequest, Shape};
use crate::providers::Provider;
use crate::providers::google::request::{WRITTEN_BESIDES, WRITTEN_PER_SENT};

/// Text has hardly ever more tokens than a third of its bytes.
const BYTES_PER_TOKEN: u64 = 3;
/// What a message costs besides its text (role and separators).
const MESSAGE_TOKENS: u64 = 8;
/// What a tool definition costs besides its text.
const TOOL_TOKENS: u64 = 16;
/// What Anthropic puts before a conversation with tools: 313 to 530 tokens, by model and choice. JSON is asked for by
/// way of a tool there, too.
const TOOL_PROMPT_TOKENS: u64 = 600;
/// What a request costs besides its messages.
const REQUEST_TOKENS: u64 = 16;

/// The most that a request may use, at the dearest prices that may apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Input tokens at most.
    pub input: u64,
    /// Output tokens at most, of one choice.
    pub output: u64,
    /// How many choices are asked for.
    pub choices: u64,
    /// The least output, of one choice, that must be affordable: `output` where the client named a maximum.
    pub output_min: u64,
    prices: Prices,
}

impl Bound {
    /// The bound over all `models` that may serve (the requested one and its fallbacks), from the size of the text.
    #[must_use]
    pub fn of(request: &ChatRequest, models: &[&Model], output_floor: u64) -> Self {
        let bound = |model: &&Model| input_bound(request.shape(), model).saturating_add(prompt_bound(request, model));
        let input = models.iter().map(bound).max().unwrap_or(0);
        Self::with_input(request, models, output_floor, input)
    }

    /// The same with `text_tokens` counted by a tokenizer.
    #[must_use]
    pub fn counted(request: &ChatRequest, models: &[&Model], output_floor: u64, text_tokens: u64) -> Self {
        let bound = |model: &&Model| part_bound(request.shape(), model).saturating_add(prompt_bound(request, model));
        let parts = models.iter().map(bound).max().unwrap_or(0);
        Self::with_input(request, models, output_floor, text_tokens.saturating_add(parts))
    }

    fn with_input(request: &ChatRequest, models: &[&Model], output_floor: u64, input: u64) -> Self {
        let most = models.iter().map(|model| model.max_output_tokens).max().unwrap_or(0);
        let output = request.named_max_tokens().unwrap_or(most);
        let output_min = if request.named_max_tokens().is_some() { output } else { output_floor.min(output) };
        let dearest = |prices: Prices, model: &&Model| {
            let other = model.prices.dearest_up_to(input);
            Prices { input: prices.input.max(other.dearest_input()), output: prices.output.max(other.output), ..prices }
        };
        let prices = models.iter().fold(Prices::default(), dearest);
        Self { input, output, choices: u64::from(request.choices()), output_min, prices }
    }

    /// The most that the request may cost.
    #[must_use]
    pub fn want(&self) -> NanoUsd {
        self.cost_with(self.output)
    }

    /// What must be affordable for the request to be let through.
    #[must_use]
    pub fn min(&self) -> NanoUsd {
        self.cost_with(self.output_min)
    }

    /// How many output tokens of each choice `amount` pays for, all input paid.
    #[must_use]
    pub fn affordable_output(&self, amount: NanoUsd) -> u64 {
        let per_token = u128::from(self.prices.output.picos()) * u128::from(self.choices);
        let input = u128::from(self.input) * u128::from(self.prices.input.picos());
        let picos = u128::try_from(amount.nanos()).unwrap_or(0) * 1_000;
        match (picos.checked_sub(input), per_token) {
            (None, _) => 0,
            (Some(_), 0) => self.output,
            (Some(rest), _) => u64::try_from(rest / per_token).unwrap_or(u64::MAX).min(self.output),
        }
    }

    fn cost_with(&self, output: u64) -> NanoUsd {
        let tokens = Tokens { input: self.input, output: output.saturating_mul(self.choices), ..Tokens::default() };
        // Beyond what can be stored is beyond what any balance covers.
        self.prices.cost(&tokens).unwrap_or(NanoUsd::MAX)
    }
}

fn input_bound(shape: &Shape, model: &Model) -> u64 {
    [
        shape.text_bytes.div_ceil(BYTES_PER_TOKEN),
        u64::from(shape.messages) * MESSAGE_TOKENS,
        u64::from(shape.tools) * TOOL_TOKENS,
        part_bound(shape, model),
        REQUEST_TOKENS,
    ]
    .into_iter()
    .fold(0, u64::saturating_add)
}

/// What a provider itself adds: the dearest of those that serve the model.
fn prompt_bound(request: &ChatRequest, model: &Model) -> u64 {
    let providers = model.candidates.iter().map(|candidate| candidate.upstream.provider);
    providers.map(|provider| added_bound(request, provider)).max().unwrap_or(0)
}

fn added_bound(request: &ChatRequest, provider: Provider) -> u64 {
    let Shape { tools, calls, .. } = *request.shape();
    match provider {
        Provider::Anthropic if 0 < tools || 0 < calls || request.wants_json() => {
            // Calls of the past need a definition each where the request has none.
            TOOL_PROMPT_TOKENS.saturating_add(u64::from(calls) * TOOL_TOKENS)
        }
        Provider::Google => {
            let schemas = ["tools", "response_format"].into_iter().filter_map(|name| request.raw(name));
            // A reference may be written with an escape.
            let refers = |schema: &&str| schema.contains("$ref") || schema.contains("\\u");
            let bytes: usize = schemas.filter(refers).map(str::len).sum();
            // They are written out where they are referred to, to three times their size and a little at most.
            let added = (WRITTEN_PER_SENT - 1).saturating_mul(bytes).saturating_add(WRITTEN_BESIDES);
            if bytes == 0 { 0 } else { u64::try_from(added).unwrap_or(u64::MAX).div_ceil(BYTES_PER_TOKEN) }
        }
        Provider::Anthropic | Provider::OpenAi => 0,
    }
}

fn part_bound(shape: &Shape, model: &Model) -> u64 {
    let parts = &model.part_tokens;
    [
        u64::from(shape.images).saturating_mul(parts.image),
        u64::from(shape.audios).saturating_mul(parts.audio),
        u64::from(shape.files).saturating_mul(parts.file),
    ]
    .into_iter()
    .fold(0, u64::saturating_add)
}
