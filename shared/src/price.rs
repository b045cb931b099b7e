//! Prices, token counts, and what tokens cost.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::money::{InvalidAmount, NanoUsd, parse_scaled};

const PICOS_PER_NANO: u128 = 1_000;
/// One dollar per million tokens is 10^12 / 10^6 pico-dollars per token.
const PRICE_DECIMALS: usize = 6;

/// A price in pico-dollars (1e-12 USD) per token; $1 per million tokens is 1,000,000.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PicoUsdPerToken(u64);

impl PicoUsdPerToken {
    /// Free.
    pub const ZERO: Self = Self(0);

    /// So many pico-dollars per token.
    #[must_use]
    pub const fn new(picos: u64) -> Self {
        Self(picos)
    }

    /// The price in pico-dollars per token.
    #[must_use]
    pub const fn picos(self) -> u64 {
        self.0
    }

    /// The price in dollars per single token as a plain decimal number, exact: `0.00000015`.
    #[must_use]
    pub fn usd_per_token(self) -> String {
        decimal(self.0, 12)
    }

    /// The price in dollars per million tokens as a plain decimal number, exact: `0.15`.
    #[must_use]
    pub fn usd_per_million(self) -> String {
        decimal(self.0, PRICE_DECIMALS)
    }
}

fn decimal(value: u64, decimals: usize) -> String {
    let digits = format!("{value:0>width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

impl fmt::Debug for PicoUsdPerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}/M", self.usd_per_million())
    }
}

impl FromStr for PicoUsdPerToken {
    type Err = InvalidAmount;

    /// Parses dollars per million tokens, at most six decimals: `0.15`.
    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        parse_scaled(text, PRICE_DECIMALS).map(Self)
    }
}

/// Prices of each token bucket. What a catalog leaves out has been filled in: cached input and cache writes cost as
/// input does where no price of their own is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Prices {
    /// Uncached input.
    pub input: PicoUsdPerToken,
    /// Input read from the provider's prompt cache.
    pub cached_input: PicoUsdPerToken,
    /// Input written to the provider's prompt cache (five minutes' lifetime, or the only one).
    pub cache_write: PicoUsdPerToken,
    /// Input written to the provider's prompt cache for an hour.
    pub cache_write_1h: PicoUsdPerToken,
    /// Output, reasoning included.
    pub output: PicoUsdPerToken,
}

impl Prices {
    /// The dearest price that an input token can have.
    #[must_use]
    pub fn dearest_input(&self) -> PicoUsdPerToken {
        self.input.max(self.cached_input).max(self.cache_write).max(self.cache_write_1h)
    }

    /// What `tokens` cost: summed in pico-dollars, rounded up to a nano-dollar once. `None` beyond [`NanoUsd::MAX`],
    /// which no honest count reaches.
    #[must_use]
    pub fn cost(&self, tokens: &Tokens) -> Option<NanoUsd> {
        let picos = [
            (tokens.input, self.input),
            (tokens.cached_input, self.cached_input),
            (tokens.cache_write, self.cache_write),
            (tokens.cache_write_1h, self.cache_write_1h),
            (tokens.output, self.output),
        ]
        .into_iter()
        .map(|(count, price)| u128::from(count) * u128::from(price.0))
        .try_fold(0_u128, u128::checked_add)?;
        let nanos = i64::try_from(picos.div_ceil(PICOS_PER_NANO)).ok()?;
        Some(NanoUsd::new(nanos)).filter(|cost| cost.is_storable())
    }
}

/// Tokens of one request in disjoint buckets; reasoning tokens are part of `output` and told besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tokens {
    /// Uncached input.
    pub input: u64,
    /// Input read from the provider's prompt cache.
    pub cached_input: u64,
    /// Input written to the provider's prompt cache (five minutes' lifetime, or the only one).
    pub cache_write: u64,
    /// Input written to the provider's prompt cache for an hour.
    pub cache_write_1h: u64,
    /// Output, reasoning included.
    pub output: u64,
    /// How many of the output tokens were reasoning; costs nothing of its own.
    pub reasoning: u64,
}

impl Tokens {
    /// All input buckets together, the figure that context-length price tiers go by.
    #[must_use]
    pub fn total_input(&self) -> u64 {
        [self.cached_input, self.cache_write, self.cache_write_1h].into_iter().fold(self.input, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> PicoUsdPerToken {
        text.parse().unwrap()
    }

    #[test]
    fn prices_are_exact_integers() {
        assert_eq!(price("0.07").picos(), 70_000);
        assert_eq!(price("0.07").usd_per_million(), "0.07");
        assert_eq!(price("0.075").usd_per_token(), "0.000000075");
        assert_eq!(price("60").usd_per_token(), "0.00006");
        assert!("0.0000001".parse::<PicoUsdPerToken>().is_err());
    }

    #[test]
    fn rounds_up_once_per_request() {
        let prices =
            Prices { input: price("0.075"), cached_input: price("0.0755"), output: price("0.3"), ..Prices::default() };
        let tokens = Tokens { input: 1, cached_input: 1, output: 1, ..Tokens::default() };
        // 75,000 + 75,500 + 300,000 pico-dollars = 450.5 nano-dollars.
        assert_eq!(prices.cost(&tokens), Some(NanoUsd::new(451)));
        assert_eq!(prices.cost(&Tokens::default()), Some(NanoUsd::ZERO));
    }

    #[test]
    fn absurd_counts_are_refused_and_do_not_overflow() {
        let prices = Prices {
            input: PicoUsdPerToken::new(u64::MAX),
            output: PicoUsdPerToken::new(u64::MAX),
            ..Prices::default()
        };
        let tokens = Tokens { input: u64::MAX, output: u64::MAX, ..Tokens::default() };
        assert_eq!(prices.cost(&tokens), None);
    }
}
