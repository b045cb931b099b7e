//! The wire protocols of upstreams. This is the only list of them in the program.
//!
//! A provider is pure: it turns requests into bytes and bytes into answers. It does no I/O, and knows no accounts and
//! no prices. All of them have the same parts, and none imports another.

use std::fmt;

pub mod answer;
pub mod openai;
pub mod sse;

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
