//! Anthropic's counts.

use syntopen_shared::price::Tokens;

use crate::answer::fields::Fields;
use crate::answer::{MAX_COUNT, ReportedUsage};

/// The counts of one answer, as far as they are known. In a stream they are told more than once, each time as totals,
/// so that the last figure of each counts. A figure that makes no sense is as good as none.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::providers::anthropic) struct Counts {
    /// Without what was read from the cache or written to it.
    input: Option<u64>,
    cached_input: Option<u64>,
    /// Written to the cache for whichever time.
    cache_write: Option<u64>,
    cache_write_5m: Option<u64>,
    cache_write_1h: Option<u64>,
    output: Option<u64>,
    reasoning: Option<u64>,
}

impl Counts {
    /// Takes a `usage` object; tells whether it says how much was generated.
    pub(in crate::providers::anthropic) fn take(&mut self, usage: &str) -> bool {
        let Ok(fields) = Fields::parse(usage) else { return false };
        let nested = |name: &str| fields.get(name).and_then(|object| Fields::parse(object).ok());
        let (lifetimes, details) = (nested("cache_creation"), nested("output_tokens_details"));
        let output = count(Some(&fields), "output_tokens");
        for (known, told) in [
            (&mut self.input, count(Some(&fields), "input_tokens")),
            (&mut self.cached_input, count(Some(&fields), "cache_read_input_tokens")),
            (&mut self.cache_write, count(Some(&fields), "cache_creation_input_tokens")),
            (&mut self.cache_write_5m, count(lifetimes.as_ref(), "ephemeral_5m_input_tokens")),
            (&mut self.cache_write_1h, count(lifetimes.as_ref(), "ephemeral_1h_input_tokens")),
            (&mut self.output, output),
            (&mut self.reasoning, count(details.as_ref(), "thinking_tokens")),
        ] {
            *known = told.or(*known);
        }
        output.is_some()
    }

    /// What was used; `None` where the input or the output is not known.
    pub(in crate::providers::anthropic) fn reported(&self) -> Option<ReportedUsage> {
        let (input, output) = (self.input?, self.output?);
        let for_an_hour = self.cache_write_1h.unwrap_or(0);
        let written = self.cache_write.unwrap_or_else(|| self.cache_write_5m.unwrap_or(0) + for_an_hour);
        let cache_write_1h = for_an_hour.min(written);
        Some(ReportedUsage::of(Tokens {
            input,
            cached_input: self.cached_input.unwrap_or(0),
            cache_write: written - cache_write_1h,
            cache_write_1h,
            output,
            reasoning: self.reasoning.unwrap_or(0).min(output),
        }))
    }

    /// What the input was, before anything of the output is told: what a beginning stream says of its output is only a
    /// beginning, too, and the gateway counts from there itself.
    pub(in crate::providers::anthropic) fn reported_input(&self) -> Option<ReportedUsage> {
        Self { output: Some(0), reasoning: None, ..*self }.reported()
    }
}

fn count(fields: Option<&Fields<'_>>, name: &str) -> Option<u64> {
    fields?.get(name)?.parse().ok().filter(|count| *count <= MAX_COUNT)
}
