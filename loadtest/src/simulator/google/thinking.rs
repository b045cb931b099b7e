//! `thinkingConfig`, which models without thinking refuse.

use serde_json::Value;

use super::error::Refusal;
use super::model::Model;

/// Leaves the budget to the model.
const DYNAMIC: i64 = -1;

/// Whether thoughts are shown.
pub(super) fn parse(config: &Value, model: Model<'_>) -> Result<bool, Refusal> {
    let thinking = &config["thinking_config"];
    if thinking.is_null() {
        return Ok(false);
    }
    if !model.thinks() {
        return Err(Refusal::new(&format!("Thinking is not enabled for models/{}.", model.0)));
    }
    let (budget, level) = (thinking["thinking_budget"].as_i64(), thinking["thinking_level"].as_str());
    if level.is_some() && !model.signs_calls() {
        return Err(Refusal::new("Thinking level is not supported for this model."));
    }
    if level.is_some() && budget.is_some() {
        return Err(Refusal::new("You can only set only one of thinking budget and thinking level."));
    }
    if let Some(budget) = budget.filter(|budget| *budget != DYNAMIC && !model.takes_budget(*budget)) {
        return Err(Refusal::new(&format!("The thinking budget {budget} is invalid for this model.")));
    }
    Ok(thinking["include_thoughts"] == true)
}
