//! Images, sounds and files in a conversation.

use std::borrow::Cow;

use serde::Serialize;

use crate::protocol::{DataUrl, InvalidRequest};

/// What the models look at.
const IMAGES: [&str; 6] = ["image/png", "image/jpeg", "image/webp", "image/heic", "image/heif", "image/gif"];

/// Data within the request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Inline<'a> {
    mime_type: Cow<'static, str>,
    /// In base64.
    data: &'a str,
}

/// An image of the part at `path`. The models fetch nothing from the web.
pub(super) fn image<'a>(url: &'a str, path: &str) -> Result<Inline<'a>, InvalidRequest> {
    let wrong = |right| Err(InvalidRequest::of_param(&format!("{path}.image_url"), right));
    let Some(data) = DataUrl::parse(url) else {
        return wrong(
            "must have a url that is data:image/<type>;base64,<data>: others are not fetched by Google's models",
        );
    };
    let sent = data.media_type.to_ascii_lowercase();
    let sent = if sent == "image/jpg" { "image/jpeg" } else { sent.as_str() };
    match IMAGES.into_iter().find(|known| *known == sent) {
        Some(known) => Ok(Inline { mime_type: Cow::Borrowed(known), data: data.payload }),
        None => wrong("must be of the type png, jpeg, webp, heic, heif or gif to be seen by Google's models"),
    }
}

/// Sound: `wav` or `mp3`.
pub(super) fn audio<'a>(data: &'a str, format: &str) -> Inline<'a> {
    Inline { mime_type: Cow::Borrowed(if format == "mp3" { "audio/mp3" } else { "audio/wav" }), data }
}

/// A file of the part at `path`; `None` stands for one that the client has only given the id of.
pub(super) fn file<'a>(data: Option<&'a str>, path: &str) -> Result<Inline<'a>, InvalidRequest> {
    let wrong = |field: &str, right| Err(InvalidRequest::of_param(&format!("{path}.file.{field}"), right));
    let Some(url) = data else {
        return wrong("file_id", "must be replaced by file_data: files cannot be fetched by Google's models");
    };
    let Some(data) = DataUrl::parse(url) else {
        return wrong("file_data", "must be a data URL to be read by Google's models");
    };
    let sent = data.media_type.to_ascii_lowercase();
    let is_text = sent.strip_prefix("text/").is_some_and(|subtype| !subtype.is_empty());
    if !is_text && sent != "application/pdf" {
        return wrong("file_data", "must be of the type application/pdf or text/... to be read by Google's models");
    }
    Ok(Inline { mime_type: Cow::Owned(sent), data: data.payload })
}
