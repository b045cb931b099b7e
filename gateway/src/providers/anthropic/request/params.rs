//! Parameters that stand alone: what is refused, what is left out, what is only renamed.

use serde::Serialize;
use serde_json::value::RawValue;

use super::blocks::is_blank;
use super::dropped::Dropped;
use crate::answer::fields::Fields;
use crate::protocol::{ChatRequest, InvalidRequest};
use crate::providers::Target;

/// The longest `user_id` that Anthropic takes, in characters.
const MAX_USER_CHARS: usize = 256;
/// Digits from which on a name looks like a telephone number.
const MIN_PHONE_DIGITS: usize = 7;

/// A parameter that Anthropic has not, and that would change the answer.
struct Refused {
    name: &'static str,
    /// Whether a value asks for nothing.
    is_neutral: fn(&str) -> bool,
    right: &'static str,
}

const REFUSED: [Refused; 12] = [
    Refused { name: "modalities", is_neutral: is_only_text, right: "must be [\"text\"] or left out" },
    Refused { name: "audio", is_neutral: |_| false, right: "must be left out" },
    Refused { name: "frequency_penalty", is_neutral: is_zero, right: "must be 0 or left out" },
    Refused { name: "function_call", is_neutral: |_| false, right: "must be left out, in favour of tool_choice" },
    Refused { name: "functions", is_neutral: is_empty_array, right: "must be left out, in favour of tools" },
    Refused { name: "logit_bias", is_neutral: is_empty_object, right: "must be empty or left out" },
    Refused { name: "logprobs", is_neutral: |raw| raw == "false", right: "must be false or left out" },
    Refused { name: "moderation", is_neutral: |_| false, right: "must be left out" },
    Refused { name: "n", is_neutral: |raw| raw == "1", right: "must be 1 or left out" },
    Refused { name: "presence_penalty", is_neutral: is_zero, right: "must be 0 or left out" },
    Refused { name: "service_tier", is_neutral: is_usual_tier, right: "must be auto, default or left out" },
    Refused { name: "web_search_options", is_neutral: |_| false, right: "must be left out" },
];

/// Parameters that Anthropic has not, and that nothing in an answer depends on.
const LEFT_OUT: [&str; 8] = [
    "metadata",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "seed",
    "store",
    "verbosity",
];
/// An extra over OpenAI's API that Anthropic has too.
const TOP_K: &str = "top_k";

/// How the next token is chosen, in the client's own digits.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Sampling<'m> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<&'m RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_p: Option<&'m RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_k: Option<&'m RawValue>,
}

/// Who the client's own customer is.
#[derive(Debug, Serialize)]
pub(super) struct Metadata {
    user_id: String,
}

/// Refuses what cannot be said.
pub(super) fn refuse(request: &ChatRequest) -> Result<(), InvalidRequest> {
    for Refused { name, is_neutral, right } in &REFUSED {
        if request.param(name).is_some_and(|raw| !is_neutral(raw)) {
            return Err(InvalidRequest::of_param(name, format!("{right}, for Anthropic's models")));
        }
    }
    Ok(())
}

/// Notes what is left out.
pub(super) fn leave_out(request: &ChatRequest, dropped: &mut Dropped) {
    // Nothing is stored here, whether or not the client says so.
    let says_something = |name: &str| request.param(name).is_some_and(|raw| (name, raw) != ("store", "false"));
    LEFT_OUT.iter().filter(|name| says_something(name)).for_each(|name| dropped.note(name));
    let unknown = request.unknown_params().filter(|name| *name != TOP_K);
    unknown.filter(|name| request.param(name).is_some()).for_each(|name| dropped.note(name));
}

impl<'m> Sampling<'m> {
    pub(super) fn of(request: &'m ChatRequest) -> Result<Self, InvalidRequest> {
        let temperature = request.read::<&RawValue>("temperature")?;
        if temperature.is_some_and(|raw| number(raw.get()) > 1.0) {
            let right = "must be between 0 and 1, for Anthropic's models";
            return Err(InvalidRequest::of_param("temperature", right));
        }
        let top_k = request.read::<&RawValue>(TOP_K)?;
        if top_k.is_some_and(|raw| raw.get().parse::<u32>().is_err()) {
            let right = "must be an integer from 0 on, for Anthropic's models";
            return Err(InvalidRequest::of_param(TOP_K, right));
        }
        Ok(Self { temperature, top_p: request.read("top_p")?, top_k })
    }

    /// The first parameter that Anthropic does not take from a model that thinks.
    pub(super) fn against_thinking(&self) -> Option<(&'static str, &'static str)> {
        if self.temperature.is_some_and(|raw| number(raw.get()) < 1.0) {
            return Some(("temperature", "must be 1 or left out"));
        }
        self.top_k.map(|_| (TOP_K, "must be left out"))
    }
}

/// The most tokens of the answer. Anthropic wants a number in any case.
pub(super) fn max_tokens(request: &ChatRequest, target: &Target<'_>) -> Result<u64, InvalidRequest> {
    let most = target.model_max_output_tokens;
    if request.named_max_tokens().is_some_and(|named| named > most) {
        let right = format!("must be at most {most}, which is all that this one of Anthropic's models can answer");
        return Err(InvalidRequest::of_param(name_of_maximum(request), right));
    }
    let named = request.named_max_tokens().unwrap_or(most);
    Ok(target.max_output_tokens.map_or(named, |granted| named.min(granted)))
}

/// The name under which the client sent its maximum.
pub(super) fn name_of_maximum(request: &ChatRequest) -> &'static str {
    if request.param("max_tokens").is_some() { "max_tokens" } else { "max_completion_tokens" }
}

/// The words that end the answer.
pub(super) fn stop(request: &ChatRequest) -> Result<Vec<String>, InvalidRequest> {
    let words = request.stop()?;
    if words.iter().any(|word| is_blank(word)) {
        let right = "must have something besides white space in each word, for Anthropic's models";
        return Err(InvalidRequest::of_param("stop", right));
    }
    Ok(words)
}

/// The client's name for its customer: the newer parameter goes first. Anthropic wants nothing in it that tells who
/// somebody is.
pub(super) fn metadata(request: &ChatRequest, dropped: &mut Dropped) -> Result<Option<Metadata>, InvalidRequest> {
    let mut metadata = None;
    for name in ["safety_identifier", "user"] {
        let sent: Option<String> = request.read(name)?;
        match sent.filter(|id| !id.is_empty()) {
            Some(user_id) if metadata.is_none() && is_opaque(&user_id) => metadata = Some(Metadata { user_id }),
            Some(_) => dropped.note(name),
            None => {}
        }
    }
    Ok(metadata)
}

fn is_opaque(user: &str) -> bool {
    let of_phone = |char: char| char.is_ascii_digit() || char.is_whitespace() || "+-().".contains(char);
    let digits = user.bytes().filter(u8::is_ascii_digit).count();
    let is_phone = digits >= MIN_PHONE_DIGITS && user.chars().all(of_phone);
    !is_phone && !user.contains('@') && user.chars().nth(MAX_USER_CHARS).is_none()
}

fn number(raw: &str) -> f64 {
    raw.parse().unwrap_or_default()
}

fn is_zero(raw: &str) -> bool {
    number(raw) == 0.0
}

fn is_empty_object(raw: &str) -> bool {
    Fields::parse(raw).is_ok_and(|fields| fields.iter().next().is_none())
}

fn is_empty_array(raw: &str) -> bool {
    serde_json::from_str::<Vec<&RawValue>>(raw).is_ok_and(|items| items.is_empty())
}

fn is_only_text(raw: &str) -> bool {
    serde_json::from_str::<Vec<String>>(raw).is_ok_and(|kinds| kinds.iter().all(|kind| kind == "text"))
}

fn is_usual_tier(raw: &str) -> bool {
    matches!(raw, "\"auto\"" | "\"default\"")
}
