//! What a model can do, told from its name.

/// A model by its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model<'a>(pub(super) &'a str);

impl Model<'_> {
    /// The most tokens of an answer.
    pub(super) fn max_tokens(self) -> u64 {
        let of_first = ["claude-3-opus", "claude-3-sonnet", "claude-3-haiku"];
        if self.0.starts_with("claude-3-5-") {
            8_192
        } else if of_first.iter().any(|first| self.0.starts_with(first)) {
            4_096
        } else {
            64_000
        }
    }

    /// Whether it thinks: the last of the third generation does, and all later ones.
    pub(super) fn thinks(self) -> bool {
        !self.is_third_generation() || self.0.starts_with("claude-3-7-")
    }

    /// Whether it is of the third generation, which has neither formats of its own nor strict tools.
    pub(super) fn is_third_generation(self) -> bool {
        self.0.starts_with("claude-3-")
    }

    /// Whether the conversation may end with the beginning of the answer. Models after the first of the fourth
    /// generation refuse it.
    pub(super) fn takes_prefill(self) -> bool {
        let early = ["-4-0", "-4-1", "-4-5", "-4-2025"];
        self.is_third_generation() || early.iter().any(|early| self.0.contains(early))
    }

    /// Whether it reads PDF.
    pub(super) fn reads_pdf(self) -> bool {
        !self.0.starts_with("claude-3-opus")
    }
}
