//! The shapes of content blocks, each closed.

use serde_json::Value;

use super::error::Refusal;
use super::model::Model;
use super::place::{Fields, Place};
use crate::simulator::base64;

const OF_USER: [&str; 4] = ["text", "image", "document", "tool_result"];
const OF_ASSISTANT: [&str; 4] = ["text", "tool_use", "thinking", "redacted_thinking"];
const OF_RESULT: [&str; 3] = ["text", "image", "document"];
const OF_DOCUMENT: [&str; 2] = ["text", "image"];
const IMAGE_TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];
const TITLE_CHARS_MAX: usize = 500;

/// Where a block stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    User,
    Assistant,
    ToolResult,
    Document,
}

/// Reads blocks, and counts what is limited over the whole request.
pub(super) struct BlockReader<'a> {
    model: Model<'a>,
    /// Tools, texts of the system and blocks with a `cache_control`.
    pub(super) cached: usize,
    /// Whether one of them is kept for the shorter time, after which none may be kept for longer.
    has_short: bool,
}

impl<'a> BlockReader<'a> {
    pub(super) const fn new(model: Model<'a>) -> Self {
        Self { model, cached: 0, has_short: false }
    }

    /// Checks one block and gives its type.
    pub(super) fn read<'b>(&mut self, block: &Place<'b>, holder: Holder) -> Result<&'b str, Refusal> {
        let known: Vec<&str> = match holder {
            Holder::User | Holder::Assistant => OF_USER.iter().chain(&OF_ASSISTANT[1..]).copied().collect(),
            Holder::ToolResult => OF_RESULT.to_vec(),
            Holder::Document => OF_DOCUMENT.to_vec(),
        };
        let kind = block.tag(&known)?;
        let (others, owner) = match holder {
            Holder::User => (&OF_ASSISTANT[1..], "assistant"),
            Holder::Assistant => (&OF_USER[1..], "user"),
            Holder::ToolResult | Holder::Document => (&[][..], ""),
        };
        if others.contains(&kind) {
            return Err(block.wrong(&format!("`{kind}` blocks can only be in `{owner}` messages")));
        }
        let block = block.tagged(kind);
        match kind {
            "text" => self.text(&block)?,
            "image" => self.image(&block)?,
            "document" => self.document(&block)?,
            "tool_use" => self.tool_use(&block)?,
            "tool_result" => self.tool_result(&block)?,
            "thinking" => thinking(&block)?,
            _ => {
                block.fields(&["type", "data"])?.need("data")?.text()?;
            }
        }
        Ok(kind)
    }

    /// A text block, of the system too.
    pub(super) fn text(&mut self, block: &Place<'_>) -> Result<(), Refusal> {
        let fields = block.fields(&["type", "text", "cache_control", "citations"])?;
        let text = fields.need("text")?.text()?;
        if let Some(citations) = fields.get_nullable("citations") {
            citations.items()?;
        }
        if self.cache_control(&fields)? && text.is_empty() {
            return Err(block.wrong("cache_control cannot be set for empty text blocks"));
        }
        not_blank(text)
    }

    /// Whether the fields have a `cache_control`, which is counted.
    pub(super) fn cache_control(&mut self, fields: &Fields<'_>) -> Result<bool, Refusal> {
        let Some(control) = fields.get_nullable("cache_control") else { return Ok(false) };
        control.tag(&["ephemeral"])?;
        let ttl = control.tagged("ephemeral").fields(&["type", "ttl"])?.get("ttl");
        let is_long = ttl.as_ref().map_or(Ok("5m"), |ttl| ttl.one_of(&["5m", "1h"]))? == "1h";
        if is_long && self.has_short {
            let text = "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks \
                are processed in the following order: `tools`, `system`, `messages`.";
            return Err(control.wrong(text));
        }
        self.has_short |= !is_long;
        self.cached += 1;
        Ok(true)
    }

    fn image(&mut self, block: &Place<'_>) -> Result<(), Refusal> {
        let fields = block.fields(&["type", "source", "cache_control"])?;
        self.cache_control(&fields)?;
        let source = fields.need("source")?;
        match source.tag(&["base64", "url"])? {
            "base64" => encoded(&source.tagged("base64"), &IMAGE_TYPES),
            _ => url(&source.tagged("url")),
        }
    }

    fn document(&mut self, block: &Place<'_>) -> Result<(), Refusal> {
        let fields = block.fields(&["type", "source", "title", "context", "citations", "cache_control"])?;
        self.cache_control(&fields)?;
        if let Some(title) = fields.get_nullable("title") {
            title.text_up_to(TITLE_CHARS_MAX)?;
        }
        if let Some(context) = fields.get_nullable("context") {
            context.text()?;
        }
        if let Some(citations) = fields.get_nullable("citations") {
            citations.fields(&["enabled"])?.get("enabled").map_or(Ok(true), |enabled| enabled.boolean())?;
        }
        let source = fields.need("source")?;
        let kind = source.tag(&["base64", "text", "url", "content"])?;
        let source = source.tagged(kind);
        if matches!(kind, "base64" | "url") && !self.model.reads_pdf() {
            return Err(Refusal::new(&format!("'{}' does not support PDF input.", self.model.0)));
        }
        match kind {
            "base64" => encoded(&source, &["application/pdf"]),
            "url" => url(&source),
            "text" => {
                let fields = source.fields(&["type", "media_type", "data"])?;
                fields.need("media_type")?.one_of(&["text/plain"])?;
                not_blank(fields.need("data")?.text()?)
            }
            _ => {
                let content = source.fields(&["type", "content"])?.need("content")?;
                if content.value.is_string() { Ok(()) } else { self.blocks(&content, Holder::Document) }
            }
        }
    }

    fn tool_use(&mut self, block: &Place<'_>) -> Result<(), Refusal> {
        let fields = block.fields(&["type", "id", "name", "input", "cache_control"])?;
        fields.need("id")?.name(usize::MAX)?;
        fields.need("name")?.name(super::tools::NAME_BYTES_MAX)?;
        fields.need("input")?.object()?;
        self.cache_control(&fields).map(drop)
    }

    fn tool_result(&mut self, block: &Place<'_>) -> Result<(), Refusal> {
        let fields = block.fields(&["type", "tool_use_id", "content", "is_error", "cache_control"])?;
        fields.need("tool_use_id")?.name(usize::MAX)?;
        if let Some(is_error) = fields.get("is_error") {
            is_error.boolean()?;
        }
        self.cache_control(&fields)?;
        match fields.get("content") {
            None => Ok(()),
            Some(Place { value: Value::String(_), .. }) => Ok(()),
            Some(content) => self.blocks(&content, Holder::ToolResult),
        }
    }

    fn blocks(&mut self, blocks: &Place<'_>, holder: Holder) -> Result<(), Refusal> {
        blocks.items()?.iter().try_for_each(|block| self.read(block, holder).map(drop))
    }
}

/// Texts that the service does not take.
pub(super) fn not_blank(text: &str) -> Result<(), Refusal> {
    if text.is_empty() {
        return Err(Refusal::new("messages: text content blocks must be non-empty"));
    }
    if text.trim().is_empty() {
        return Err(Refusal::new("messages: text content blocks must contain non-whitespace text"));
    }
    Ok(())
}

fn thinking(block: &Place<'_>) -> Result<(), Refusal> {
    let fields = block.fields(&["type", "thinking", "signature"])?;
    let (thinking, signature) = (fields.need("thinking")?.text()?, fields.need("signature")?);
    if signature.text()? == base64::signature(thinking) {
        return Ok(());
    }
    Err(block.wrong("Invalid `signature` in `thinking` block"))
}

fn encoded(source: &Place<'_>, media_types: &[&str]) -> Result<(), Refusal> {
    let fields = source.fields(&["type", "media_type", "data"])?;
    fields.need("media_type")?.one_of(media_types)?;
    let data = fields.need("data")?;
    if data.text()?.is_empty() {
        return Err(data.wrong("String should have at least 1 character"));
    }
    if base64::is_standard(data.text()?) { Ok(()) } else { Err(source.wrong("invalid base64 data")) }
}

fn url(source: &Place<'_>) -> Result<(), Refusal> {
    let url = source.fields(&["type", "url"])?.need("url")?;
    let (scheme, rest) = url.text()?.split_once("://").unwrap_or_default();
    let has_host = rest.split(['/', '?', '#']).next().is_some_and(|host| !host.is_empty());
    if scheme.eq_ignore_ascii_case("https") && has_host {
        Ok(())
    } else {
        Err(url.wrong("Only HTTPS URLs are supported."))
    }
}
