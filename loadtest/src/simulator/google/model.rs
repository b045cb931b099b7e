//! What a model can do, told from its name.

/// A model by its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model<'a>(pub(super) &'a str);

impl Model<'_> {
    /// Whether it thinks; only such models take the settings of thinking, and formats beside functions.
    pub(super) fn thinks(self) -> bool {
        !["gemini-1.", "gemini-2.0"].iter().any(|without| self.0.starts_with(without))
    }

    /// Whether it takes plain JSON schemas.
    pub(super) fn takes_json_schema(self) -> bool {
        !self.0.starts_with("gemini-1.")
    }

    /// Whether its function calls have ids, and signatures that must come back.
    pub(super) fn signs_calls(self) -> bool {
        !["gemini-1.", "gemini-2."].iter().any(|without| self.0.starts_with(without))
    }

    /// What its budget of thinking may be, besides -1, which leaves it to the model.
    pub(super) fn takes_budget(self, budget: i64) -> bool {
        if self.0.contains("pro") {
            (128..=32_768).contains(&budget)
        } else if self.0.contains("lite") {
            budget == 0 || (512..=24_576).contains(&budget)
        } else {
            (0..=24_576).contains(&budget)
        }
    }
}
