//! The way from a new account to its first call: a part of a page.

use askama::Template;
use askama::filters::HtmlSafe;

use super::error::PageError;
use super::page::Page;
use super::snippets::{Call, Snippets, model_to_try};
use crate::app::App;

/// What of the way is behind the account. A template shows it as a value: `{{ first_steps }}`.
#[derive(Clone, Debug, Template)]
#[template(path = "first_steps.html")]
pub(crate) struct FirstSteps {
    has_balance: bool,
    has_key: bool,
    has_request: bool,
    /// Whether money can be paid in here, without the operator.
    can_pay: bool,
    curl: String,
}

/// It is HTML, whose own values are escaped.
impl HtmlSafe for FirstSteps {}

/// How far an account has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    /// Whether there is money to spend.
    pub(crate) has_balance: bool,
    /// Whether there is a key.
    pub(crate) has_key: bool,
    /// Whether a request was made.
    pub(crate) has_request: bool,
}

impl FirstSteps {
    /// The steps, on a page of this customer.
    ///
    /// # Errors
    /// When the call cannot be written, which is a fault of ours.
    pub(crate) fn of(app: &App, page: &Page, progress: Progress) -> Result<Self, PageError> {
        let Progress { has_balance, has_key, has_request } = progress;
        let model = model_to_try(&app.catalog.current(), None).unwrap_or_default();
        let curl = Snippets::of(&Call { base: page.base.clone(), model })?.curl;
        let can_pay = app.config.payments.stripe.is_some();
        Ok(Self { has_balance, has_key, has_request, can_pay, curl })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_show_what_is_done_and_escape_their_values() {
        let curl = "curl '<b>'".to_owned();
        let steps = FirstSteps { has_balance: true, has_key: false, has_request: false, can_pay: true, curl };
        let html = steps.to_string();
        assert_eq!(html.matches("Done").count(), 1, "{html}");
        assert!(html.contains("/dashboard/keys/new") && !html.contains("/dashboard/billing"), "{html}");
        assert!(!html.contains("<b>"), "{html}");
    }
}
