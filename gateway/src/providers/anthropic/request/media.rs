//! Images and files.

use std::borrow::Cow;

use super::blocks::{Block, Source, is_blank};
use super::cache::CacheControl;
use super::dropped::Dropped;
use super::models::Abilities;
use crate::protocol::{DataUrl, InvalidRequest, quote};

/// The longest title of a document, in characters.
const MAX_TITLE_CHARS: usize = 500;
const HTTPS: &str = "https://";
const PDF: &str = "application/pdf";
const PLAIN_TEXT: &str = "text/plain";

/// An image by its URL. `at` is the path of its part.
pub(super) fn image<'m>(
    url: &'m str,
    at: &str,
    cache_control: Option<CacheControl>,
) -> Result<Block<'m>, InvalidRequest> {
    let refuse = |right: &str| Err(InvalidRequest::of_param(&format!("{at}.image_url"), right));
    let source = match DataUrl::parse(url) {
        Some(data) => match image_type(data.media_type) {
            Some(media_type) => Source::Base64 { media_type, data: data.payload },
            None => {
                let found = quote(data.media_type);
                return refuse(&format!(
                    "must be an image of the type jpeg, png, gif or webp for Anthropic's models, not {found}"
                ));
            }
        },
        None if url.starts_with(HTTPS) => Source::Url { url: Cow::Borrowed(url) },
        None if is_https(url) => Source::Url { url: Cow::Owned(format!("{HTTPS}{}", &url[HTTPS.len()..])) },
        None => return refuse("must have a url that is https://... or a data URL, for Anthropic's models"),
    };
    Ok(Block::Image { source, cache_control })
}

/// A file: its data URL, where it has one, and its name.
#[derive(Clone, Copy)]
pub(super) struct File<'m> {
    pub(super) data: Option<&'m str>,
    pub(super) name: Option<&'m str>,
}

impl<'m> File<'m> {
    /// The block for a file at the path `at`.
    pub(super) fn block(
        self,
        (at, cache_control): (&str, Option<CacheControl>),
        abilities: Abilities,
        dropped: &mut Dropped,
    ) -> Result<Block<'m>, InvalidRequest> {
        let refuse = |field: &str, right: &str| InvalidRequest::of_param(&format!("{at}.file{field}"), right);
        let Some(data) = self.data else {
            return Err(refuse(".file_id", "must be left out in favour of file_data, for Anthropic's models"));
        };
        let data = DataUrl::parse(data).ok_or_else(|| refuse(".file_data", "must be a data URL"))?;
        let source = if data.media_type.eq_ignore_ascii_case(PDF) {
            if !abilities.reads_pdf {
                return Err(refuse("", "must be plain text: this one of Anthropic's models does not read PDF files"));
            }
            Source::Base64 { media_type: PDF, data: data.payload }
        } else if data.media_type.eq_ignore_ascii_case(PLAIN_TEXT) {
            let text = decoded(data.payload).filter(|text| !is_blank(text));
            let text = text.ok_or_else(|| refuse(".file_data", "must be text in UTF-8, for Anthropic's models"))?;
            Source::Text { media_type: PLAIN_TEXT, data: text }
        } else {
            return Err(refuse(".file_data", "must be a PDF file or plain text, for Anthropic's models"));
        };
        let title = self.name.filter(|name| name.chars().nth(MAX_TITLE_CHARS).is_none() && !is_blank(name));
        if title.is_none() && self.name.is_some() {
            dropped.note("file.filename");
        }
        Ok(Block::Document { source, title, cache_control })
    }
}

fn image_type(sent: &str) -> Option<&'static str> {
    let known = [
        ("image/jpeg", "image/jpeg"),
        ("image/jpg", "image/jpeg"),
        ("image/png", "image/png"),
        ("image/gif", "image/gif"),
        ("image/webp", "image/webp"),
    ];
    known.into_iter().find(|(name, _)| sent.trim().eq_ignore_ascii_case(name)).map(|(_, media_type)| media_type)
}

/// Schemes are the same in any case, but Anthropic takes this one in small letters only.
fn is_https(url: &str) -> bool {
    url.split_at_checked(HTTPS.len()).is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case(HTTPS))
}

/// Decodes base64 that was validated; `None` where it is no UTF-8.
fn decoded(base64: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(base64.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in base64.bytes().take_while(|byte| *byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xFFFF;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xFF) as u8);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_text() {
        for (base64, text) in [("aGk=", "hi"), ("aGk", "hi"), ("w6kh", "é!"), ("8J+XvA==", "🗼"), ("YWJjZA==", "abcd")]
        {
            assert_eq!(decoded(base64).as_deref(), Some(text), "{base64}");
        }
        assert_eq!(decoded("/w=="), None, "no UTF-8");
        assert_eq!(decoded("a*=="), None);
    }
}
