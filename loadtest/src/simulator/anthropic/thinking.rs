//! Thinking, and what it excludes.

use super::conversation::Conversation;
use super::error::Refusal;
use super::model::Model;
use super::place::{Fields, Place};
use crate::simulator::answer::ToolChoice;

const BUDGET_TOKENS_MIN: i64 = 1_024;
const TOP_P_MIN: f64 = 0.95;

/// Whether the answer begins with thinking, and whether that has a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thinking {
    Off,
    Shown,
    /// Only its signature is sent.
    Omitted,
}

/// What thinking has to agree with.
pub(super) struct Context<'a> {
    pub(super) model: Model<'a>,
    pub(super) max_tokens: u64,
    pub(super) choice: ToolChoice<'a>,
    pub(super) conversation: Conversation,
}

/// Checks `thinking` and the parameters beside it.
pub(super) fn parse(fields: &Fields<'_>, context: &Context<'_>) -> Result<Thinking, Refusal> {
    let Some(thinking) = fields.get("thinking") else { return Ok(Thinking::Off) };
    let kind = thinking.tag(&["enabled", "disabled", "adaptive"])?;
    let known: &[&str] = match kind {
        "enabled" => &["type", "budget_tokens", "display"],
        "adaptive" => &["type", "display"],
        _ => &["type"],
    };
    let parts = thinking.tagged(kind).fields(known)?;
    let budget = if kind == "enabled" { Some(parts.need("budget_tokens")?) } else { None };
    let display =
        parts.get_nullable("display").map(|display| display.one_of(&["summarized", "omitted"])).transpose()?;
    if kind == "disabled" {
        return Ok(Thinking::Off);
    }
    if !context.model.thinks() {
        return Err(Refusal::new(&format!("'{}' does not support thinking.", context.model.0)));
    }
    if let Some(budget) = budget {
        check_budget(&budget, context)?;
    }
    check_company(fields, context)?;
    Ok(if display == Some("omitted") { Thinking::Omitted } else { Thinking::Shown })
}

fn check_budget(budget: &Place<'_>, context: &Context<'_>) -> Result<(), Refusal> {
    if context.max_tokens <= budget.integer_from(BUDGET_TOKENS_MIN)? {
        return Err(Refusal::new("`max_tokens` must be greater than `thinking.budget_tokens`."));
    }
    if context.conversation.calls_lack_thinking {
        let text = "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When \
            `thinking` is enabled, a final `assistant` message must start with a thinking block.";
        return Err(Refusal::new(text));
    }
    Ok(())
}

fn check_company(fields: &Fields<'_>, context: &Context<'_>) -> Result<(), Refusal> {
    let number = |name: &str| fields.get(name).and_then(|place| place.value.as_f64());
    let wrong = if number("temperature").is_some_and(|temperature| temperature < 1.0) {
        "`temperature` may only be set to 1 when thinking is enabled."
    } else if number("top_p").is_some_and(|top_p| top_p < TOP_P_MIN) {
        "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled."
    } else if fields.get("top_k").is_some() {
        "`top_k` must be unset when thinking is enabled."
    } else if matches!(context.choice, ToolChoice::Required | ToolChoice::Named(_)) {
        "Thinking may not be enabled when tool_choice forces tool use."
    } else if context.conversation.ends_with_prefill {
        "The final message must be from the user when thinking is enabled."
    } else {
        return Ok(());
    };
    Err(Refusal::new(wrong))
}
