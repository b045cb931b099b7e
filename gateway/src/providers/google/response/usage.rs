//! What an answer used.

use serde::Deserialize;
use syntopen_shared::price::Tokens;

use crate::answer::{MAX_COUNT, ReportedUsage};

/// Google's counts. A count of zero is left out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    /// The cached part is within it.
    #[serde(default)]
    prompt_token_count: Option<u64>,
    #[serde(default)]
    cached_content_token_count: Option<u64>,
    /// What tools of the provider's own added to the prompt.
    #[serde(default)]
    tool_use_prompt_token_count: Option<u64>,
    /// Of all candidates together.
    #[serde(default)]
    candidates_token_count: Option<u64>,
    #[serde(default)]
    thoughts_token_count: Option<u64>,
    #[serde(default)]
    total_token_count: Option<u64>,
}

/// What has been generated, of which the counts must tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::providers::google) enum Output {
    #[default]
    Nothing,
    Thoughts,
    Answer,
}

/// Reads a `usageMetadata` object. `None` where it says nothing that can be charged: no prompt, negative or broken
/// counts, ones beyond all sense, or nothing of the `output` that there is, as in early events of a stream.
pub(in crate::providers::google) fn parse(object: &str, output: Output) -> Option<ReportedUsage> {
    let counts: Counts = serde_json::from_str(object).ok()?;
    counts.tokens(output).map(ReportedUsage::of)
}

impl Counts {
    fn tokens(&self, seen: Output) -> Option<Tokens> {
        let prompt = self.prompt_token_count?;
        let tool_use = self.tool_use_prompt_token_count.unwrap_or(0);
        let cached = self.cached_content_token_count.unwrap_or(0);
        let thoughts = self.thoughts_token_count.unwrap_or(0);
        let told = self.candidates_token_count.unwrap_or(0);
        let all = [prompt, tool_use, cached, thoughts, told, self.total_token_count.unwrap_or(0)];
        if all.into_iter().any(|count| count > MAX_COUNT) {
            return None;
        }
        let input = prompt + tool_use;
        let beyond_input = self.total_token_count.and_then(|total| total.checked_sub(input));
        let output = match self.candidates_token_count {
            // Where the total leaves no room for the thoughts, they are within the candidates.
            Some(candidates) if beyond_input == Some(candidates) && thoughts <= candidates => candidates,
            Some(candidates) => candidates + thoughts,
            None => {
                let is_told = match seen {
                    Output::Nothing => true,
                    Output::Thoughts => self.thoughts_token_count.is_some(),
                    Output::Answer => false,
                };
                let from_total = beyond_input.filter(|beyond| *beyond > thoughts);
                from_total.or_else(|| is_told.then_some(thoughts))?
            }
        };
        let cached_input = cached.min(input);
        let reasoning = thoughts.min(output);
        Some(Tokens { input: input - cached_input, cached_input, output, reasoning, ..Tokens::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(object: &str) -> Option<Tokens> {
        parse(object, Output::Answer).map(|usage| usage.tokens)
    }

    #[test]
    fn buckets_are_disjoint() {
        let object = r#"{"promptTokenCount":100,"cachedContentTokenCount":60,"toolUsePromptTokenCount":5,
            "candidatesTokenCount":7,"thoughtsTokenCount":20,"totalTokenCount":132,"promptTokensDetails":[]}"#;
        let expected = Tokens { input: 45, cached_input: 60, output: 27, reasoning: 20, ..Tokens::default() };
        assert_eq!(tokens(object), Some(expected));
    }

    #[test]
    fn thoughts_within_the_candidates_count_once() {
        let object =
            r#"{"promptTokenCount":10,"candidatesTokenCount":30,"thoughtsTokenCount":20,"totalTokenCount":40}"#;
        assert_eq!(tokens(object), Some(Tokens { input: 10, output: 30, reasoning: 20, ..Tokens::default() }));
    }

    #[test]
    fn output_that_is_not_told_is_known_from_the_total_or_not_at_all() {
        let early = r#"{"promptTokenCount":10,"totalTokenCount":10}"#;
        assert_eq!(tokens(early), None);
        assert_eq!(parse(early, Output::Nothing).unwrap().tokens, Tokens { input: 10, ..Tokens::default() });
        assert_eq!(tokens(r#"{"promptTokenCount":10,"thoughtsTokenCount":4,"totalTokenCount":14}"#), None);
        let thinking = r#"{"promptTokenCount":10,"thoughtsTokenCount":4,"totalTokenCount":14}"#;
        let expected = Tokens { input: 10, output: 4, reasoning: 4, ..Tokens::default() };
        assert_eq!(parse(thinking, Output::Thoughts).unwrap().tokens, expected);
        assert_eq!(parse(early, Output::Thoughts), None);
        let late = r#"{"promptTokenCount":10,"thoughtsTokenCount":4,"totalTokenCount":17}"#;
        assert_eq!(tokens(late), Some(Tokens { input: 10, output: 7, reasoning: 4, ..Tokens::default() }));
    }

    #[test]
    fn what_cannot_be_charged_is_missing() {
        for object in [
            "null",
            "[]",
            "{}",
            "\"x\"",
            r#"{"candidatesTokenCount":5}"#,
            r#"{"promptTokenCount":-1,"candidatesTokenCount":5}"#,
            r#"{"promptTokenCount":1.5,"candidatesTokenCount":5}"#,
            r#"{"promptTokenCount":"1","candidatesTokenCount":5}"#,
            r#"{"promptTokenCount":1,"candidatesTokenCount":9007199254740993}"#,
            r#"{"promptTokenCount":1,"candidatesTokenCount":99999999999999999999999}"#,
            r#"{"promptTokenCount":1,"candidatesTokenCount":5,"thoughtsTokenCount":-1}"#,
        ] {
            assert_eq!(tokens(object), None, "{object}");
        }
        let object = r#"{"promptTokenCount":0,"candidatesTokenCount":0,"cachedContentTokenCount":9}"#;
        assert_eq!(tokens(object), Some(Tokens::default()), "zero is not missing, and parts are cut to their whole");
    }
}
