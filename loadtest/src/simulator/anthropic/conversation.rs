//! The conversation: the order of its turns, and the pairs of tool calls and results.

use std::collections::HashSet;

use serde_json::Value;

use super::blocks::{BlockReader, Holder, not_blank};
use super::error::Refusal;
use super::model::Model;
use super::place::Place;

/// What the rest of the request depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Conversation {
    pub(super) has_tool_blocks: bool,
    /// Whether it ends with the results of tools.
    pub(super) ends_with_results: bool,
    /// Whether it ends with the beginning of the answer.
    pub(super) ends_with_prefill: bool,
    /// Whether the calls whose results it ends with came without thinking.
    pub(super) calls_lack_thinking: bool,
}

/// One message, checked for itself.
struct Turn<'a> {
    role: &'a str,
    content: &'a Value,
}

/// Checks all messages.
pub(super) fn check(
    messages: &Place<'_>,
    reader: &mut BlockReader<'_>,
    model: Model<'_>,
) -> Result<Conversation, Refusal> {
    let items = messages.items()?;
    let mut turns = Vec::with_capacity(items.len());
    for (index, message) in items.iter().enumerate() {
        turns.push(read_turn(message, reader, index + 1 == items.len())?);
    }
    match turns.first() {
        None => return Err(messages.wrong("at least one message is required")),
        Some(first) if first.role != "user" => return Err(messages.wrong("first message must use the \"user\" role")),
        Some(_) => {}
    }
    check_pairs(&turns)?;
    let last = turns.last().filter(|turn| turn.role == "assistant");
    if let Some(prefill) = last {
        check_prefill(prefill, model)?;
    }
    let before_last = turns.len().checked_sub(2).map(|index| &turns[index]);
    let ends_with_results = turns.last().is_some_and(|turn| turn.count("tool_result") != 0);
    Ok(Conversation {
        has_tool_blocks: turns.iter().any(|turn| turn.count("tool_use") + turn.count("tool_result") != 0),
        ends_with_results,
        ends_with_prefill: last.is_some(),
        calls_lack_thinking: ends_with_results
            && before_last.is_some_and(|turn| {
                !matches!(turn.content[0]["type"].as_str(), Some("thinking" | "redacted_thinking"))
            }),
    })
}

impl<'a> Turn<'a> {
    fn blocks(&self) -> &'a [Value] {
        self.content.as_array().map_or(&[], Vec::as_slice)
    }

    fn count(&self, kind: &str) -> usize {
        self.blocks().iter().filter(|block| block["type"] == kind).count()
    }

    fn ids(&self, kind: &str, field: &str) -> impl Iterator<Item = &'a str> {
        self.blocks().iter().filter(move |block| block["type"] == kind).filter_map(move |block| block[field].as_str())
    }

    /// The results that it begins with.
    fn leading_results(&self) -> HashSet<&'a str> {
        let leading = self.blocks().iter().take_while(|block| block["type"] == "tool_result");
        leading.filter_map(|block| block["tool_use_id"].as_str()).collect()
    }
}

fn read_turn<'a>(message: &Place<'a>, reader: &mut BlockReader<'_>, last: bool) -> Result<Turn<'a>, Refusal> {
    let fields = message.fields(&["role", "content"])?;
    let role = fields.need("role")?;
    if role.value == "system" {
        let text = "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, \
            not \"system\" as an input message role.";
        return Err(Refusal::new(text));
    }
    let role = role.one_of(&["user", "assistant"])?;
    let content = fields.need("content")?;
    let (holder, may_be_empty) = if role == "user" { (Holder::User, false) } else { (Holder::Assistant, last) };
    let is_empty = match content.value {
        Value::String(text) => text.is_empty(),
        _ => content.items()?.is_empty(),
    };
    if is_empty && !may_be_empty {
        let text = "all messages must have non-empty content except for the optional final assistant message";
        return Err(message.wrong(text));
    }
    match content.value {
        Value::String(text) if !text.is_empty() => not_blank(text)?,
        Value::String(_) => {}
        _ => content.items()?.iter().try_for_each(|block| reader.read(block, holder).map(drop))?,
    }
    Ok(Turn { role, content: content.value })
}

/// Each call is answered at the beginning of the next message, once, and nothing else is answered there.
fn check_pairs(turns: &[Turn<'_>]) -> Result<(), Refusal> {
    let mut known = HashSet::new();
    for (index, turn) in turns.iter().enumerate() {
        let answered = turns.get(index + 1).filter(|next| next.role == "user").map(Turn::leading_results);
        let answered = answered.unwrap_or_default();
        let unanswered: Vec<_> = turn.ids("tool_use", "id").filter(|id| !answered.contains(id)).collect();
        if !unanswered.is_empty() {
            let text = format!(
                "messages.{}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each \
                 `tool_use` block must have a corresponding `tool_result` block in the next message.",
                index,
                unanswered.join(", ")
            );
            return Err(Refusal::new(&text));
        }
        if turn.ids("tool_use", "id").any(|id| !known.insert(id)) {
            return Err(Refusal::new("messages: `tool_use` ids must be unique"));
        }
        check_results(turns, index)?;
    }
    Ok(())
}

fn check_results(turns: &[Turn<'_>], index: usize) -> Result<(), Refusal> {
    let before = index.checked_sub(1).map(|before| &turns[before]);
    let called: HashSet<_> = before.map(|turn| turn.ids("tool_use", "id").collect()).unwrap_or_default();
    let mut seen = HashSet::new();
    for (position, block) in
        turns[index].blocks().iter().enumerate().filter(|(_, block)| block["type"] == "tool_result")
    {
        let id = block["tool_use_id"].as_str().unwrap_or_default();
        if !called.contains(id) {
            let text = format!(
                "messages.{index}.content.{position}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. \
                 Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
            );
            return Err(Refusal::new(&text));
        }
        if !seen.insert(id) {
            let text = format!(
                "messages.{index}.content.{position}: each tool_use must have a single result. Found multiple \
                 `tool_result` blocks with id: {id}"
            );
            return Err(Refusal::new(&text));
        }
    }
    Ok(())
}

/// The beginning of the answer, which the request ends with.
fn check_prefill(turn: &Turn<'_>, model: Model<'_>) -> Result<(), Refusal> {
    if !model.takes_prefill() {
        let text =
            "This model does not support assistant message prefill. The conversation must end with a user message.";
        return Err(Refusal::new(text));
    }
    let text = turn.content.as_str().or_else(|| turn.blocks().last()?["text"].as_str());
    if text.is_some_and(|text| text.ends_with(char::is_whitespace)) {
        return Err(Refusal::new("messages: final assistant content cannot end with trailing whitespace"));
    }
    Ok(())
}
