//! The wire protocols of upstreams. This is the only list of them in the program.
//!
//! A provider is pure: it turns requests into bytes and bytes into answers. It does no I/O, and knows no accounts and
//! no prices. All of them have the same parts, and none imports another.

use std::fmt;

use bytes::Bytes;

use syntopen_shared::secret::Secret;

use crate::answer::{ChatAnswer, ChatChunk, RetryHints, UpstreamError};
use crate::protocol::{ChatRequest, InvalidRequest};

#[cfg(test)]
mod golden;
pub mod openai;
pub mod sse;

pub use openai::stream::Context as StreamContext;

/// A kind of upstream wire protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Provider {
    /// OpenAI's Chat Completions, and whatever is compatible with it.
    OpenAi,
}

/// What a provider's name in the catalog stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// This program speaks it.
    Offered(Provider),
    /// A name of the vocabulary that this version does not speak.
    NotOffered,
    /// Nothing.
    Unknown,
}

impl Provider {
    /// The provider's name in the catalog, in answers and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
        }
    }

    /// Looks a name up.
    #[must_use]
    pub fn named(name: &str) -> Named {
        match name {
            "openai" => Named::Offered(Self::OpenAi),
            "anthropic" | "google" => Named::NotOffered,
            _ => Named::Unknown,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is sent to an upstream, besides the headers that every call has.
pub struct UpstreamRequest {
    /// Where to.
    pub url: String,
    /// Shows the operator's credential.
    pub authorization: (&'static str, Secret),
    /// The translated request.
    pub body: Bytes,
}

/// Where a request goes.
pub struct Destination<'a> {
    /// The upstream's wire protocol.
    pub provider: Provider,
    /// Its base URL.
    pub base_url: &'a str,
    /// The operator's credential with it.
    pub credential: &'a Secret,
    /// The model's name there.
    pub model: &'a str,
    /// The output maximum to set, where less was granted than the request may use.
    pub max_output_tokens: Option<u64>,
}

/// Translates a request for an upstream.
///
/// # Errors
/// When the request asks for what the provider cannot do.
pub fn encode(request: &ChatRequest, destination: &Destination<'_>) -> Result<UpstreamRequest, InvalidRequest> {
    let Destination { provider, base_url, credential, model, max_output_tokens } = *destination;
    match provider {
        Provider::OpenAi => Ok(UpstreamRequest {
            url: openai::url(base_url),
            authorization: openai::authorization(credential),
            body: openai::request::encode(request, &openai::request::Target { model, max_output_tokens })?,
        }),
    }
}

/// Translates a whole answer.
///
/// # Errors
/// When it is none.
pub fn decode(provider: Provider, body: Bytes) -> Result<ChatAnswer, UpstreamError> {
    match provider {
        Provider::OpenAi => openai::response::decode(body),
    }
}

/// Translates a refusal.
#[must_use]
pub fn decode_error(provider: Provider, status: u16, hints: &RetryHints<'_>, body: &[u8]) -> UpstreamError {
    match provider {
        Provider::OpenAi => openai::error::decode(status, hints, body),
    }
}

/// Translates a stream, event by event.
pub enum StreamDecoder {
    /// OpenAI's.
    OpenAi(openai::stream::Decoder),
}

impl StreamDecoder {
    /// A decoder at the beginning of a stream.
    #[must_use]
    pub fn new(provider: Provider, context: StreamContext) -> Self {
        match provider {
            Provider::OpenAi => Self::OpenAi(openai::stream::Decoder::new(context)),
        }
    }

    /// Translates one event, and appends the text that it brings to `text`.
    ///
    /// # Errors
    /// When the event tells of an error, or is none of the protocol's.
    pub fn push(&mut self, event: &sse::Event, text: &mut String) -> Result<Option<ChatChunk>, UpstreamError> {
        match self {
            Self::OpenAi(decoder) => decoder.push(event, text),
        }
    }

    /// Whether the stream has had its last event.
    #[must_use]
    pub fn is_done(&self) -> bool {
        match self {
            Self::OpenAi(decoder) => decoder.is_done(),
        }
    }

    /// Whether every choice has finished.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match self {
            Self::OpenAi(decoder) => decoder.is_finished(),
        }
    }

    /// The connection has ended.
    ///
    /// # Errors
    /// When the stream had not.
    pub fn end(&self) -> Result<(), UpstreamError> {
        match self {
            Self::OpenAi(decoder) => decoder.end(),
        }
    }

    /// The last chunk of a stream whose client asked for usage.
    #[must_use]
    pub fn usage_chunk(&self, usage: &str) -> Bytes {
        match self {
            Self::OpenAi(decoder) => decoder.usage_chunk(usage),
        }
    }
}
