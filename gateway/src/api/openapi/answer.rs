//! What a completion answers, whole and in chunks.

use utoipa::ToSchema;

/// A whole answer. OpenAI's further fields are passed on as they come.
#[derive(ToSchema)]
pub(in crate::api) struct ChatCompletion {
    /// The answer's id.
    id: String,
    object: CompletionObject,
    /// When the request came in, in seconds since the Unix epoch.
    #[schema(minimum = 0)]
    created: i64,
    /// The id of the model that served: one of `models`, where `model` could not be.
    model: String,
    /// Who served it: `openai`, `anthropic` or `google`.
    provider: String,
    /// The answers: as many as `n` says.
    #[schema(min_items = 1)]
    choices: Vec<Choice>,
    /// What was used, and what it cost.
    usage: Usage,
}

/// One event of a stream.
#[derive(ToSchema)]
pub(in crate::api) struct ServerSentEvent {
    /// JSON of the schema `ChatCompletionChunk`; `[DONE]` at the end; of `ErrorEnvelope` where the provider
    /// breaks off, which ends the stream too.
    data: String,
}

/// A chunk of a streamed answer: the data of one event.
#[derive(ToSchema)]
pub(in crate::api) struct ChatCompletionChunk {
    /// The answer's id, the same in every chunk.
    id: String,
    object: ChunkObject,
    /// When the request came in, in seconds since the Unix epoch.
    #[schema(minimum = 0)]
    created: i64,
    /// The id of the model that serves.
    model: String,
    /// Who serves it.
    provider: String,
    /// What is added to each answer; empty in the chunk that tells the usage.
    choices: Vec<ChunkChoice>,
    /// What was used, and what it cost: in the last chunk, where `stream_options.include_usage` asks for it.
    usage: Option<Usage>,
}

#[derive(ToSchema)]
pub(in crate::api) enum CompletionObject {
    #[serde(rename = "chat.completion")]
    ChatCompletion,
}

#[derive(ToSchema)]
pub(in crate::api) enum ChunkObject {
    #[serde(rename = "chat.completion.chunk")]
    ChatCompletionChunk,
}

/// One answer.
#[derive(ToSchema)]
pub(in crate::api) struct Choice {
    /// Which of the answers.
    #[schema(minimum = 0)]
    index: i32,
    message: AssistantAnswer,
    /// The likelihood of each token, where it was asked for.
    #[schema(value_type = Option<Object>)]
    logprobs: Option<()>,
    /// Why it ends.
    finish_reason: FinishReason,
}

/// What the model says.
#[derive(ToSchema)]
pub(in crate::api) struct AssistantAnswer {
    role: AssistantRole,
    /// The text; null where there are only calls, or a refusal.
    #[schema(required)]
    content: Option<String>,
    /// Why nothing is said.
    refusal: Option<String>,
    /// The tools that it calls.
    tool_calls: Option<Vec<ToolCall>>,
}

/// What a chunk adds to one answer.
#[derive(ToSchema)]
pub(in crate::api) struct ChunkChoice {
    /// Which of the answers.
    #[schema(minimum = 0)]
    index: i32,
    delta: Delta,
    /// The likelihood of each token, where it was asked for.
    #[schema(value_type = Option<Object>)]
    logprobs: Option<()>,
    /// Why it ends, in its last chunk.
    #[schema(required)]
    finish_reason: Option<FinishReason>,
}

/// What is added.
#[derive(ToSchema)]
pub(in crate::api) struct Delta {
    /// In the first chunk.
    role: Option<AssistantRole>,
    /// More of the text.
    content: Option<String>,
    /// More of why nothing is said.
    refusal: Option<String>,
    /// More of the calls.
    tool_calls: Option<Vec<ToolCallDelta>>,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum AssistantRole {
    Assistant,
}

#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum FinishReason {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
    FunctionCall,
}

/// A call of a tool. Its id is to be sent back as it came.
#[derive(ToSchema)]
pub(in crate::api) struct ToolCall {
    /// The call's id.
    id: String,
    /// `function`, or `custom`.
    r#type: String,
    /// The function that is called.
    function: Option<FunctionCall>,
    /// The custom tool that is called.
    custom: Option<CustomCall>,
}

/// A call of a function.
#[derive(ToSchema)]
pub(in crate::api) struct FunctionCall {
    /// Which.
    name: String,
    /// Its arguments, as a text of JSON.
    arguments: String,
}

/// A call of a custom tool.
#[derive(ToSchema)]
pub(in crate::api) struct CustomCall {
    /// Which.
    name: String,
    /// What it is told.
    input: String,
}

/// More of a call.
#[derive(ToSchema)]
pub(in crate::api) struct ToolCallDelta {
    /// Which of the calls.
    #[schema(minimum = 0)]
    index: i32,
    /// In its first chunk.
    id: Option<String>,
    /// In its first chunk.
    r#type: Option<String>,
    function: Option<FunctionDelta>,
}

/// More of a call of a function.
#[derive(ToSchema)]
pub(in crate::api) struct FunctionDelta {
    /// Which function: in its first chunk.
    name: Option<String>,
    /// More of its arguments.
    arguments: Option<String>,
}

/// What was used, and what it cost.
#[derive(ToSchema)]
pub(in crate::api) struct Usage {
    /// The whole input.
    #[schema(minimum = 0)]
    prompt_tokens: i64,
    /// The whole output, reasoning included.
    #[schema(minimum = 0)]
    completion_tokens: i64,
    /// Both.
    #[schema(minimum = 0)]
    total_tokens: i64,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    /// What the account is charged for this request, in USD, exactly.
    cost: Dollars,
    cost_details: CostDetails,
}

/// Parts of the input.
#[derive(ToSchema)]
pub(in crate::api) struct PromptDetails {
    /// Read from the provider's prompt cache.
    #[schema(minimum = 0)]
    cached_tokens: Option<i64>,
    /// Written to it.
    #[schema(minimum = 0)]
    cache_write_tokens: Option<i64>,
}

/// Parts of the output.
#[derive(ToSchema)]
pub(in crate::api) struct CompletionDetails {
    /// Thought, and not shown.
    #[schema(minimum = 0)]
    reasoning_tokens: Option<i64>,
}

/// What each part cost, in USD, exactly. Their sum, rounded up to a billionth of a dollar, is `cost`.
#[derive(ToSchema)]
pub(in crate::api) struct CostDetails {
    /// Input that was not cached.
    input_cost: Dollars,
    /// Input read from the provider's prompt cache.
    cached_input_cost: Dollars,
    /// Input written to it.
    cache_write_cost: Dollars,
    /// Output.
    output_cost: Dollars,
}

/// An amount in USD: a number with up to twelve decimals, exact.
#[derive(ToSchema)]
#[schema(minimum = 0)]
pub(in crate::api) struct Dollars(f64);
