//! Programs that make a call, ready to be copied.

use std::sync::Arc;

use askama::Template;

use super::error::PageError;
use crate::catalog::{Catalog, Model};

/// Where a program finds the key that it must not contain.
pub(crate) const KEY_VARIABLE: &str = "SYNTOPEN_API_KEY";

/// A call: where to, and which model.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Scheme and authority by which the customer reaches us.
    pub(crate) base: String,
    /// The id of the model.
    pub(crate) model: String,
}

/// The same call, in each of the ways in which customers make it. The key comes from the environment.
#[derive(Clone, Debug)]
pub(crate) struct Snippets {
    /// For a shell that knows the key.
    pub(crate) curl: String,
    /// With OpenAI's SDK for Python.
    pub(crate) python: String,
    /// With OpenAI's SDK for JavaScript.
    pub(crate) node: String,
}

#[derive(Template)]
#[template(path = "snippets/curl.txt")]
struct Curl<'a> {
    call: &'a Call,
}

#[derive(Template)]
#[template(path = "snippets/python.txt")]
struct Python<'a> {
    call: &'a Call,
}

#[derive(Template)]
#[template(path = "snippets/node.txt")]
struct Node<'a> {
    call: &'a Call,
}

impl Snippets {
    /// The programs for a call.
    ///
    /// # Errors
    /// When a template fails, which is a fault of ours.
    pub(crate) fn of(call: &Call) -> Result<Self, PageError> {
        let (curl, python, node) = (Curl { call }.render(), Python { call }.render(), Node { call }.render());
        let fault = |_| PageError::Internal;
        Ok(Self { curl: curl.map_err(fault)?, python: python.map_err(fault)?, node: node.map_err(fault)? })
    }

    /// Each with its name.
    #[must_use]
    pub(crate) fn named(self) -> [(&'static str, String); 3] {
        [("curl", self.curl), ("Python", self.python), ("Node", self.node)]
    }
}

/// The model to begin with: the cheapest of those that can be served and, where only some are allowed, used.
#[must_use]
pub(crate) fn model_to_try(catalog: &Catalog, allowed: Option<&[String]>) -> Option<String> {
    let may_use = |model: &&Arc<Model>| allowed.is_none_or(|allowed| allowed.iter().any(|id| **id == *model.id));
    let price = |model: &&Arc<Model>| {
        let prices = model.prices.base();
        prices.input.picos().saturating_add(prices.output.picos())
    };
    catalog.models().filter(may_use).min_by_key(price).map(|model| model.id.to_string())
}
