//! Content blocks: what a message is made of in Anthropic's API.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::cache::CacheControl;

/// One block.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'m> {
    Text {
        text: &'m str,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl>,
    },
    Image {
        source: Source<'m>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl>,
    },
    Document {
        source: Source<'m>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'m str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl>,
    },
    ToolUse {
        id: String,
        name: &'m str,
        /// As the client sent it.
        input: &'m RawValue,
    },
    ToolResult {
        tool_use_id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<Said<'m>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl>,
    },
}

/// Where an image or a document is.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Source<'m> {
    Base64 { media_type: &'static str, data: &'m str },
    Text { media_type: &'static str, data: String },
    Url { url: Cow<'m, str> },
}

/// A text in one piece, or in blocks.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Said<'m> {
    Text(Cow<'m, str>),
    Blocks(Vec<Block<'m>>),
}

impl<'m> Block<'m> {
    /// A text without a mark.
    pub(super) const fn text(text: &'m str) -> Self {
        Self::Text { text, cache_control: None }
    }
}

/// Whether a text has nothing that Anthropic takes for one.
pub(super) fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}
