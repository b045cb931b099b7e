//! What an answer must say that its upstream does not know.

use std::sync::Arc;

use syntopen_shared::id::RequestId;

use crate::protocol::ChatRequest;

/// What the client's answer says that the upstream's does not, and what of the request decides how it is read.
#[derive(Clone, Debug)]
pub struct AnswerContext {
    /// The request. Servers that give their answers no id and no time get them from it.
    pub request: RequestId,
    /// The public id of the model.
    pub model: Arc<str>,
    /// The provider's name.
    pub provider: &'static str,
    /// How many choices the client asked for.
    pub choices: u32,
    /// The client asked for usage: then each chunk but the last says that it has none.
    pub include_usage: bool,
    /// The answer's content is to be JSON: a provider that had to be asked for it by way of a tool puts it back.
    pub wants_json: bool,
    /// At most one call is to be told, also where the provider cannot be asked for that.
    pub one_tool_call: bool,
}

impl AnswerContext {
    /// The context of an answer to `request` by `model` of `provider`.
    #[must_use]
    pub fn of(request: &ChatRequest, id: RequestId, (model, provider): (Arc<str>, &'static str)) -> Self {
        Self {
            request: id,
            model,
            provider,
            choices: request.choices(),
            include_usage: request.include_usage(),
            wants_json: request.wants_json(),
            one_tool_call: request.forbids_parallel_calls(),
        }
    }

    /// The id of an answer whose upstream gives it none that a client could use: `chatcmpl-…`.
    #[must_use]
    pub fn answer_id(&self) -> String {
        format!("chatcmpl-{}", self.request.as_uuid().simple())
    }

    /// When the request came in, in seconds since the Unix epoch: the time of an answer that has none.
    #[must_use]
    pub fn created(&self) -> u64 {
        self.request.as_uuid().get_timestamp().map_or(0, |time| time.to_unix().0)
    }
}
