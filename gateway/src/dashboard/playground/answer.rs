//! What is answered, for the page.

use actix_web::HttpResponse;
use actix_web::body::MessageBody as _;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::dashboard::error::PageError;

/// An answer, or why there is none.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) text: String,
    /// Whether it is the reason why there is none.
    pub(super) failed: bool,
    /// Whether the balance, or the key's limit, is used up.
    pub(super) broke: bool,
    /// The model that served.
    pub(super) model: String,
    /// What it cost, in dollars.
    pub(super) cost: Option<String>,
    /// How many tokens went in and came out.
    pub(super) tokens: Option<(u64, u64)>,
}

#[derive(Deserialize)]
struct Completion {
    model: String,
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
    /// As it stands there: a float would not be exact.
    cost: Box<RawValue>,
}

#[derive(Deserialize)]
struct Refused {
    error: Reason,
}

#[derive(Deserialize)]
struct Reason {
    message: String,
}

impl Answer {
    /// Reads what the life of a completion answered.
    pub(super) async fn read(response: HttpResponse) -> Result<Self, PageError> {
        let status = response.status();
        let body = actix_web::body::to_bytes(response.into_body().boxed()).await.map_err(|_| PageError::Internal)?;
        if !status.is_success() {
            let refused: Refused = serde_json::from_slice(&body).map_err(|_| PageError::Internal)?;
            let broke = status == actix_web::http::StatusCode::PAYMENT_REQUIRED;
            let text = refused.error.message;
            return Ok(Self { text, failed: true, broke, model: String::new(), cost: None, tokens: None });
        }
        let completion: Completion = serde_json::from_slice(&body).map_err(|_| PageError::Internal)?;
        let message = completion.choices.into_iter().next().map(|choice| choice.message);
        let text = message.and_then(|message| message.content.or(message.refusal)).unwrap_or_default();
        let tokens = completion.usage.as_ref().map(|usage| (usage.prompt_tokens, usage.completion_tokens));
        let cost = completion.usage.map(|usage| usage.cost.get().to_owned());
        Ok(Self { text, failed: false, broke: false, model: completion.model, cost, tokens })
    }
}
