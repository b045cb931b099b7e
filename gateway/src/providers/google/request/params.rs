//! The parameters that Google's models have nothing for: refused where they ask for something, left out where they
//! change nothing that a client could rely on, and of no account where their value is the neutral one.

use super::{Dropped, unsupported};
use crate::answer::fields::Fields;
use crate::protocol::{ChatRequest, InvalidRequest};

/// Left out, unless the value is one that changes nothing anyway.
const LEFT_OUT: [(&str, &[&str]); 9] = [
    ("metadata", &[]),
    ("prediction", &[]),
    ("prompt_cache_key", &[]),
    ("prompt_cache_options", &[]),
    ("prompt_cache_retention", &["\"in_memory\"", "\"in-memory\""]),
    ("safety_identifier", &[]),
    ("store", &["false"]),
    ("user", &[]),
    ("verbosity", &["\"medium\""]),
];

/// Refused, unless the value is one that asks for nothing.
const REFUSED: [(&str, &[&str]); 4] = [
    ("audio", &[]),
    ("moderation", &[]),
    // The dearer and the cheaper ways to be served have prices of their own, which the catalog does not know.
    ("service_tier", &["\"auto\"", "\"default\""]),
    ("web_search_options", &[]),
];

/// Translated elsewhere, though OpenAI's API does not have it.
pub(super) const TOP_K: &str = "top_k";

/// Refuses what cannot be done, and notes what is left out.
pub(super) fn check(request: &ChatRequest, dropped: &mut Dropped) -> Result<(), InvalidRequest> {
    let says = |name: &str, neutral: &[&str]| request.param(name).is_some_and(|raw| !neutral.contains(&raw));
    if asks_for_sound(request)? {
        return Err(unsupported("modalities"));
    }
    for (name, neutral) in REFUSED {
        if says(name, neutral) {
            return Err(unsupported(name));
        }
    }
    if request.read::<Fields<'_>>("logit_bias")?.is_some_and(|biases| biases.iter().next().is_some()) {
        return Err(unsupported("logit_bias"));
    }
    if request.read::<Vec<&serde_json::value::RawValue>>("functions")?.is_some_and(|functions| !functions.is_empty()) {
        let right = "must be given as tools: the deprecated form is not supported by Google's models";
        return Err(InvalidRequest::of_param("functions", right));
    }
    for (name, neutral) in LEFT_OUT {
        if says(name, neutral) && !is_empty_object(request, name)? {
            dropped.note(name);
        }
    }
    for name in request.unknown_params().filter(|name| *name != TOP_K && request.param(name).is_some()) {
        dropped.note(name);
    }
    Ok(())
}

fn asks_for_sound(request: &ChatRequest) -> Result<bool, InvalidRequest> {
    let modalities: Option<Vec<String>> = request.read("modalities")?;
    Ok(modalities.is_some_and(|modalities| modalities.iter().any(|modality| modality == "audio")))
}

fn is_empty_object(request: &ChatRequest, name: &str) -> Result<bool, InvalidRequest> {
    let is_object = request.param(name).is_some_and(|raw| raw.starts_with('{'));
    Ok(is_object && request.read::<Fields<'_>>(name)?.is_some_and(|fields| fields.iter().next().is_none()))
}
