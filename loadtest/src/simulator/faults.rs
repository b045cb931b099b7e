//! What can go wrong with an answer, and how it changes what is written. Pure, apart from the count of strikes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::simulator::script::{EVENT_STREAM, Ending, Piece, Script};

/// Tags whose strikes are counted; beyond it, faults of further tags strike every time.
const COUNTED_TAGS_MAX: usize = 100_000;
const COMMENT: &[u8] = b": keep-alive\n\n";

/// A fault, or several at once. A chunk is an event of a stream, the first one that names the role included; a JSON
/// answer counts as ten chunks of its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    /// It strikes only requests for this model, so that a fallback model answers.
    pub model: Option<String>,
    /// It strikes so many requests of one tag, and no later ones; unset: all.
    pub times: Option<u32>,
    /// The answer is this status with an error of the provider.
    pub status: Option<u16>,
    /// With `status`: the header `Retry-After`.
    pub retry_after: Option<String>,
    /// With `status`: a body that is no error of the provider.
    pub body: Option<ErrorBody>,
    /// With `status`: the error's `code`, instead of the usual one.
    pub code: Option<String>,
    /// With `status`: the error's `message`, instead of one that names the status.
    pub message: Option<String>,
    /// The connection is held and nothing is ever written.
    pub stall_before_head: bool,
    /// The connection is closed and nothing was written.
    pub close_before_head: bool,
    /// After so many chunks nothing more is written.
    pub stall_after: Option<usize>,
    /// After so many chunks the connection is closed.
    pub cut_after: Option<usize>,
    /// After so many chunks comes one that cannot be decoded.
    pub garbage_after: Option<usize>,
    /// After so many chunks of a stream comes an error event, and the end.
    pub error_event_after: Option<usize>,
    /// With `error_event_after`, at Google: the error stands in the stream without being an event, over several lines.
    pub bare_error_event: bool,
    /// After so many chunks the answer ends in good order, with none of its marks of an end.
    pub eof_without_done_after: Option<usize>,
    /// No usage is reported.
    pub missing_usage: bool,
    /// The reported usage is zeros.
    pub explicit_zero_usage: bool,
    /// The first chunk with text has at least so many bytes of it, which come on top of the length asked for.
    pub huge_chunk: Option<usize>,
    /// Each byte is a chunk and a write of its own, and the text has characters of several bytes.
    pub byte_by_byte: bool,
    /// Lines of a stream end with CR LF.
    pub crlf: bool,
    /// A comment stands before each event of a stream.
    pub comment_lines: bool,
    /// The body is spread over so many milliseconds.
    pub slow_body_ms: Option<u64>,
}

/// A body that no client of the provider can decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorBody {
    /// The page of some proxy.
    Html,
    /// Nothing.
    Empty,
    /// JSON that breaks off.
    Garbage,
}

impl ErrorBody {
    /// The body as the whole answer.
    pub(super) fn script(self, status: u16) -> Script {
        let (content_type, bytes) = self.content();
        Script::whole(status, content_type, Bytes::from_static(bytes))
    }

    const fn content(self) -> (&'static str, &'static [u8]) {
        match self {
            Self::Html => {
                ("text/html", b"<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>")
            }
            Self::Empty => ("text/plain", b""),
            Self::Garbage => ("application/json", b"{\"error\":{\"mess"),
        }
    }
}

/// What a fault puts into the middle of a stream, in the form of the provider.
pub(super) struct Marks {
    /// The provider's error in mid-stream.
    pub(super) error_event: Bytes,
    /// An event that cannot be decoded.
    pub(super) garbage: Bytes,
}

impl Fault {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Err("fault.status must be 200 to 599".to_owned());
        }
        let printable = |text: &String| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !self.retry_after.as_ref().is_none_or(printable) {
            return Err("fault.retry_after must be a header value".to_owned());
        }
        Ok(())
    }

    /// Whether any of the faults breaks a body between its bytes, so that a JSON body is written in parts.
    pub(super) const fn parts_body(&self) -> bool {
        self.stall_after.is_some()
            || self.cut_after.is_some()
            || self.garbage_after.is_some()
            || self.eof_without_done_after.is_some()
            || self.slow_body_ms.is_some()
    }

    /// Applies the faults of a body to its script.
    pub(super) fn apply(&self, script: &mut Script, marks: Marks) {
        let pieces = &mut script.pieces;
        if let Some(position) = self.garbage_after {
            let piece = Piece::silent(marks.garbage);
            pieces.insert(position.min(pieces.len()), piece);
        }
        let error_event_after = self.error_event_after.filter(|_| script.streams);
        let ends = [
            (self.stall_after, Ending::Stall),
            (self.cut_after, Ending::Cut),
            (error_event_after, Ending::Truncated),
            (self.eof_without_done_after, Ending::Truncated),
        ];
        for (position, ending) in ends {
            if let Some(position) = position {
                // However large the figure, the last chunk is missing: it is what makes an answer whole.
                pieces.truncate(position.min(pieces.len().saturating_sub(1)));
                script.ending = ending;
            }
        }
        if error_event_after.is_some() {
            pieces.push(Piece::silent(marks.error_event));
        }
        if script.content_type.starts_with(EVENT_STREAM) {
            self.apply_to_lines(pieces);
        }
        script.byte_by_byte = self.byte_by_byte;
    }

    fn apply_to_lines(&self, pieces: &mut Vec<Piece>) {
        if self.comment_lines {
            *pieces = pieces.drain(..).flat_map(|piece| [Piece::silent(COMMENT.into()), piece]).collect();
        }
        if self.crlf {
            let with_lf = pieces.iter_mut().filter(|piece| !piece.bytes.contains(&b'\r'));
            for piece in with_lf {
                let lines: Vec<&[u8]> = piece.bytes.split(|byte| *byte == b'\n').collect();
                piece.bytes = lines.join(&b"\r\n"[..]).into();
            }
        }
    }
}

/// How often faults struck, by the tag of the request.
#[derive(Default)]
pub(super) struct Strikes(Mutex<HashMap<String, u32>>);

impl Strikes {
    /// The fault, if it strikes this request.
    pub(super) fn strike<'a>(&self, fault: &'a Fault, model: &str, tag: &str) -> Option<&'a Fault> {
        if fault.model.as_ref().is_some_and(|only| only != model) {
            return None;
        }
        let Some(times) = fault.times else { return Some(fault) };
        let mut strikes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if COUNTED_TAGS_MAX <= strikes.len() && !strikes.contains_key(tag) {
            return Some(fault);
        }
        let struck = strikes.entry(tag.to_owned()).or_default();
        if times <= *struck {
            return None;
        }
        *struck += 1;
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(events: &[&'static str]) -> Script {
        let pieces = events.iter().map(|event| Piece::silent(event.as_bytes().into())).collect();
        Script::stream(200, pieces)
    }

    fn marks() -> Marks {
        Marks { error_event: Bytes::new(), garbage: Bytes::new() }
    }

    fn text(script: &Script) -> String {
        script.pieces.iter().map(|piece| String::from_utf8_lossy(&piece.bytes).into_owned()).collect()
    }

    #[test]
    fn an_end_before_the_end_leaves_out_the_last_piece() {
        for (fault, ending) in [
            (Fault { cut_after: Some(9), ..Fault::default() }, Ending::Cut),
            (Fault { stall_after: Some(9), ..Fault::default() }, Ending::Stall),
            (Fault { eof_without_done_after: Some(9), ..Fault::default() }, Ending::Truncated),
        ] {
            let mut script = script(&["data: 1\n\n", "data: 2\n\n"]);
            fault.apply(&mut script, marks());
            assert_eq!((text(&script).as_str(), script.ending), ("data: 1\n\n", ending));
        }
    }

    #[test]
    fn lines_change_without_their_data() {
        let mut script = script(&["data: 1\n\n"]);
        Fault { comment_lines: true, crlf: true, ..Fault::default() }.apply(&mut script, marks());
        assert_eq!(text(&script), ": keep-alive\r\n\r\ndata: 1\r\n\r\n");
        assert_eq!(script.ending, Ending::Complete);
    }

    #[test]
    fn strikes_so_many_times_by_tag_and_model() {
        let strikes = Strikes::default();
        let fault = Fault { times: Some(2), model: Some("a".to_owned()), ..Fault::default() };
        let struck = |model, tag| strikes.strike(&fault, model, tag).is_some();
        assert!(struck("a", "x") && struck("a", "x") && !struck("a", "x"));
        assert!(struck("a", "y"), "each tag counts for itself");
        assert!(!struck("b", "y"), "another model is spared");
        assert!(struck("a", "y") && !struck("a", "y"));
    }
}
