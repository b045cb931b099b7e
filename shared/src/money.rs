//! Money: integer nano-dollars, never floats.

use std::fmt::{self, Write as _};
use std::iter::Sum;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const NANOS_PER_USD: i64 = 1_000_000_000;
/// Nano-dollars in a cent, in which payment services count.
pub const NANOS_PER_CENT: i64 = 10_000_000;
const FRACTION_DIGITS: usize = 9;

/// An amount of money in nano-dollars (1e-9 USD); negative where a balance has been overdrawn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NanoUsd(i64);

impl NanoUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The largest amount that one balance, hold or charge may have: 2^53 − 1, because Redis' Lua numbers are doubles.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// So many nano-dollars.
    #[must_use]
    pub const fn new(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The amount in nano-dollars.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whether this is less than nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether this lies within ±[`NanoUsd::MAX`], as every amount that is stored must.
    #[must_use]
    pub const fn is_storable(self) -> bool {
        self.0 <= Self::MAX.0 && self.0 >= -Self::MAX.0
    }

    /// The sum, or `None` where it is not storable.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self).filter(|sum| sum.is_storable())
    }

    /// The difference, or `None` where it is not storable.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self).filter(|rest| rest.is_storable())
    }

    /// The amount in dollars as a plain decimal number, exact, without needless zeros: `0.00001155`, `5`.
    #[must_use]
    pub fn to_decimal(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let (whole, fraction) = (magnitude / NANOS_PER_USD.unsigned_abs(), magnitude % NANOS_PER_USD.unsigned_abs());
        let fraction = format!("{fraction:0FRACTION_DIGITS$}");
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }
}

impl fmt::Display for NanoUsd {
    /// For people: `$5.00`, `-$0.25`, `$0.00001155`, `$1,024.00`; at least two decimals, and never rounded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimal = self.to_decimal();
        let (sign, digits) = decimal.strip_prefix('-').map_or(("", decimal.as_str()), |rest| ("-", rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        write!(f, "{sign}$")?;
        for (place, digit) in whole.char_indices() {
            if 0 < place && (whole.len() - place).is_multiple_of(3) {
                f.write_char(',')?;
            }
            f.write_char(digit)?;
        }
        write!(f, ".{fraction:0<2}")
    }
}

impl fmt::Debug for NanoUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}n$", self.0)
    }
}

impl Sum for NanoUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.map(|amount| amount.0).sum())
    }
}

/// Why a text is not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAmount {
    /// Not a decimal number.
    #[error("must be a decimal number such as 5 or 0.25")]
    NotDecimal,
    /// More decimals than the unit has.
    #[error("must have at most {0} decimals")]
    TooPrecise(usize),
    /// Beyond what can be stored.
    #[error("is too large")]
    TooLarge,
}

impl FromStr for NanoUsd {
    type Err = InvalidAmount;

    /// Parses dollars: `5`, `0.25`, `-1.5`, at most nine decimals.
    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let nanos = parse_scaled(digits, FRACTION_DIGITS)?;
        let nanos = i64::try_from(nanos).map_err(|_| InvalidAmount::TooLarge)?;
        let amount = Self(if negative { -nanos } else { nanos });
        if amount.is_storable() { Ok(amount) } else { Err(InvalidAmount::TooLarge) }
    }
}

/// Reads a plain decimal number as an integer of `10^-decimals`, exactly: `parse_scaled("0.15", 6)` is 150,000.
pub(crate) fn parse_scaled(text: &str, decimals: usize) -> Result<u64, InvalidAmount> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return Err(InvalidAmount::NotDecimal);
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > decimals {
        return Err(InvalidAmount::TooPrecise(decimals));
    }
    format!("{whole}{fraction:0<decimals$}").parse().map_err(|_| InvalidAmount::TooLarge)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_and_writes_dollars() {
        for (text, nanos, shown) in [
            ("5", 5_000_000_000, "$5.00"),
            ("0.25", 250_000_000, "$0.25"),
            ("999", 999_000_000_000, "$999.00"),
            ("-1234567.5", -1_234_567_500_000_000, "-$1,234,567.50"),
            ("-1.5", -1_500_000_000, "-$1.50"),
            ("0.000000001", 1, "$0.000000001"),
        ] {
            let amount: NanoUsd = text.parse().unwrap();
            assert_eq!(amount.nanos(), nanos);
            assert_eq!(amount.to_decimal(), text);
            assert_eq!(amount.to_string(), shown);
        }
    }

    #[test]
    fn refuses_what_is_not_an_amount() {
        for text in
            ["", ".", "1.", ".5", "1e3", "+1", "1,0", "$5", "--1", "0.0000000001", "9007200", "99999999999999999999"]
        {
            assert!(text.parse::<NanoUsd>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn decimal_text_is_exact(nanos in -NanoUsd::MAX.nanos()..=NanoUsd::MAX.nanos()) {
            let amount = NanoUsd::new(nanos);
            prop_assert_eq!(amount.to_decimal().parse::<NanoUsd>().unwrap(), amount);
        }
    }
}
