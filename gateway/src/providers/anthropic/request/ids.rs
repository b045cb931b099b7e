//! Ids of calls in Anthropic's alphabet.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};

use crate::protocol::InvalidRequest;
use crate::protocol::conversation::Message;

const DIGEST_BYTES: usize = 16;

/// Gives each call an id that Anthropic takes: one that no other call of the request has, of letters, digits, `_` and
/// `-`. An id that is so already is kept. Histories of other providers have others, and some count their calls anew
/// in each turn.
#[derive(Debug, Default)]
pub(super) struct Ids<'m> {
    used: HashSet<String>,
    /// The calls of the last turn that made any: the client's id, the id that goes upstream.
    current: HashMap<&'m str, String>,
    answered: HashSet<&'m str>,
}

impl<'m> Ids<'m> {
    /// A turn that makes calls begins.
    pub(super) fn begin(&mut self) {
        self.current.clear();
        self.answered.clear();
    }

    /// The id of a call of `message`.
    pub(super) fn call(&mut self, message: &'m Message<'_>, call: usize) -> Result<String, InvalidRequest> {
        let sent: &'m str = message.tool_calls.get(call).map_or("", |call| &call.id);
        if self.current.contains_key(sent) {
            let param = message.call_path(call, "id");
            return Err(InvalidRequest::of_param(&param, "must be of one call only, for Anthropic's models"));
        }
        let plain = if is_valid(sent) { sent.to_owned() } else { digest(&[sent]) };
        let id = if self.used.contains(&plain) { digest(&[&message.index.to_string(), "/", sent]) } else { plain };
        self.used.insert(id.clone());
        self.current.insert(sent, id.clone());
        Ok(id)
    }

    /// The id of the call that `message` answers.
    pub(super) fn answer(&mut self, message: &'m Message<'_>) -> Result<String, InvalidRequest> {
        let refuse = |right: &str| {
            let param = format!("messages[{}].tool_call_id", message.index);
            InvalidRequest::of_param(&param, format!("{right}, for Anthropic's models"))
        };
        let sent: &'m str = &message.tool_call_id;
        let id = self.current.get(sent).ok_or_else(|| refuse("must be the id of a call right before"))?;
        if !self.answered.insert(sent) {
            return Err(refuse("must be the id of a call that is not answered yet"));
        }
        Ok(id.clone())
    }
}

fn is_valid(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn digest(parts: &[&str]) -> String {
    use std::fmt::Write as _;
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part.as_bytes()));
    let mut id = "id_".to_owned();
    for byte in hash.finalize().iter().take(DIGEST_BYTES) {
        // Writing to a string does not fail.
        let _ = write!(id, "{byte:02x}");
    }
    id
}
