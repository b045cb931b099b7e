//! What the simulator says: words of exactly one token each, so that a length in tokens is exact.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tiktoken_rs::CoreBPE;

const REMEMBERED_TEXTS_MAX: usize = 256;
const REMEMBERED_BYTES_MAX: usize = 64 * 1024;

/// Each is one token of `o200k_base`, and starts one, because the encoding never joins what a space separates.
const WORDS: [&str; 64] = [
    " river", " stone", " light", " garden", " window", " paper", " silver", " winter", " summer", " bridge",
    " letter", " market", " forest", " music", " number", " story", " yellow", " green", " orange", " purple",
    " simple", " quiet", " bright", " early", " north", " south", " people", " table", " water", " fire", " bread",
    " apple", " house", " road", " field", " cloud", " rain", " snow", " wind", " star", " moon", " night", " day",
    " hand", " heart", " voice", " word", " line", " page", " book", " door", " wall", " floor", " glass", " metal",
    " wood", " sand", " hill", " lake", " tree", " leaf", " root", " seed", " bird",
];

/// The same for answers that are to be cut between the bytes of a character: of two, three and four bytes.
const WIDE_WORDS: [&str; 8] = [" é", " 日本", " 😀", " él", " и", " über", " 字", " 🙂"];

/// Which words an answer is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// One byte a character.
    Ascii,
    /// Two to four bytes in most characters.
    MultiByte,
}

/// The word at `position` of an answer; `start` sets the answers of one request apart. The first word of an answer
/// has no space before it, and is one token all the same.
pub(super) fn word(alphabet: Alphabet, start: usize, position: usize) -> &'static str {
    let words: &[&'static str] = match alphabet {
        Alphabet::Ascii => &WORDS,
        Alphabet::MultiByte => &WIDE_WORDS,
    };
    let word = words[(start + position) % words.len()];
    if position == 0 { word.trim_start() } else { word }
}

/// The tokenizer `o200k_base`, with the counts of recent texts: a load test sends the same prompt again and again.
pub(super) struct Counter {
    encoding: &'static CoreBPE,
    remembered: Mutex<HashMap<Box<str>, u64>>,
}

impl Counter {
    /// Loads the encoding, which takes a tenth of a second the first time.
    pub(super) fn new() -> Self {
        Self { encoding: tiktoken_rs::o200k_base_singleton(), remembered: Mutex::default() }
    }

    /// How many tokens `text` is; special tokens in it count as the text they are.
    pub(super) fn count(&self, text: &str) -> u64 {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = remembered.get(text) {
            return *count;
        }
        drop(remembered);
        let count = self.encoding.count_ordinary(text) as u64;
        if text.len() <= REMEMBERED_BYTES_MAX {
            remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
            if remembered.len() >= REMEMBERED_TEXTS_MAX {
                remembered.clear();
            }
            remembered.insert(text.into(), count);
        }
        count
    }

    /// Cuts `text` into about `parts` parts, each with its share of the tokens of the whole. It is cut between tokens,
    /// where these are also whole characters.
    pub(super) fn split(&self, text: &str, parts: usize) -> Vec<(String, u64)> {
        let tokens = self.encoding.encode_ordinary(text);
        let step = tokens.len().div_ceil(parts.max(1)).max(1);
        let (mut split, mut begin, mut end) = (Vec::new(), 0, 0);
        let mut share = 0;
        for token in tokens {
            share += 1;
            end += self.encoding.decode_bytes(&[token]).map_or(0, |bytes| bytes.len());
            if step <= share && text.is_char_boundary(end) {
                split.push((text[begin..end].to_owned(), share as u64));
                (begin, share) = (end, 0);
            }
        }
        if begin < text.len() {
            split.push((text[begin..].to_owned(), share as u64));
        }
        split
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n_words_are_n_tokens() {
        let counter = Counter::new();
        for alphabet in [Alphabet::Ascii, Alphabet::MultiByte] {
            for start in 0..WORDS.len() {
                for length in [0, 1, 2, 7, 130] {
                    let text: String = (0..length).map(|position| word(alphabet, start, position)).collect();
                    assert_eq!(counter.count(&text), length as u64, "{text}");
                }
            }
        }
    }

    #[test]
    fn shares_add_up_to_the_whole() {
        let counter = Counter::new();
        for text in ["", "x", r#"{"city":"text","days":[1,2,3],"größe":"😀😀😀"}"#] {
            let split = counter.split(text, 5);
            assert_eq!(split.iter().map(|(part, _)| part.as_str()).collect::<String>(), text);
            assert_eq!(split.iter().map(|(_, tokens)| tokens).sum::<u64>(), counter.count(text), "{text}");
        }
    }
}
