//! What Anthropic's models can do, by how their names begin.

/// What one generation of models can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Abilities {
    pub(super) thinking: Thinking,
    /// It promises a schema itself, for answers and for calls of tools that are `strict`.
    pub(super) has_native_schemas: bool,
    /// It goes on with an assistant's message that ends the conversation.
    pub(super) takes_prefill: bool,
    /// It reads PDF files.
    pub(super) reads_pdf: bool,
}

/// How a model is asked to think before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    Never,
    /// For so many tokens at most.
    Budget,
    /// As long as it finds necessary, with so much effort.
    Adaptive,
}

/// The newest generation, to which every name belongs that is not known.
const NEWEST: Abilities =
    Abilities { thinking: Thinking::Adaptive, has_native_schemas: true, takes_prefill: false, reads_pdf: true };
const SCHEMAS: Abilities = Abilities { thinking: Thinking::Budget, takes_prefill: true, ..NEWEST };
const BUDGET: Abilities = Abilities { has_native_schemas: false, ..SCHEMAS };
const PLAIN: Abilities = Abilities { thinking: Thinking::Never, ..BUDGET };
const TEXT: Abilities = Abilities { reads_pdf: false, ..PLAIN };

/// The first that fits counts.
const GENERATIONS: [(&str, Abilities); 16] = [
    ("claude-2", TEXT),
    ("claude-instant", TEXT),
    ("claude-3-7", BUDGET),
    ("claude-3-5", PLAIN),
    ("claude-3-", TEXT),
    ("claude-4-", BUDGET),
    ("claude-opus-4-0", BUDGET),
    ("claude-opus-4-1", BUDGET),
    ("claude-opus-4-2025", BUDGET),
    ("claude-sonnet-4-0", BUDGET),
    ("claude-sonnet-4-2025", BUDGET),
    ("claude-opus-4@", BUDGET),
    ("claude-sonnet-4@", BUDGET),
    ("claude-opus-4-5", SCHEMAS),
    ("claude-sonnet-4-5", SCHEMAS),
    ("claude-haiku-4-5", SCHEMAS),
];

impl Abilities {
    /// What the model of this name can do.
    pub(super) fn of(model: &str) -> Self {
        let found = GENERATIONS.iter().find(|(prefix, _)| model.starts_with(prefix));
        found.map_or(NEWEST, |(_, abilities)| *abilities)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_generation() {
        for (model, abilities) in [
            ("claude-3-opus-20240229", TEXT),
            ("claude-3-5-haiku-20241022", PLAIN),
            ("claude-3-5-sonnet", PLAIN),
            ("claude-3-7-sonnet-latest", BUDGET),
            ("claude-opus-4-1-20250805", BUDGET),
            ("claude-sonnet-4-20250514", BUDGET),
            ("claude-sonnet-4-5-20250929", SCHEMAS),
            ("claude-opus-4-6", NEWEST),
            ("claude-sonnet-5", NEWEST),
            ("something-else", NEWEST),
        ] {
            assert_eq!(Abilities::of(model), abilities, "{model}");
        }
    }
}
