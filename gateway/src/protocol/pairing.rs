//! Tool calls and their answers: every `tool` message answers a call of the assistant's message before it, and every
//! call is answered before anything else is said. No provider takes a conversation that is otherwise.

use super::cursor::{At, Checked};
use super::invalid::quote;
use super::json::Json;

/// The calls that wait for an answer, while the messages are gone through in order.
pub(super) struct Pairing<'m, 'v> {
    messages: &'m At<'m, 'v>,
    /// Which message made the calls.
    caller: usize,
    calls: Vec<Call<'v>>,
}

struct Call<'v> {
    id: &'v str,
    answered: bool,
}

impl<'m, 'v> Pairing<'m, 'v> {
    pub(super) const fn new(messages: &'m At<'m, 'v>) -> Self {
        Self { messages, caller: 0, calls: Vec::new() }
    }

    /// A message of the role `tool`.
    pub(super) fn answer(&mut self, message: &At<'_, 'v>) -> Checked {
        let id = message.required("tool_call_id")?;
        let wanted = id.string()?;
        if self.calls.is_empty() {
            return Err(message.refuse("must follow an assistant message with tool_calls, being of the role tool"));
        }
        let mut known = false;
        for call in self.calls.iter_mut().filter(|call| call.id == wanted) {
            call.answered = true;
            known = true;
        }
        match known {
            true => Ok(()),
            false => Err(id.refuse("must be the id of one of the tool_calls of the assistant message before it")),
        }
    }

    /// A message of any other role.
    pub(super) fn turn(&mut self, index: usize, message: &'v Json<'v>) -> Checked {
        self.end()?;
        self.caller = index;
        self.calls.clear();
        if message.get("role").and_then(Json::as_str) == Some("assistant") {
            let calls = message.get("tool_calls").map_or(&[][..], Json::items);
            let ids = calls.iter().filter_map(|call| call.get("id")?.as_str());
            self.calls.extend(ids.map(|id| Call { id, answered: false }));
        }
        Ok(())
    }

    /// Nothing follows, or nothing that could answer.
    pub(super) fn end(&self) -> Checked {
        let Some(call) = self.calls.iter().find(|call| !call.answered) else { return Ok(()) };
        let message = self.messages.items()?.nth(self.caller);
        let calls = match &message {
            Some(message) => message.required("tool_calls")?.refuse(unanswered(call.id)),
            None => self.messages.refuse(unanswered(call.id)),
        };
        Err(calls)
    }
}

fn unanswered(id: &str) -> String {
    format!("must each be answered by a tool message right after, and {} is not", quote(id))
}
