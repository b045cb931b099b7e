//! One request, and its cost line by line.

use actix_web::{HttpResponse, web};
use askama::Template;
use syntopen_shared::id::RequestId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::price::PicoUsdPerToken;
use syntopen_shared::wire::ledger::Usage;
use syntopen_shared::wire::office::usage::{Ended, RequestDetails, ShowRequest};

use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::format;
use crate::dashboard::page::{Page, Section, render};
use crate::dashboard::usage::words;
use crate::dashboard::viewer::Signed;

const PICOS_PER_NANO: u128 = 1_000;
const PICO_DIGITS: usize = 12;

#[derive(Template)]
#[template(path = "usage/details.html")]
struct Details {
    page: Page,
    details: RequestDetails,
    bill: Bill,
}

/// A cost, computed again from the counts and prices of the row.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bill {
    lines: Vec<Line>,
    /// The sum of the lines, exact.
    sum: String,
    /// The sum, rounded up to a nano-dollar; `None` beyond what can be charged.
    cost: Option<NanoUsd>,
    verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    name: &'static str,
    tokens: String,
    per_million: String,
    amount: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Equal,
    Released,
    Differs,
}

/// The page.
pub(super) async fn show(
    (app, path): (web::Data<App>, web::Path<String>),
    signed: Signed,
) -> Result<HttpResponse, PageError> {
    let id: RequestId = path.parse().map_err(|_| PageError::NotFound)?;
    let details = app.office.ask(ShowRequest { account: signed.viewer.account, id }).await?;
    let bill = Bill::of(&details.request.usage, details.request.ended);
    render(&Details { page: Page::of(&signed, Section::Usage, "Request"), details, bill })
}

impl Bill {
    fn of(usage: &Usage, ended: Ended) -> Self {
        let Usage { tokens, prices, .. } = usage;
        let buckets = [
            ("Input", tokens.input, prices.input),
            ("Cached input", tokens.cached_input, prices.cached_input),
            ("Cache write", tokens.cache_write, prices.cache_write),
            ("Cache write, kept for an hour", tokens.cache_write_1h, prices.cache_write_1h),
            ("Output", tokens.output, prices.output),
        ];
        let sum = buckets.iter().fold(0_u128, |sum, (_, count, price)| sum.saturating_add(product(*count, *price)));
        let cost = i64::try_from(sum.div_ceil(PICOS_PER_NANO)).ok().map(NanoUsd::new);
        let verdict = match ended {
            Ended::Released => Verdict::Released,
            Ended::Settled | Ended::Expired if cost == Some(usage.cost) => Verdict::Equal,
            Ended::Settled | Ended::Expired => Verdict::Differs,
        };
        let shown = buckets.into_iter().filter(|(name, count, _)| 0 < *count || ["Input", "Output"].contains(name));
        let lines = shown.map(|(name, count, price)| Line {
            name,
            tokens: words::tokens(count),
            per_million: format::price(price),
            amount: dollars(product(count, price)),
        });
        Self { lines: lines.collect(), sum: dollars(sum), cost, verdict }
    }
}

fn product(count: u64, price: PicoUsdPerToken) -> u128 {
    u128::from(count) * u128::from(price.picos())
}

/// Pico-dollars in dollars, exact: `$0.000000012345`, at least two decimals.
fn dollars(picos: u128) -> String {
    let digits = format!("{picos:0>width$}", width = PICO_DIGITS + 1);
    let (whole, fraction) = digits.split_at(digits.len() - PICO_DIGITS);
    let fraction = fraction.trim_end_matches('0');
    format!("${whole}.{fraction:0<2}")
}

#[cfg(test)]
mod tests {
    use syntopen_shared::price::{Prices, Tokens};
    use syntopen_shared::wire::ledger::{Outcome, UsageSource};

    use super::*;

    fn usage(cost: i64) -> Usage {
        let price = |text: &str| text.parse().unwrap();
        Usage {
            model: "a/b".into(),
            provider: "openai".into(),
            upstream: "u".into(),
            tokens: Tokens { input: 1, cached_input: 1, output: 1, reasoning: 1, ..Tokens::default() },
            prices: Prices {
                input: price("0.075"),
                cached_input: price("0.0755"),
                output: price("0.3"),
                ..Prices::default()
            },
            cost_price: None,
            cost: NanoUsd::new(cost),
            source: Some(UsageSource::Provider),
            outcome: Outcome::Completed,
            stream: false,
            attempts: 1,
            started_ms: 0,
            first_byte_ms: None,
            duration_ms: 0,
        }
    }

    #[test]
    fn the_bill_is_exact_and_rounded_up_once() {
        let bill = Bill::of(&usage(451), Ended::Settled);
        let amounts: Vec<_> = bill.lines.iter().map(|line| line.amount.as_str()).collect();
        assert_eq!(amounts, ["$0.000000075", "$0.0000000755", "$0.0000003"]);
        assert_eq!((bill.sum.as_str(), bill.cost), ("$0.0000004505", Some(NanoUsd::new(451))));
        assert_eq!(bill.verdict, Verdict::Equal);
        assert_eq!(Bill::of(&usage(450), Ended::Settled).verdict, Verdict::Differs);
        assert_eq!(Bill::of(&usage(0), Ended::Released).verdict, Verdict::Released);
    }

    #[test]
    fn absurd_figures_are_shown_all_the_same() {
        let mut absurd = usage(0);
        absurd.tokens = Tokens { input: u64::MAX, output: u64::MAX, ..Tokens::default() };
        absurd.prices.input = PicoUsdPerToken::new(u64::MAX);
        let bill = Bill::of(&absurd, Ended::Settled);
        assert_eq!((bill.cost, bill.verdict), (None, Verdict::Differs));
        assert_eq!(dollars(0), "$0.00");
        assert_eq!(dollars(1_500_000_000_000), "$1.50");
    }
}
