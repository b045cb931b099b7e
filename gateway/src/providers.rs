//! The wire protocols of upstreams. This is the only list of them in the program.
//!
//! A provider is pure: it turns requests into bytes and bytes into answers. It does no I/O, and knows no accounts and
//! no prices. All of them have the same parts, and none imports another.

use std::fmt;

use bytes::Bytes;

use syntopen_shared::secret::Secret;

use crate::answer::{AnswerContext, ChatAnswer, ChatChunk, RetryHints, UpstreamError};
use crate::protocol::{ChatRequest, InvalidRequest};

pub mod anthropic;
#[cfg(test)]
mod golden;
pub mod google;
pub mod openai;
pub mod sse;

/// A kind of upstream wire protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Provider {
    /// Anthropic's Messages.
    Anthropic,
    /// Google's generateContent.
    Google,
    /// OpenAI's Chat Completions, and whatever is compatible with it.
    OpenAi,
}

impl Provider {
    /// The provider's name in the catalog, in answers and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::Google => "google",
            Self::OpenAi => "openai",
        }
    }

    /// Looks a name up.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Anthropic, Self::Google, Self::OpenAi].into_iter().find(|provider| provider.as_str() == name)
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is sent to an upstream, besides the headers that every call has.
#[derive(Debug)]
pub struct UpstreamRequest {
    /// Where to.
    pub url: String,
    /// Shows the operator's credential.
    pub authorization: (&'static str, Secret),
    /// Further headers, names and values.
    pub headers: &'static [(&'static str, &'static str)],
    /// The translated request.
    pub body: Bytes,
    /// The client's parameters that the provider does not know, and that were left out since they change nothing that
    /// a client could rely on. Never one that was not sent.
    pub dropped: Vec<String>,
}

/// Where a request goes.
#[derive(Clone, Copy)]
pub struct Destination<'a> {
    /// The upstream's wire protocol.
    pub provider: Provider,
    /// Its base URL.
    pub base_url: &'a str,
    /// The operator's credential with it.
    pub credential: &'a Secret,
    /// What the gateway decided.
    pub target: Target<'a>,
}

/// What the gateway decided about a request.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The model's name at the upstream.
    pub model: &'a str,
    /// How many tokens the model answers at most: the maximum of a request that names none, where one must be named.
    pub model_max_output_tokens: u64,
    /// `Some` where fewer output tokens per choice were granted than the request could use: the upstream must stop
    /// there.
    pub max_output_tokens: Option<u64>,
}

/// A translated request.
#[derive(Debug)]
pub struct Encoded {
    /// The body.
    pub body: Bytes,
    /// See [`UpstreamRequest::dropped`].
    pub dropped: Vec<String>,
}

/// Translates a request for an upstream.
///
/// # Errors
/// When the request asks for what the provider cannot do: the message names the parameter and the provider.
pub fn encode(request: &ChatRequest, destination: &Destination<'_>) -> Result<UpstreamRequest, InvalidRequest> {
    let Destination { provider, base_url, credential, target } = *destination;
    let (encoded, url, authorization, headers): (_, _, _, &'static [_]) = match provider {
        Provider::Anthropic => (
            anthropic::request::encode(request, &target)?,
            anthropic::url(base_url),
            anthropic::authorization(credential),
            &anthropic::HEADERS,
        ),
        Provider::Google => (
            google::request::encode(request, &target)?,
            google::url(base_url, target.model, google::Method::of(request)),
            google::authorization(credential),
            &[],
        ),
        Provider::OpenAi => {
            (openai::request::encode(request, &target)?, openai::url(base_url), openai::authorization(credential), &[])
        }
    };
    let Encoded { body, dropped } = encoded;
    Ok(UpstreamRequest { url, authorization, headers, body, dropped })
}

/// The header, name and value, that shows `credential`.
#[must_use]
pub fn authorization(provider: Provider, credential: &Secret) -> (&'static str, Secret) {
    match provider {
        Provider::Anthropic => anthropic::authorization(credential),
        Provider::Google => google::authorization(credential),
        Provider::OpenAi => openai::authorization(credential),
    }
}

/// Translates a whole answer.
///
/// # Errors
/// When it is none.
pub fn decode(provider: Provider, body: Bytes, context: &AnswerContext) -> Result<ChatAnswer, UpstreamError> {
    match provider {
        Provider::Anthropic => anthropic::response::decode(&body, context),
        Provider::Google => google::response::decode(&body, context),
        Provider::OpenAi => openai::response::decode(body),
    }
}

/// Translates a refusal.
#[must_use]
pub fn decode_error(provider: Provider, status: u16, hints: &RetryHints<'_>, body: &[u8]) -> UpstreamError {
    match provider {
        Provider::Anthropic => anthropic::error::decode(status, hints, body),
        Provider::Google => google::error::decode(status, hints, body),
        Provider::OpenAi => openai::error::decode(status, hints, body),
    }
}

/// Translates a stream, event by event.
#[derive(Debug)]
pub enum StreamDecoder {
    /// Anthropic's.
    Anthropic(anthropic::stream::Decoder),
    /// Google's.
    Google(google::stream::Decoder),
    /// OpenAI's.
    OpenAi(openai::stream::Decoder),
}

/// What a stream event brings.
#[derive(Debug)]
pub struct Brought<'a> {
    /// The text that was generated is appended to it, for the count.
    pub text: &'a mut String,
    /// The client's chunks, and what the gateway learns, are appended to it. What was appended before an error counts.
    pub chunks: &'a mut Vec<ChatChunk>,
}

impl StreamDecoder {
    /// A decoder at the beginning of a stream.
    #[must_use]
    pub fn new(provider: Provider, context: AnswerContext) -> Self {
        match provider {
            Provider::Anthropic => Self::Anthropic(anthropic::stream::Decoder::new(context)),
            Provider::Google => Self::Google(google::stream::Decoder::new(context)),
            Provider::OpenAi => Self::OpenAi(openai::stream::Decoder::new(context)),
        }
    }

    /// Translates one event.
    ///
    /// # Errors
    /// When the event tells of an error, or is none of the protocol's.
    pub fn push(&mut self, event: &sse::Event, brought: Brought<'_>) -> Result<(), UpstreamError> {
        match self {
            Self::Anthropic(decoder) => decoder.push(event, brought),
            Self::Google(decoder) => decoder.push(event, brought),
            Self::OpenAi(decoder) => {
                brought.chunks.extend(decoder.push(event, brought.text)?);
                Ok(())
            }
        }
    }

    /// Whether the stream has had its last event.
    #[must_use]
    pub fn is_done(&self) -> bool {
        match self {
            Self::Anthropic(decoder) => decoder.is_done(),
            Self::Google(decoder) => decoder.is_done(),
            Self::OpenAi(decoder) => decoder.is_done(),
        }
    }

    /// Whether every choice has finished.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match self {
            Self::Anthropic(decoder) => decoder.is_finished(),
            Self::Google(decoder) => decoder.is_finished(),
            Self::OpenAi(decoder) => decoder.is_finished(),
        }
    }

    /// The connection has ended.
    ///
    /// # Errors
    /// When the stream had not.
    pub fn end(&self) -> Result<(), UpstreamError> {
        match self {
            Self::Anthropic(decoder) => decoder.end(),
            Self::Google(decoder) => decoder.end(),
            Self::OpenAi(decoder) => decoder.end(),
        }
    }

    /// The last chunk of a stream whose client asked for usage.
    #[must_use]
    pub fn usage_chunk(&self, usage: &str) -> Bytes {
        match self {
            Self::Anthropic(decoder) => decoder.usage_chunk(usage),
            Self::Google(decoder) => decoder.usage_chunk(usage),
            Self::OpenAi(decoder) => decoder.usage_chunk(usage),
        }
    }
}
