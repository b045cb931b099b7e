//! Every parameter of OpenAI's chat completions, and our own, with what its value must be.

use super::cursor::{At, Checked};
use super::{messages, options, response_format, tool_choice, tools};

/// What is required of a parameter that is not null.
pub(super) enum Rule {
    Boolean,
    Number {
        min: f64,
        max: f64,
    },
    Integer {
        min: i64,
        max: i64,
    },
    Text,
    /// A string of at most so many characters.
    TextUpTo(usize),
    OneOf(&'static [&'static str]),
    /// A structure with rules of its own.
    Structure(fn(&At<'_, '_>) -> Checked),
}

use Rule::{Boolean, Integer, Number, OneOf, Structure, Text, TextUpTo};

/// More output than any model gives; the bound keeps every product with a price far from overflow.
const MAX_OUTPUT_TOKENS: i64 = i32::MAX as i64;
/// The fallback list, our extra over OpenAI's payload.
pub(super) const FALLBACKS: &str = "models";

/// Sorted by name.
const PARAMS: &[(&str, Rule)] = &[
    ("audio", Structure(options::audio)),
    ("frequency_penalty", Number { min: -2.0, max: 2.0 }),
    ("function_call", Structure(tool_choice::check_function_call)),
    ("functions", Structure(tools::check_functions)),
    ("logit_bias", Structure(options::logit_bias)),
    ("logprobs", Boolean),
    ("max_completion_tokens", Integer { min: 1, max: MAX_OUTPUT_TOKENS }),
    ("max_tokens", Integer { min: 1, max: MAX_OUTPUT_TOKENS }),
    ("messages", Structure(messages::check)),
    ("metadata", Structure(options::metadata)),
    ("modalities", Structure(options::modalities)),
    ("model", Structure(options::model)),
    (FALLBACKS, Structure(options::models)),
    ("moderation", Structure(options::moderation)),
    ("n", Integer { min: 1, max: 128 }),
    ("parallel_tool_calls", Boolean),
    ("prediction", Structure(options::prediction)),
    ("presence_penalty", Number { min: -2.0, max: 2.0 }),
    ("prompt_cache_key", Text),
    ("prompt_cache_options", Structure(options::prompt_cache_options)),
    ("prompt_cache_retention", OneOf(&["in_memory", "in-memory", "24h"])),
    ("reasoning_effort", OneOf(&["none", "minimal", "low", "medium", "high", "xhigh", "max"])),
    ("response_format", Structure(response_format::check)),
    ("safety_identifier", TextUpTo(128)),
    ("seed", Integer { min: i64::MIN, max: i64::MAX }),
    ("service_tier", OneOf(&["auto", "default", "flex", "scale", "priority", "fast"])),
    ("stop", Structure(options::stop)),
    ("store", Boolean),
    ("stream", Boolean),
    ("stream_options", Structure(options::stream_options)),
    ("temperature", Number { min: 0.0, max: 2.0 }),
    ("tool_choice", Structure(tool_choice::check)),
    ("tools", Structure(tools::check)),
    ("top_logprobs", Integer { min: 0, max: 20 }),
    ("top_p", Number { min: 0.0, max: 1.0 }),
    ("user", Text),
    ("verbosity", OneOf(&["low", "medium", "high"])),
    ("web_search_options", Structure(options::web_search_options)),
];

/// The parameter of this name, with the name as a constant; `None` where neither OpenAI nor we have one.
pub(super) fn find(name: &str) -> Option<&'static (&'static str, Rule)> {
    PARAMS.binary_search_by_key(&name, |(known, _)| known).ok().map(|index| &PARAMS[index])
}

impl Rule {
    pub(super) fn check(&self, value: &At<'_, '_>) -> Checked {
        match self {
            Boolean => value.boolean(),
            Number { min, max } => value.number(*min, *max),
            Integer { min, max } => value.integer(*min, *max).map(drop),
            Text => value.string().map(drop),
            TextUpTo(most) => value.string_up_to(*most).map(drop),
            OneOf(words) => value.one_of(words).map(drop),
            Structure(check) => check(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_searched() {
        assert!(PARAMS.is_sorted_by(|(one, _), (next, _)| one < next));
        assert!(PARAMS.iter().all(|(name, _)| find(name).is_some()));
        assert!(find("top_k").is_none());
    }
}
