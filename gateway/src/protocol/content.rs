//! What a message says: a string, or parts of several kinds.

use super::cursor::{At, Checked};
use super::media;

/// The kinds of parts that a kind of message may have.
pub(super) type Parts = &'static [&'static str];

pub(super) const TEXT_ONLY: Parts = &["text"];
pub(super) const OF_USER: Parts = &["text", "image_url", "input_audio", "file"];
pub(super) const OF_ASSISTANT: Parts = &["text", "refusal"];

/// A string, or an array of parts of the kinds allowed.
pub(super) fn check(content: &At<'_, '_>, allowed: Parts) -> Checked {
    if content.json().as_str().is_some() {
        return Ok(());
    }
    if content.items().is_err() {
        return Err(content.expected("a string or an array of content parts"));
    }
    // How many there may be is bounded for the request as a whole.
    content.some_items(usize::MAX)?.try_for_each(|part| check_part(&part, allowed))
}

fn check_part(part: &At<'_, '_>, allowed: Parts) -> Checked {
    if let Some(breakpoint) = part.optional("prompt_cache_breakpoint")? {
        breakpoint.required("mode")?.one_of(&["explicit"])?;
        check_cache_lifetime(&breakpoint)?;
    }
    match part.required("type")?.one_of(allowed)? {
        "image_url" => check_image(&part.required("image_url")?),
        "input_audio" => check_audio(&part.required("input_audio")?),
        "file" => check_file(&part.required("file")?),
        // Parts of text are called what their one field is called: `text`, `refusal`.
        text => part.required(text)?.string().map(drop),
    }
}

/// The `ttl` of whatever is cached.
pub(super) fn check_cache_lifetime(of: &At<'_, '_>) -> Checked {
    match of.optional("ttl")? {
        Some(ttl) => ttl.one_of(&["30m", "12h"]).map(drop),
        None => Ok(()),
    }
}

fn check_image(image: &At<'_, '_>) -> Checked {
    if let Some(detail) = image.optional("detail")? {
        detail.one_of(&["auto", "low", "high", "original"])?;
    }
    let url = image.required("url")?.string()?;
    // The part is named rather than its `url`, as OpenAI does for an image that cannot be used.
    media::check_image_url(url).map_err(|right| image.refuse(right))
}

fn check_audio(audio: &At<'_, '_>) -> Checked {
    audio.required("format")?.one_of(&["wav", "mp3"])?;
    let data = audio.required("data")?;
    if media::is_base64(data.string()?) {
        return Ok(());
    }
    Err(data.refuse("must be base64 with its padding, and not empty"))
}

fn check_file(file: &At<'_, '_>) -> Checked {
    for name in ["filename", "file_id"] {
        if let Some(text) = file.optional(name)? {
            text.non_empty_string()?;
        }
    }
    match (file.optional("file_data")?, file.optional("file_id")?) {
        (Some(data), _) => media::check_file_data(data.string()?).map_err(|right| data.refuse(right)),
        (None, Some(_)) => Ok(()),
        (None, None) => Err(file.refuse("must have file_data or file_id")),
    }
}
