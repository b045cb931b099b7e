//! What an answer used and what that costs, as the client is told.

use serde::Deserialize;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::price::{PicoUsdPerToken, Prices, Tokens};

use super::fields::{Fields, ObjectWriter};

/// No honest count comes near it, and clients that compute in doubles lose digits above.
pub(crate) const MAX_COUNT: u64 = 1 << 53;
const PICO_DECIMALS: usize = 12;

/// Token counts of one answer, and the `usage` object that tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedUsage {
    /// The counts in disjoint buckets.
    pub tokens: Tokens,
    /// The counts as an OpenAI `usage` object on one line, without anything about costs.
    pub object: Box<str>,
}

/// What each bucket cost, in dollars as exact JSON numbers. Their sum is the request's cost before it is rounded up to
/// a nano-dollar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostDetails {
    /// Uncached input.
    pub input_cost: String,
    /// Input read from the provider's prompt cache.
    pub cached_input_cost: String,
    /// Input written to the provider's prompt cache, for whichever time.
    pub cache_write_cost: String,
    /// Output, reasoning included.
    pub output_cost: String,
}

/// OpenAI's `usage`, as far as it is money.
#[derive(Deserialize)]
struct Counts {
    prompt_tokens: u64,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Default, Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

#[derive(Default, Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

impl ReportedUsage {
    /// Reads an OpenAI `usage` object. `None` where it says nothing that can be charged: no counts, negative or broken
    /// ones, ones beyond all sense. Parts that exceed their whole are cut down to it.
    #[must_use]
    pub fn parse(object: &str) -> Option<Self> {
        let fields = Fields::parse(object).ok()?;
        let counts: Counts = serde_json::from_str(object).ok()?;
        let (tokens, faithful) = counts.tokens()?;
        if !faithful {
            return Some(Self::of(tokens));
        }
        let mut writer = ObjectWriter::with_capacity(object.len() + 32);
        for field in fields.iter().filter(|field| !is_about_cost(&field.name)) {
            writer.raw(field.key, field.value);
        }
        let total = (tokens.total_input() + tokens.output).to_string();
        for (name, count) in [("completion_tokens", tokens.output.to_string()), ("total_tokens", total)] {
            if fields.get(name).is_none() {
                writer.raw(&format!("\"{name}\""), &count);
            }
        }
        Some(Self { tokens, object: on_one_line(writer.finish()).into() })
    }

    /// Counts that the gateway made or corrected itself, or had in another form than OpenAI's, with the object that
    /// tells them.
    #[must_use]
    pub fn of(tokens: Tokens) -> Self {
        let cache_write = tokens.cache_write.saturating_add(tokens.cache_write_1h);
        let prompt = tokens.total_input();
        let object = format!(
            "{{\"prompt_tokens\":{prompt},\"completion_tokens\":{},\"total_tokens\":{},\
             \"prompt_tokens_details\":{{\"cached_tokens\":{},\"cache_write_tokens\":{cache_write}}},\
             \"completion_tokens_details\":{{\"reasoning_tokens\":{}}}}}",
            tokens.output,
            prompt.saturating_add(tokens.output),
            tokens.cached_input,
            tokens.reasoning,
        );
        Self { tokens, object: object.into() }
    }

    /// The object with what the request cost. What an upstream said about costs is gone: it is the price that the
    /// operator pays.
    #[must_use]
    pub fn with_cost(&self, cost: NanoUsd, details: &CostDetails) -> String {
        let Ok(fields) = Fields::parse(&self.object) else {
            return Self::of(self.tokens).with_cost(cost, details);
        };
        let mut writer = ObjectWriter::with_capacity(self.object.len() + 192);
        for field in fields.iter().filter(|field| !is_about_cost(&field.name)) {
            writer.raw(field.key, field.value);
        }
        writer.raw("\"cost\"", &cost.to_decimal());
        writer.raw("\"cost_details\"", &details.to_json());
        writer.finish()
    }
}

impl CostDetails {
    /// What `tokens` cost at `prices`, bucket by bucket.
    #[must_use]
    pub fn of(prices: &Prices, tokens: &Tokens) -> Self {
        let cost = |count: u64, price: PicoUsdPerToken| u128::from(count) * u128::from(price.picos());
        let cache_writes = cost(tokens.cache_write, prices.cache_write)
            .saturating_add(cost(tokens.cache_write_1h, prices.cache_write_1h));
        Self {
            input_cost: dollars(cost(tokens.input, prices.input)),
            cached_input_cost: dollars(cost(tokens.cached_input, prices.cached_input)),
            cache_write_cost: dollars(cache_writes),
            output_cost: dollars(cost(tokens.output, prices.output)),
        }
    }

    fn to_json(&self) -> String {
        format!(
            "{{\"input_cost\":{},\"cached_input_cost\":{},\"cache_write_cost\":{},\"output_cost\":{}}}",
            self.input_cost, self.cached_input_cost, self.cache_write_cost, self.output_cost
        )
    }
}

impl Counts {
    /// The buckets, and whether the upstream's own object tells the same.
    fn tokens(&self) -> Option<(Tokens, bool)> {
        let prompt = self.prompt_tokens;
        let told = self.completion_tokens.or_else(|| self.total_tokens?.checked_sub(prompt))?;
        let prompt_details = self.prompt_tokens_details.as_ref();
        let cached_told = prompt_details.and_then(|details| details.cached_tokens).unwrap_or(0);
        let written_told = prompt_details.and_then(|details| details.cache_write_tokens).unwrap_or(0);
        let reasoning_told =
            self.completion_tokens_details.as_ref().and_then(|details| details.reasoning_tokens).unwrap_or(0);
        let all = [prompt, told, cached_told, written_told, reasoning_told, self.total_tokens.unwrap_or(0)];
        if all.into_iter().any(|count| count > MAX_COUNT) {
            return None;
        }
        // Some servers count reasoning beside the completion instead of within it; their total gives them away.
        let is_beside = reasoning_told > 0 && self.total_tokens == Some(prompt + told + reasoning_told);
        let output = if is_beside { told + reasoning_told } else { told };
        let (cached_input, reasoning) = (cached_told.min(prompt), reasoning_told.min(output));
        let cache_write = written_told.min(prompt - cached_input);
        let faithful = (cached_input, cache_write, reasoning, output)
            == (cached_told, written_told, reasoning_told, told)
            && self.total_tokens.is_none_or(|total| total == prompt + output);
        let input = prompt - cached_input - cache_write;
        Some((Tokens { input, cached_input, cache_write, cache_write_1h: 0, output, reasoning }, faithful))
    }
}

fn is_about_cost(name: &str) -> bool {
    name.contains("cost")
}

/// Raw JSON that was spread over lines, fit for one line of an event stream. Within strings JSON has no line ends, so
/// only white space changes.
pub(crate) fn on_one_line(json: String) -> String {
    if memchr::memchr2(b'\n', b'\r', json.as_bytes()).is_none() { json } else { json.replace(['\n', '\r'], " ") }
}

fn dollars(picos: u128) -> String {
    let digits = format!("{picos:0>width$}", width = PICO_DECIMALS + 1);
    let (whole, fraction) = digits.split_at(digits.len() - PICO_DECIMALS);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens(json: &str) -> Option<Tokens> {
        ReportedUsage::parse(json).map(|usage| usage.tokens)
    }

    #[test]
    fn buckets_are_disjoint() {
        let json = r#"{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_tokens_details":
            {"cached_tokens":60,"cache_write_tokens":30,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":5}}"#;
        let usage = ReportedUsage::parse(json).unwrap();
        let expected =
            Tokens { input: 10, cached_input: 60, cache_write: 30, output: 20, reasoning: 5, ..Tokens::default() };
        assert_eq!(usage.tokens, expected);
        assert!(usage.object.contains("\"audio_tokens\":0"), "passed on as it is");
        assert!(!usage.object.contains('\n'));
    }

    #[test]
    fn zero_is_not_missing() {
        let json = r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#;
        assert_eq!(ReportedUsage::parse(json).unwrap().object.as_ref(), json);
        assert_eq!(tokens(json), Some(Tokens::default()));
    }

    #[test]
    fn what_cannot_be_charged_is_missing() {
        for json in [
            "null",
            "{}",
            "[]",
            "[1,2,3]",
            "\"5\"",
            r#"{"total_tokens":5}"#,
            r#"{"prompt_tokens":5}"#,
            r#"{"prompt_tokens":-5,"completion_tokens":1}"#,
            r#"{"prompt_tokens":5.0,"completion_tokens":1}"#,
            r#"{"prompt_tokens":"5","completion_tokens":1}"#,
            r#"{"prompt_tokens":5,"completion_tokens":9007199254740993}"#,
            r#"{"prompt_tokens":5,"completion_tokens":1e3}"#,
            r#"{"prompt_tokens":5,"completion_tokens":99999999999999999999999}"#,
            r#"{"prompt_tokens":5,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":-1}}"#,
            r#"{"prompt_tokens":9,"total_tokens":5}"#,
        ] {
            assert_eq!(tokens(json), None, "{json}");
        }
    }

    #[test]
    fn parts_are_cut_down_to_their_whole() {
        let json = r#"{"prompt_tokens":10,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":90,
            "cache_write_tokens":3},"completion_tokens_details":{"reasoning_tokens":9}}"#;
        let usage = ReportedUsage::parse(json).unwrap();
        assert_eq!(usage.tokens, Tokens { cached_input: 10, output: 4, reasoning: 4, ..Tokens::default() });
        assert!(usage.object.contains("\"cached_tokens\":10,"), "{}", usage.object);
    }

    #[test]
    fn totals_are_made_to_add_up() {
        let usage = ReportedUsage::parse(r#"{"prompt_tokens":5,"completion_tokens":2}"#).unwrap();
        assert_eq!(usage.object.as_ref(), r#"{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}"#);
        let usage = ReportedUsage::parse(r#"{"prompt_tokens":5,"total_tokens":7}"#).unwrap();
        assert_eq!(usage.object.as_ref(), r#"{"prompt_tokens":5,"total_tokens":7,"completion_tokens":2}"#);
        let usage = ReportedUsage::parse(r#"{"prompt_tokens":5,"completion_tokens":2,"total_tokens":9}"#).unwrap();
        assert!(usage.object.contains("\"total_tokens\":7"), "{}", usage.object);
    }

    #[test]
    fn reasoning_told_beside_the_completion_is_output() {
        let json = r#"{"prompt_tokens":5,"completion_tokens":2,"total_tokens":37,
            "completion_tokens_details":{"reasoning_tokens":30}}"#;
        let usage = ReportedUsage::parse(json).unwrap();
        assert_eq!(usage.tokens, Tokens { input: 5, output: 32, reasoning: 30, ..Tokens::default() });
        assert!(usage.object.contains("\"completion_tokens\":32,\"total_tokens\":37"), "{}", usage.object);
    }

    #[test]
    fn costs_are_ours_alone() {
        let json = r#"{"cost":9.5,"prompt_tokens":3,"completion_tokens":1,"total_tokens":4,"cost_details":{"upstream":1},
            "estimated_cost":1}"#;
        let usage = ReportedUsage::parse(json).unwrap();
        let plain = r#"{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}"#;
        assert_eq!(usage.object.as_ref(), plain);
        let prices = Prices {
            input: "0.15".parse().unwrap(),
            cached_input: "0.075".parse().unwrap(),
            output: "0.6".parse().unwrap(),
            ..Prices::default()
        };
        let details = CostDetails::of(&prices, &usage.tokens);
        let told = usage.with_cost(prices.cost(&usage.tokens).unwrap(), &details);
        let expected = r#""cost":0.00000105,"cost_details":{"input_cost":0.00000045,"cached_input_cost":0,"cache_write_cost":0,"output_cost":0.0000006}}"#;
        assert_eq!(told, format!("{},{expected}", plain.trim_end_matches('}')));
    }

    proptest! {
        #[test]
        fn what_is_told_is_what_is_charged(
            prompt in 0..MAX_COUNT / 2,
            output in 0..MAX_COUNT / 2,
            cached in any::<u64>(),
            written in 0..MAX_COUNT,
            reasoning in 0..MAX_COUNT,
        ) {
            let json = format!(r#"{{"prompt_tokens":{prompt},"completion_tokens":{output},"prompt_tokens_details":
                {{"cached_tokens":{cached},"cache_write_tokens":{written}}},
                "completion_tokens_details":{{"reasoning_tokens":{reasoning}}}}}"#);
            if let Some(usage) = ReportedUsage::parse(&json) {
                prop_assert_eq!(usage.tokens.total_input(), prompt);
                prop_assert_eq!(ReportedUsage::parse(&usage.object).unwrap().tokens, usage.tokens);
                prop_assert!(usage.tokens.reasoning <= usage.tokens.output);
            }
        }

        #[test]
        fn details_add_up_to_the_cost(
            counts in prop::array::uniform5(0_u64..10_000_000),
            picos in prop::array::uniform5(0_u64..80_000_000),
        ) {
            let [input, cached_input, cache_write, cache_write_1h, output] = picos.map(PicoUsdPerToken::new);
            let prices = Prices { input, cached_input, cache_write, cache_write_1h, output };
            let [input, cached_input, cache_write, cache_write_1h, output] = counts;
            let tokens = Tokens { input, cached_input, cache_write, cache_write_1h, output, reasoning: 0 };
            let details = CostDetails::of(&prices, &tokens);
            let picos = |text: &str| {
                let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
                format!("{whole}{fraction:0<12}").parse::<u128>().unwrap()
            };
            let sum = [&details.input_cost, &details.cached_input_cost, &details.cache_write_cost, &details.output_cost]
                .map(|cost| picos(cost)).iter().sum::<u128>();
            prop_assert_eq!(sum.div_ceil(1_000), u128::try_from(prices.cost(&tokens).unwrap().nanos()).unwrap());
        }
    }
}
