//! Price lists: prices of the token buckets, dearer for requests with long inputs where the vendor does so.

use syntopen_shared::money::NanoUsd;
use syntopen_shared::price::{Prices, Tokens};

/// What tokens of a model cost, by the length of the request's input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceList {
    base: Prices,
    /// Ascending by `above`.
    tiers: Vec<Tier>,
}

/// Prices of all tokens of a request whose input is longer than `above` tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tier {
    pub(super) above: u64,
    pub(super) prices: Prices,
}

impl PriceList {
    /// The prices of a request with so many input tokens, all buckets together.
    #[must_use]
    pub fn for_input(&self, total_input_tokens: u64) -> &Prices {
        let tier = self.tiers.iter().rev().find(|tier| total_input_tokens > tier.above);
        tier.map_or(&self.base, |tier| &tier.prices)
    }

    /// The highest price that each bucket can have, whatever the input.
    #[must_use]
    pub fn dearest(&self) -> Prices {
        self.dearest_up_to(u64::MAX)
    }

    /// The highest price that each bucket can have while the input is at most `total_input_tokens` long.
    #[must_use]
    pub fn dearest_up_to(&self, total_input_tokens: u64) -> Prices {
        let reachable = self.tiers.iter().filter(|tier| total_input_tokens > tier.above);
        reachable.fold(self.base, |dearest, tier| Prices {
            input: dearest.input.max(tier.prices.input),
            cached_input: dearest.cached_input.max(tier.prices.cached_input),
            cache_write: dearest.cache_write.max(tier.prices.cache_write),
            cache_write_1h: dearest.cache_write_1h.max(tier.prices.cache_write_1h),
            output: dearest.output.max(tier.prices.output),
        })
    }

    /// The prices below every tier.
    #[must_use]
    pub const fn base(&self) -> &Prices {
        &self.base
    }

    /// The dearer tiers: above how many input tokens, and the prices there.
    pub fn tiers(&self) -> impl Iterator<Item = (u64, &Prices)> {
        self.tiers.iter().map(|tier| (tier.above, &tier.prices))
    }

    /// What `tokens` cost at the prices of their tier; `None` beyond what can be stored, which no honest count reaches.
    #[must_use]
    pub fn cost(&self, tokens: &Tokens) -> Option<NanoUsd> {
        self.for_input(tokens.total_input()).cost(tokens)
    }

    pub(super) const fn new(base: Prices, tiers: Vec<Tier>) -> Self {
        Self { base, tiers }
    }
}

#[cfg(test)]
mod tests {
    use syntopen_shared::price::PicoUsdPerToken;

    use super::*;

    fn prices(input: u64, output: u64) -> Prices {
        let input = PicoUsdPerToken::new(input);
        Prices {
            input,
            cached_input: input,
            cache_write: input,
            cache_write_1h: input,
            output: PicoUsdPerToken::new(output),
        }
    }

    #[test]
    fn a_tier_prices_the_whole_request_from_the_first_token_above_it() {
        let list = PriceList::new(
            prices(2, 10),
            vec![Tier { above: 100, prices: prices(4, 9) }, Tier { above: 200, prices: prices(3, 15) }],
        );
        for (total, expected) in [(0, (2, 10)), (100, (2, 10)), (101, (4, 9)), (200, (4, 9)), (201, (3, 15))] {
            assert_eq!(*list.for_input(total), prices(expected.0, expected.1), "{total}");
        }
        for (total, expected) in [(100, (2, 10)), (200, (4, 10)), (201, (4, 15))] {
            assert_eq!(list.dearest_up_to(total), prices(expected.0, expected.1), "{total}");
        }
        assert_eq!(list.dearest(), prices(4, 15));
        assert_eq!(*list.base(), prices(2, 10));
    }
}
