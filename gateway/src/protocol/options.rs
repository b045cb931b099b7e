//! The smaller structured parameters.

use super::content;
use super::cursor::{At, Checked};

/// The most fallback models that one request names.
const MAX_FALLBACKS: usize = 16;
const MAX_STOPS: usize = 4;
const MAX_METADATA_PAIRS: usize = 16;
const MAX_METADATA_KEY_CHARS: usize = 64;
const MAX_METADATA_VALUE_CHARS: usize = 512;

pub(super) fn model(value: &At<'_, '_>) -> Checked {
    value.non_empty_string().map(drop)
}

pub(super) fn models(value: &At<'_, '_>) -> Checked {
    value.some_items(MAX_FALLBACKS)?.try_for_each(|item| model(&item))
}

pub(super) fn audio(value: &At<'_, '_>) -> Checked {
    let voice = value.required("voice")?;
    if voice.json().as_str().is_some() {
        voice.non_empty_string()?;
    } else if voice.object().is_ok() {
        voice.required("id")?.non_empty_string()?;
    } else {
        return Err(voice.expected("the name of a voice, or an object with its id"));
    }
    value.required("format")?.one_of(&["wav", "aac", "mp3", "flac", "opus", "pcm16"]).map(drop)
}

pub(super) fn logit_bias(value: &At<'_, '_>) -> Checked {
    for (token, bias) in value.entries()? {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(bias.refuse("must have the number of a token for a key"));
        }
        bias.number(-100.0, 100.0)?;
    }
    Ok(())
}

pub(super) fn metadata(value: &At<'_, '_>) -> Checked {
    let pairs = value.entries()?;
    for (index, (key, text)) in pairs.enumerate() {
        if index == MAX_METADATA_PAIRS {
            return Err(value.refuse(format!("must have at most {MAX_METADATA_PAIRS} pairs")));
        }
        if key.chars().count() > MAX_METADATA_KEY_CHARS {
            return Err(value.refuse(format!("must have keys of at most {MAX_METADATA_KEY_CHARS} characters")));
        }
        text.string_up_to(MAX_METADATA_VALUE_CHARS)?;
    }
    Ok(())
}

pub(super) fn modalities(value: &At<'_, '_>) -> Checked {
    value.some_items(2)?.try_for_each(|item| item.one_of(&["text", "audio"]).map(drop))
}

pub(super) fn moderation(value: &At<'_, '_>) -> Checked {
    value.required("model")?.non_empty_string()?;
    let Some(policy) = value.optional("policy")? else { return Ok(()) };
    for side in ["input", "output"] {
        if let Some(rule) = policy.optional(side)? {
            rule.required("mode")?.one_of(&["score", "block"])?;
        }
    }
    Ok(())
}

pub(super) fn prediction(value: &At<'_, '_>) -> Checked {
    value.required("type")?.one_of(&["content"])?;
    content::check(&value.required("content")?, content::TEXT_ONLY)
}

pub(super) fn prompt_cache_options(value: &At<'_, '_>) -> Checked {
    if let Some(mode) = value.optional("mode")? {
        mode.one_of(&["implicit", "explicit"])?;
    }
    content::check_cache_lifetime(value)
}

pub(super) fn stop(value: &At<'_, '_>) -> Checked {
    if value.json().as_str().is_some() {
        return Ok(());
    }
    let Ok(items) = value.items() else {
        return Err(value.expected(format_args!("a string or an array of at most {MAX_STOPS} strings")));
    };
    if items.len() > MAX_STOPS {
        return Err(value.refuse(format!("must have at most {MAX_STOPS} elements, not {}", items.len())));
    }
    for item in items {
        item.string()?;
    }
    Ok(())
}

pub(super) fn stream_options(value: &At<'_, '_>) -> Checked {
    for name in ["include_usage", "include_obfuscation"] {
        if let Some(option) = value.optional(name)? {
            option.boolean()?;
        }
    }
    Ok(())
}

pub(super) fn web_search_options(value: &At<'_, '_>) -> Checked {
    if let Some(size) = value.optional("search_context_size")? {
        size.one_of(&["low", "medium", "high"])?;
    }
    let Some(location) = value.optional("user_location")? else { return Ok(()) };
    location.required("type")?.one_of(&["approximate"])?;
    let approximate = location.required("approximate")?;
    for name in ["city", "country", "region", "timezone"] {
        if let Some(place) = approximate.optional(name)? {
            place.string()?;
        }
    }
    Ok(())
}
