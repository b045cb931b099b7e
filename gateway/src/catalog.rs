//! The catalog: which models are sold, at what prices, and which upstreams serve them.
//!
//! It is data, not code: a TOML file, built in or named by `SYNTOPEN_CATALOG`, whose format stands at the head of
//! `catalog.toml`. A file with any mistake is refused as a whole, with all of its mistakes.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use syntopen_shared::config::Environment;
use syntopen_shared::secret::Secret;

use crate::providers::Provider;

pub use self::prices::PriceList;
pub use self::store::{CatalogSource, CatalogStore, History, Reload};

mod parse;
mod prices;
mod section;
mod store;
#[cfg(test)]
mod tests;
mod upstreams;

/// Credentials of one upstream. A request remembers in one word which of them it has tried.
pub const CREDENTIALS_MAX: usize = 64;

const BUILTIN: &str = include_str!("../catalog.toml");

/// What is sold. Immutable: a changed file makes a new one.
#[derive(Debug)]
pub struct Catalog {
    models: Vec<Arc<Model>>,
    positions: HashMap<Arc<str>, usize>,
    switched_off: Vec<String>,
    unserved: Vec<Model>,
}

impl Catalog {
    /// Reads a catalog. `environment` tells which upstreams are on: those whose credential is set.
    ///
    /// # Errors
    /// Everything that is wrong with the text, and with the variables that it names.
    pub fn parse(text: &str, environment: &Environment) -> Result<Self, InvalidCatalog> {
        parse::catalog(text, environment)
    }

    /// The catalog that this program brings along: the table of the API reference.
    ///
    /// # Errors
    /// When a variable that it names is wrong.
    pub fn builtin(environment: &Environment) -> Result<Self, InvalidCatalog> {
        Self::parse(BUILTIN, environment)
    }

    /// A model that can be served: at least one of its upstreams is on.
    #[must_use]
    pub fn model(&self, id: &str) -> Option<&Arc<Model>> {
        self.positions.get(id).and_then(|position| self.models.get(*position))
    }

    /// All models that can be served, in the order of the file.
    pub fn models(&self) -> impl Iterator<Item = &Arc<Model>> {
        self.models.iter()
    }

    /// For each upstream that is off a sentence that says so, and how to switch it on.
    #[must_use]
    pub fn switched_off(&self) -> &[String] {
        &self.switched_off
    }

    /// The models of the file that are not sold, because all of their upstreams are off.
    pub fn unserved(&self) -> impl Iterator<Item = &Model> {
        self.unserved.iter()
    }

    fn of(models: Vec<Model>, switched_off: Vec<String>) -> Self {
        let (models, unserved): (Vec<_>, Vec<_>) = models.into_iter().partition(|model| !model.candidates.is_empty());
        let models: Vec<_> = models.into_iter().map(Arc::new).collect();
        let positions = models.iter().enumerate().map(|(position, model)| (Arc::clone(&model.id), position)).collect();
        Self { models, positions, switched_off, unserved }
    }
}

/// A model as customers see it.
#[derive(Debug)]
pub struct Model {
    /// The id that customers send: `openai/gpt-4o-mini`.
    pub id: Arc<str>,
    /// How many tokens the model takes, as its vendor publishes it.
    pub context_length: u64,
    /// How many tokens it answers at most.
    pub max_output_tokens: u64,
    /// Whether it accepts images.
    pub images: bool,
    /// What parts that are no text count at most.
    pub part_tokens: PartTokens,
    /// What customers pay.
    pub prices: PriceList,
    /// Where it is served, ascending by priority; only upstreams that are on, and never empty.
    pub candidates: Vec<Arc<Candidate>>,
    /// Where it could be served, if upstreams were on that are not.
    pub idle: Vec<Idle>,
}

/// A way to serve a model that is off.
#[derive(Debug)]
pub struct Idle {
    /// The upstream's name in the catalog.
    pub upstream: String,
    /// The model's name there.
    pub model: String,
    /// What the operator would pay, where the catalog says so.
    pub cost: Option<PriceList>,
    /// As of a [`Candidate`].
    pub weight: u32,
    /// As of a [`Candidate`].
    pub priority: u32,
}

/// Upper bounds of the input tokens that one part of a message counts; none is beyond the context length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartTokens {
    /// An image.
    pub image: u64,
    /// A recording.
    pub audio: u64,
    /// A document.
    pub file: u64,
}

/// One way to serve a model.
#[derive(Debug)]
pub struct Candidate {
    /// Where.
    pub upstream: Arc<Upstream>,
    /// The model's name there.
    pub model: Arc<str>,
    /// What the operator pays, where the catalog says so.
    pub cost: Option<PriceList>,
    /// Its share of the requests among the candidates of its priority; at least 1.
    pub weight: u32,
    /// The lower, the earlier it is tried.
    pub priority: u32,
}

/// A configured endpoint of a provider that is on.
#[derive(Debug)]
pub struct Upstream {
    /// Its name in the catalog.
    pub name: Arc<str>,
    /// The wire protocol.
    pub provider: Provider,
    /// The wire protocol's name, shared by all that is recorded of requests.
    pub provider_name: Arc<str>,
    /// An `http` or `https` URL without a slash at its end.
    pub base_url: String,
    /// What the upstream is shown to be let in: one of these, in turn. Never empty, and at most [`CREDENTIALS_MAX`].
    pub credentials: Vec<Credential>,
}

/// One of an operator's keys with an upstream.
#[derive(Debug)]
pub struct Credential {
    /// The variable that holds it.
    pub name: Arc<str>,
    /// The key itself.
    pub secret: Secret,
}

/// All that is wrong with a catalog, a sentence each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidCatalog(pub Vec<String>);

impl std::error::Error for InvalidCatalog {}

impl fmt::Display for InvalidCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the catalog has {} mistake(s):", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}
