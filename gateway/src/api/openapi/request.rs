//! What a completion request may say. The rules are those of [`crate::protocol`]; `null` means absent everywhere.

use std::collections::BTreeMap;

use utoipa::ToSchema;

mod content;
mod message;
mod tool;

use content::TextContent;
use message::Message;
use tool::{FunctionDefinition, JsonSchema, Tool, ToolChoice};

/// A chat completion request: OpenAI's payload and a list of fallback models. A parameter that is not known here is
/// passed on to upstreams that speak OpenAI's protocol, and dropped, by name, for others.
#[derive(ToSchema)]
#[schema(example = json!({
    "model": "openai/gpt-4o-mini",
    "messages": [
        { "role": "system", "content": "You are concise." },
        { "role": "user", "content": "What is the capital of France?" }
    ],
    "max_tokens": 64,
    "stream": false
}))]
pub(in crate::api) struct ChatCompletionRequest {
    /// A model's id, as `GET /api/v1/models` lists it.
    #[schema(min_length = 1)]
    model: String,
    /// Models to try in this order when `model` cannot be served: an extra over OpenAI's payload.
    #[schema(min_items = 1, max_items = 16)]
    models: Option<Vec<ModelId>>,
    /// The conversation so far.
    #[schema(min_items = 1, max_items = 4096)]
    messages: Vec<Message>,
    /// Whether the answer is sent as server-sent events while it is made.
    stream: Option<bool>,
    /// Only with `stream`.
    stream_options: Option<StreamOptions>,
    /// The most tokens of the answer. One of the two names may be set.
    #[schema(minimum = 1, maximum = 2147483647)]
    max_tokens: Option<i32>,
    /// The most tokens of the answer, reasoning included.
    #[schema(minimum = 1, maximum = 2147483647)]
    max_completion_tokens: Option<i32>,
    /// How freely the model chooses its words.
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f64>,
    /// The share of likely words that it chooses from.
    #[schema(minimum = 0, maximum = 1)]
    top_p: Option<f64>,
    /// How many answers are made; each is charged.
    #[schema(minimum = 1, maximum = 128)]
    n: Option<u8>,
    /// What ends the answer.
    stop: Option<Stop>,
    /// Asks for the same answer to the same request.
    seed: Option<i64>,
    /// How much words that occurred are avoided.
    #[schema(minimum = -2, maximum = 2)]
    presence_penalty: Option<f64>,
    /// How much words that occurred often are avoided.
    #[schema(minimum = -2, maximum = 2)]
    frequency_penalty: Option<f64>,
    /// How much single tokens are preferred, by their numbers.
    logit_bias: Option<BTreeMap<String, Bias>>,
    /// Whether the likelihood of each token is told.
    logprobs: Option<bool>,
    /// How many likely tokens are told at each place. Only with `logprobs`.
    #[schema(minimum = 0, maximum = 20)]
    top_logprobs: Option<u8>,
    /// The form of the answer.
    response_format: Option<ResponseFormat>,
    /// The tools that the model may call.
    #[schema(max_items = 1024)]
    tools: Option<Vec<Tool>>,
    /// Which of the tools it must or may call. Only with `tools`.
    tool_choice: Option<ToolChoice>,
    /// Whether it may call several at once.
    parallel_tool_calls: Option<bool>,
    /// How long a reasoning model thinks.
    reasoning_effort: Option<ReasoningEffort>,
    /// How long the answer is.
    verbosity: Option<Level>,
    /// Who asks, in the customer's own terms.
    user: Option<String>,
    /// Who asks, as a hash that tells nothing of the person.
    #[schema(max_length = 128)]
    safety_identifier: Option<String>,
    /// The customer's own notes: at most 16 pairs.
    metadata: Option<BTreeMap<String, Note>>,
    /// Whether OpenAI keeps the answer.
    store: Option<bool>,
    /// How soon OpenAI answers.
    service_tier: Option<ServiceTier>,
    /// In what the answer is given.
    #[schema(min_items = 1, max_items = 2)]
    modalities: Option<Vec<Modality>>,
    /// How an answer in sound is given.
    audio: Option<AudioOutput>,
    /// Text that much of the answer is expected to repeat.
    prediction: Option<Prediction>,
    /// Which requests share a prompt cache.
    prompt_cache_key: Option<String>,
    /// How long a prompt stays in the cache.
    prompt_cache_retention: Option<CacheRetention>,
    /// How the prompt cache is used.
    prompt_cache_options: Option<CacheOptions>,
    /// Whether and how the model searches the web.
    web_search_options: Option<WebSearch>,
    /// Whether and how texts are moderated.
    moderation: Option<Moderation>,
    /// Deprecated: the functions that the model may call.
    #[schema(max_items = 1024)]
    functions: Option<Vec<FunctionDefinition>>,
    /// Deprecated: which of the functions it must or may call. Only with `functions`.
    function_call: Option<tool::FunctionChoice>,
}

/// A model's id.
#[derive(ToSchema)]
#[schema(min_length = 1)]
pub(in crate::api) struct ModelId(String);

/// How much a token is preferred.
#[derive(ToSchema)]
#[schema(minimum = -100, maximum = 100)]
pub(in crate::api) struct Bias(f64);

/// A note of the customer's own.
#[derive(ToSchema)]
#[schema(max_length = 512)]
pub(in crate::api) struct Note(String);

/// What a stream tells beside the answer.
#[derive(ToSchema)]
pub(in crate::api) struct StreamOptions {
    /// Whether the last chunk tells tokens and cost.
    include_usage: Option<bool>,
    /// Whether OpenAI pads its chunks.
    include_obfuscation: Option<bool>,
}

/// What ends the answer.
#[derive(ToSchema)]
#[serde(untagged)]
pub(in crate::api) enum Stop {
    /// This text.
    One(String),
    /// Any of these texts.
    Several(StopList),
}

/// Texts that end the answer.
#[derive(ToSchema)]
#[schema(max_items = 4)]
pub(in crate::api) struct StopList(Vec<String>);

/// The form of the answer.
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::api) enum ResponseFormat {
    /// Text.
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON of this schema.
    JsonSchema {
        /// The schema with its name.
        json_schema: JsonSchema,
    },
}

/// How long a reasoning model thinks.
#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum ReasoningEffort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

/// How much of something.
#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum Level {
    Low,
    Medium,
    High,
}

/// How soon OpenAI answers.
#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum ServiceTier {
    Auto,
    Default,
    Flex,
    Scale,
    Priority,
    Fast,
}

/// In what an answer is given.
#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum Modality {
    Text,
    Audio,
}

/// How an answer in sound is given.
#[derive(ToSchema)]
pub(in crate::api) struct AudioOutput {
    /// Who speaks.
    voice: Voice,
    /// In which format.
    format: AudioFormat,
}

/// Who speaks.
#[derive(ToSchema)]
#[serde(untagged)]
pub(in crate::api) enum Voice {
    /// A voice of OpenAI's.
    Name(Name),
    /// A voice of the customer's own.
    Own {
        /// Its id.
        #[schema(min_length = 1)]
        id: String,
    },
}

/// A name that is not empty.
#[derive(ToSchema)]
#[schema(min_length = 1)]
pub(in crate::api) struct Name(String);

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum AudioFormat {
    Wav,
    Aac,
    Mp3,
    Flac,
    Opus,
    Pcm16,
}

/// Text that much of the answer is expected to repeat.
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::api) enum Prediction {
    /// This text.
    Content {
        /// The text.
        content: TextContent,
    },
}

/// How long a prompt stays in the cache.
#[derive(ToSchema)]
pub(in crate::api) enum CacheRetention {
    #[serde(rename = "in_memory")]
    InMemory,
    #[serde(rename = "in-memory")]
    InMemoryDashed,
    #[serde(rename = "24h")]
    Day,
}

/// How the prompt cache is used.
#[derive(ToSchema)]
pub(in crate::api) struct CacheOptions {
    /// Who decides what is cached.
    mode: Option<CacheMode>,
    /// For how long.
    ttl: Option<content::CacheLifetime>,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum CacheMode {
    Implicit,
    Explicit,
}

/// Whether and how the model searches the web.
#[derive(ToSchema)]
pub(in crate::api) struct WebSearch {
    /// How much of what it finds it reads.
    search_context_size: Option<Level>,
    /// Where the person is.
    user_location: Option<Location>,
}

/// Where a person is.
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(in crate::api) enum Location {
    /// About there.
    Approximate {
        /// The place.
        approximate: Place,
    },
}

/// A place.
#[derive(ToSchema)]
pub(in crate::api) struct Place {
    city: Option<String>,
    country: Option<String>,
    region: Option<String>,
    timezone: Option<String>,
}

/// Whether and how texts are moderated.
#[derive(ToSchema)]
pub(in crate::api) struct Moderation {
    /// By which model.
    #[schema(min_length = 1)]
    model: String,
    /// What becomes of them.
    policy: Option<ModerationPolicy>,
}

/// What becomes of moderated texts.
#[derive(ToSchema)]
pub(in crate::api) struct ModerationPolicy {
    /// Of what is asked.
    input: Option<ModerationRule>,
    /// Of what is answered.
    output: Option<ModerationRule>,
}

/// What becomes of a moderated text.
#[derive(ToSchema)]
pub(in crate::api) struct ModerationRule {
    /// Only scored, or blocked.
    mode: ModerationMode,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum ModerationMode {
    Score,
    Block,
}
