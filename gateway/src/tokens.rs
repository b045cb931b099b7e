//! Counts the tokens of text, for holds that funds are short for and for answers whose provider told no usage.
//!
//! It is an estimate: the vocabulary is the one of OpenAI's recent models (`o200k`), and other vendors have others.

use anyhow::Context as _;
use tiktoken_rs::CoreBPE;

/// Text is counted in pieces of at most so many bytes, so that a count takes time in proportion to the text, and little
/// memory: within a run of one character the work per byte grows with the run. It also keeps a run of spaces far below
/// the million at which the vocabulary's pattern gives up, by a panic. A cut costs a token at most, as a rule.
const PIECE_BYTES: usize = 16 * 1024;

/// At most so many bytes of a request are really counted: more than fills the longest context with ordinary text. The
/// worst text takes some 3 seconds for that.
const MAX_COUNTED_BYTES: usize = 8 * 1024 * 1024;
/// What is not counted is taken for dense text.
const BYTES_PER_UNCOUNTED_TOKEN: usize = 3;

/// What frames a message, as OpenAI publishes it, and one for its role.
const TOKENS_PER_MESSAGE: u64 = 3 + 1;
/// What begins the answer.
const TOKENS_PER_REQUEST: u64 = 3;
/// What frames a function of the tools, as OpenAI publishes it.
const TOKENS_PER_TOOL: u64 = 7;
/// What ends the list of tools.
const TOKENS_PER_TOOL_LIST: u64 = 12;

/// Counts tokens. Takes about 50 MiB; made once.
pub struct Tokenizer {
    vocabulary: CoreBPE,
}

/// How many things a request holds whose framing counts besides their texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestFrame {
    /// Messages.
    pub messages: u64,
    /// Functions of the tools.
    pub tools: u64,
}

impl Tokenizer {
    /// Loads the vocabulary, which is part of the program. Takes a moment: to be called off the workers.
    ///
    /// # Errors
    /// When the vocabulary is damaged.
    pub fn load() -> anyhow::Result<Self> {
        let vocabulary = tiktoken_rs::o200k_base().context("cannot load the tokenizer's vocabulary")?;
        Ok(Self { vocabulary })
    }

    /// How many tokens a text has. Texts that look like control tokens (`<|endoftext|>`) are text like any other.
    ///
    /// Takes time in proportion to the text, up to a bound: long texts are to be counted off the workers.
    #[must_use]
    pub fn count(&self, text: &str) -> u64 {
        self.count_all([text])
    }

    /// How many input tokens a request has: its texts (contents, names, tool calls, tools as JSON) and their framing.
    /// Takes time as [`Tokenizer::count`] does.
    #[must_use]
    pub fn count_request<'a>(&self, texts: impl IntoIterator<Item = &'a str>, frame: RequestFrame) -> u64 {
        let tool_list = if frame.tools == 0 { 0 } else { TOKENS_PER_TOOL_LIST };
        [
            self.count_all(texts),
            frame.messages.saturating_mul(TOKENS_PER_MESSAGE),
            frame.tools.saturating_mul(TOKENS_PER_TOOL),
            tool_list,
            TOKENS_PER_REQUEST,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }

    fn count_all<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> u64 {
        let mut left = MAX_COUNTED_BYTES;
        let mut tokens = 0_u64;
        for text in texts {
            let (counted, estimated) = text.split_at(text.floor_char_boundary(left));
            left -= counted.len();
            let count: usize = pieces(counted).map(|piece| self.vocabulary.encode_ordinary(piece).len()).sum();
            let count = count.saturating_add(estimated.len().div_ceil(BYTES_PER_UNCOUNTED_TOKEN));
            tokens = tokens.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        }
        tokens
    }
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokenizer(o200k)")
    }
}

/// A text in pieces of at most [`PIECE_BYTES`], cut between characters.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE_BYTES));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| Tokenizer::load().unwrap());

    #[test]
    fn counts_as_the_vocabulary_does() {
        for (text, tokens) in [("", 0), ("hello world", 2), ("tiktoken is great!", 6), ("お誕生日おめでとう", 8)]
        {
            assert_eq!(TOKENIZER.count(text), tokens, "{text}");
        }
    }

    #[test]
    fn control_tokens_in_a_text_are_text() {
        assert!(TOKENIZER.count("<|endoftext|>") > 1);
    }

    #[test]
    fn a_request_counts_its_framing() {
        let frame = RequestFrame { messages: 2, tools: 0 };
        assert_eq!(TOKENIZER.count_request(["hello world", "hello world"], frame), 2 + 2 + 2 * 4 + 3);
        assert_eq!(TOKENIZER.count_request([], RequestFrame { messages: 0, tools: 2 }), 2 * 7 + 12 + 3);
        assert_eq!(TOKENIZER.count_request([], RequestFrame { messages: u64::MAX, tools: 1 }), u64::MAX);
    }

    /// Uncut, a run of spaces as long as this makes the pattern give up.
    #[test]
    fn long_runs_of_anything_are_counted() {
        for run in [" ", "a", "\n", "\u{a0}", "漢"] {
            let text = run.repeat(1_100_000 / run.len());
            assert!(TOKENIZER.count(&text) > 1_000, "{run:?}");
        }
    }

    #[test]
    fn what_is_beyond_the_bound_is_estimated() {
        let rest = "word ".repeat(6_000);
        let counted = TOKENIZER.count(&"word ".repeat(MAX_COUNTED_BYTES / 5 + 1));
        let with_rest = TOKENIZER
            .count_request(["word ".repeat(MAX_COUNTED_BYTES / 5 + 1).as_str(), &rest], RequestFrame::default());
        assert_eq!(with_rest - counted, 10_000 + TOKENS_PER_REQUEST);
    }

    proptest! {
        #[test]
        fn pieces_are_the_text(characters in proptest::collection::vec(any::<char>(), 0..64), times in 1_usize..2_000) {
            let text = characters.into_iter().collect::<String>().repeat(times);
            prop_assert_eq!(pieces(&text).collect::<String>(), text.as_str());
            prop_assert!(pieces(&text).all(|piece| !piece.is_empty() && piece.len() <= PIECE_BYTES));
        }

        #[test]
        fn no_text_has_more_tokens_than_bytes(text in "\\PC{0,200}") {
            prop_assert!(TOKENIZER.count(&text) <= text.len() as u64);
        }
    }
}
