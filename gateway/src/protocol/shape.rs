//! How much a request carries: what the bound of its cost is made from, and the texts themselves for an exact count.

use std::borrow::Cow;

use super::json::Json;
use super::media::{self, DataUrl};

/// The size of what a request sends to the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Bytes of everything that the model reads as text: what the messages say, calls and their answers, the
    /// definitions of tools and of the answer's schema. At least the true length; definitions count as they were sent.
    pub text_bytes: u64,
    /// Messages of the conversation.
    pub messages: u32,
    /// Tools and functions that are defined.
    pub tools: u32,
    /// Calls of tools that the assistant made before.
    pub calls: u32,
    /// Images, by value or by address.
    pub images: u32,
    /// Pieces of sound, earlier spoken answers that are referred to included.
    pub audios: u32,
    /// Files, by value or by id.
    pub files: u32,
    /// Bytes of the sound that is sent along, decoded, rounded up.
    pub audio_bytes: u64,
    /// Bytes of the files that are sent along, decoded, rounded up.
    pub file_bytes: u64,
}

/// What is in a conversation, as it is gone through.
pub(super) enum Piece<'p, 'v> {
    Text(&'p Cow<'v, str>),
    /// A number or a truth value in a field that we do not know.
    Scalar,
    Call,
    Image,
    Audio {
        bytes: u64,
    },
    File {
        bytes: u64,
    },
}

/// No number that is read as a double or as 64 bits is longer when written.
const SCALAR_BYTES: u64 = 24;

impl Shape {
    pub(super) fn add(&mut self, piece: &Piece<'_, '_>) {
        match piece {
            Piece::Text(text) => self.text_bytes += text.len() as u64,
            Piece::Scalar => self.text_bytes += SCALAR_BYTES,
            Piece::Call => self.calls += 1,
            Piece::Image => self.images += 1,
            Piece::Audio { bytes } => {
                self.audios += 1;
                self.audio_bytes += bytes;
            }
            Piece::File { bytes } => {
                self.files += 1;
                self.file_bytes += bytes;
            }
        }
    }
}

/// Goes through the conversation in order.
pub(super) fn walk<'v>(messages: &Json<'v>, visit: &mut impl FnMut(Piece<'_, 'v>)) {
    for message in messages.items() {
        let Json::Object(fields) = message else { continue };
        for (key, value) in fields {
            match key.as_ref() {
                // What the model does not read, or the constant per message stands for.
                "role" | "tool_call_id" | "annotations" => {}
                "content" => walk_content(value, visit),
                "tool_calls" => value.items().iter().for_each(|call| {
                    visit(Piece::Call);
                    walk_call(call, visit);
                }),
                "audio" if matches!(value, Json::Null) => {}
                "audio" => visit(Piece::Audio { bytes: 0 }),
                _ => walk_any(value, visit),
            }
        }
    }
}

fn walk_content<'v>(content: &Json<'v>, visit: &mut impl FnMut(Piece<'_, 'v>)) {
    if let Json::String(text) = content {
        visit(Piece::Text(text));
    }
    for part in content.items() {
        let inner = |name: &str, field: &str| part.get(name).and_then(|inner| inner.get(field)?.as_str());
        match part.get("type").and_then(Json::as_str) {
            Some("image_url") => visit(Piece::Image),
            Some("input_audio") => {
                visit(Piece::Audio { bytes: inner("input_audio", "data").map_or(0, media::decoded_bytes) });
            }
            Some("file") => {
                let data = inner("file", "file_data").and_then(DataUrl::parse);
                visit(Piece::File { bytes: data.map_or(0, |data| media::decoded_bytes(data.payload)) });
                walk_field(part.get("file"), "filename", visit);
            }
            _ => ["text", "refusal"].iter().for_each(|name| walk_field(Some(part), name, visit)),
        }
    }
}

fn walk_call<'v>(call: &Json<'v>, visit: &mut impl FnMut(Piece<'_, 'v>)) {
    for (kind, input) in [("function", "arguments"), ("custom", "input")] {
        walk_field(call.get(kind), "name", visit);
        walk_field(call.get(kind), input, visit);
    }
}

fn walk_field<'v>(object: Option<&Json<'v>>, name: &str, visit: &mut impl FnMut(Piece<'_, 'v>)) {
    if let Some(Json::String(text)) = object.and_then(|object| object.get(name)) {
        visit(Piece::Text(text));
    }
}

/// A field of which nothing is known may mean something to an upstream, so it counts.
fn walk_any<'v>(value: &Json<'v>, visit: &mut impl FnMut(Piece<'_, 'v>)) {
    match value {
        Json::Null => {}
        Json::Bool(_) | Json::Number(_) => visit(Piece::Scalar),
        Json::String(text) => visit(Piece::Text(text)),
        Json::Array(items) => items.iter().for_each(|item| walk_any(item, visit)),
        Json::Object(fields) => {
            for (key, value) in fields {
                visit(Piece::Text(key));
                walk_any(value, visit);
            }
        }
    }
}
