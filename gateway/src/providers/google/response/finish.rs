//! Why an answer ended, or why there is none.

use crate::answer::completion::FinishReason;
use crate::answer::{UpstreamError, UpstreamErrorKind};

/// A longer name of a reason is not repeated.
const MAX_REASON_BYTES: usize = 60;

/// Ends of answers that the model got wrong.
const BROKEN: [&str; 5] = [
    "MALFORMED_FUNCTION_CALL",
    "MALFORMED_RESPONSE",
    "MISSING_THOUGHT_SIGNATURE",
    "TOO_MANY_TOOL_CALLS",
    "UNEXPECTED_TOOL_CALL",
];

/// What a candidate has said up to its end.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::providers::google) struct SoFar {
    pub(in crate::providers::google) has_text: bool,
    pub(in crate::providers::google) has_calls: bool,
}

/// OpenAI's word for a reason, `None` standing for an answer that has just ended. Reasons that nobody knows yet are
/// those of a filter: what was stopped for them must not be taken for complete.
pub(in crate::providers::google) fn translate(
    reason: Option<&str>,
    so_far: SoFar,
) -> Result<FinishReason, UpstreamError> {
    let reason = reason.map(str::to_ascii_uppercase);
    match reason.as_deref() {
        None | Some("STOP" | "FINISH_REASON_UNSPECIFIED") if so_far.has_calls => Ok(FinishReason::ToolCalls),
        None | Some("STOP" | "FINISH_REASON_UNSPECIFIED") => Ok(FinishReason::Stop),
        Some("MAX_TOKENS" | "CONTINUATION") => Ok(FinishReason::Length),
        Some(broken) if BROKEN.contains(&broken) => {
            let says_something = so_far.has_text || so_far.has_calls;
            says_something.then_some(FinishReason::Stop).ok_or_else(|| {
                UpstreamError::new(UpstreamErrorKind::Unusable, "The provider's model gave no answer that can be used.")
            })
        }
        Some(_) => Ok(FinishReason::ContentFilter),
    }
}

/// What the client is told in place of the answer to a prompt that was blocked.
pub(in crate::providers::google) fn refusal(reason: &str) -> String {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_name = reason.len() <= MAX_REASON_BYTES && reason.bytes().all(is_word);
    let why = if is_name { format!(" ({})", reason.to_ascii_uppercase()) } else { String::new() };
    format!("The provider refused to answer this prompt{why}.")
}
