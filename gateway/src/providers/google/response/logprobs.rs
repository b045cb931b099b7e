//! How likely the tokens of an answer were.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// As OpenAI tells what is too unlikely for a number.
const UNLIKELY: &str = "-9999.0";

/// The chosen tokens, and the likeliest in each place.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::providers::google) struct Scores<'a> {
    #[serde(borrow, default)]
    chosen_candidates: Option<Vec<Token<'a>>>,
    #[serde(borrow, default)]
    top_candidates: Option<Vec<Place<'a>>>,
}

#[derive(Debug, Deserialize)]
struct Place<'a> {
    #[serde(borrow, default)]
    candidates: Option<Vec<Token<'a>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token<'a> {
    #[serde(default)]
    token: Option<String>,
    #[serde(borrow, default)]
    log_probability: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Told<'t> {
    content: Vec<Chosen<'t>>,
    refusal: (),
}

#[derive(Serialize)]
struct Chosen<'t> {
    #[serde(flatten)]
    token: Scored<'t>,
    top_logprobs: Vec<Scored<'t>>,
}

#[derive(Serialize)]
struct Scored<'t> {
    token: &'t str,
    logprob: &'t RawValue,
    bytes: &'t [u8],
}

impl Scores<'_> {
    /// OpenAI's `logprobs` object; `None` where nothing was scored.
    pub(in crate::providers::google) fn translate(&self) -> Option<Box<RawValue>> {
        let chosen = self.chosen_candidates.as_deref().filter(|chosen| !chosen.is_empty())?;
        let places = self.top_candidates.as_deref().unwrap_or_default();
        let top = |place: usize| places.get(place).and_then(|place| place.candidates.as_deref()).unwrap_or_default();
        let chosen = chosen.iter().enumerate().map(|(place, token)| {
            Some(Chosen {
                token: token.scored()?,
                top_logprobs: top(place).iter().map(Token::scored).collect::<Option<_>>()?,
            })
        });
        to_raw_value(&Told { content: chosen.collect::<Option<_>>()?, refusal: () }).ok()
    }
}

impl Token<'_> {
    /// A probability of zero has a logarithm that JSON has no number for; one of certainty is left out upstream.
    fn scored(&self) -> Option<Scored<'_>> {
        let token = self.token.as_deref().unwrap_or_default();
        let is_number = |raw: &&RawValue| raw.get().starts_with(|first: char| first == '-' || first.is_ascii_digit());
        let logprob = match self.log_probability {
            None => number("0")?,
            Some(raw) => Some(raw).filter(is_number).map_or_else(|| number(UNLIKELY), Some)?,
        };
        Some(Scored { token, logprob, bytes: token.as_bytes() })
    }
}

fn number(text: &'static str) -> Option<&'static RawValue> {
    serde_json::from_str(text).ok()
}
