//! What `GET /models` and `GET /key` answer.

use utoipa::ToSchema;

/// The models that the key may use.
#[derive(ToSchema)]
pub(in crate::api) struct ModelList {
    object: ListObject,
    /// The models, in the catalog's order.
    data: Vec<Model>,
}

/// A model with its prices.
#[derive(ToSchema)]
pub(in crate::api) struct Model {
    /// What a request names it by.
    id: String,
    object: ModelObject,
    /// Always 0.
    created: i64,
    /// Who made it: the first part of the id.
    owned_by: String,
    /// How many tokens it takes.
    #[schema(minimum = 0)]
    context_length: i64,
    /// How many tokens it answers at most.
    #[schema(minimum = 0)]
    max_output_tokens: i64,
    pricing: Pricing,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum ListObject {
    List,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum ModelObject {
    Model,
}

/// Prices in USD, as exact decimal texts.
#[derive(ToSchema)]
pub(in crate::api) struct Pricing {
    /// A token of input.
    prompt: Usd,
    /// A token of output.
    completion: Usd,
    /// A token of input that the provider's prompt cache has.
    input_cache_read: Usd,
    /// A token of input that is written to it.
    input_cache_write: Usd,
    /// A million tokens of input.
    input_per_million: Usd,
    /// A million tokens of output.
    output_per_million: Usd,
    /// Other prices of long inputs, for all of their tokens.
    tiers: Option<Vec<Tier>>,
}

/// Prices of inputs above a length.
#[derive(ToSchema)]
pub(in crate::api) struct Tier {
    /// They hold above so many tokens of input.
    #[schema(minimum = 0)]
    above_input_tokens: i64,
    prompt: Usd,
    completion: Usd,
    input_cache_read: Usd,
    input_cache_write: Usd,
    input_per_million: Usd,
    output_per_million: Usd,
}

/// An amount in USD, as an exact decimal text.
#[derive(ToSchema)]
#[schema(pattern = "^-?[0-9]+(\\.[0-9]+)?$")]
pub(in crate::api) struct Usd(String);

/// The key that asks, with what it has spent and what its account has.
#[derive(ToSchema)]
pub(in crate::api) struct KeyReport {
    object: KeyObject,
    /// The key's id, which is not the key.
    id: String,
    /// The name that its owner gave it.
    label: String,
    /// Its first characters.
    prefix: String,
    /// When it stops working, in milliseconds since the Unix epoch.
    #[schema(required)]
    expires_at_ms: Option<i64>,
    /// The models that it may use; null is all.
    #[schema(required)]
    allowed_models: Option<Vec<String>>,
    rate_limit: RateLimit,
    limits_usd: Limits,
    spent_usd: Spent,
    /// The account's balance.
    balance_usd: Usd,
    /// How much of it running requests reserve.
    held_usd: Usd,
    /// What is left of it.
    available_usd: Usd,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum KeyObject {
    Key,
}

/// How often the key may be used.
#[derive(ToSchema)]
pub(in crate::api) struct RateLimit {
    /// So many requests
    #[schema(minimum = 0)]
    requests: i64,
    /// in any time so long.
    interval: String,
}

/// What the key may spend; null is no limit.
#[derive(ToSchema)]
pub(in crate::api) struct Limits {
    /// In a UTC day.
    #[schema(required)]
    day: Option<Usd>,
    /// In a UTC month.
    #[schema(required)]
    month: Option<Usd>,
    /// Ever.
    #[schema(required)]
    total: Option<Usd>,
}

/// What the key has spent.
#[derive(ToSchema)]
pub(in crate::api) struct Spent {
    /// This UTC day.
    day: Usd,
    /// This UTC month.
    month: Usd,
    /// Ever.
    total: Usd,
}
