//! The one page that shows a key.

use actix_web::HttpResponse;
use askama::Template;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::KeyRecord;
use syntopen_shared::wire::office::billing::ShowBalance;
use syntopen_shared::wire::office::keys::{Created, Plaintext};

use super::KEYS;
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::page::{Page, render, see_other};
use crate::dashboard::snippets::{Call, KEY_VARIABLE, Snippets, model_to_try};

#[derive(Template)]
#[template(path = "keys/made.html")]
struct Made {
    page: Page,
    plaintext: Plaintext,
    record: KeyRecord,
    /// What became of the key that this one replaces.
    replaced: Option<&'static str>,
    export: String,
    snippets: [(&'static str, String); 3],
    /// Whether there is nothing to pay a call with.
    is_broke: bool,
}

/// Shows the key in answer to its form. A form that is sent again leads to the key's page, where it is not shown.
pub(super) async fn answer(
    (app, page): (&App, Page),
    created: Created,
    replaced: Option<&'static str>,
) -> Result<HttpResponse, PageError> {
    let (plaintext, record) = match created {
        Created::Now { plaintext, record } => (plaintext, record),
        Created::Before(key) => return Ok(see_other(&format!("{KEYS}/{key}?sent=again"))),
    };
    let allowed = record.allowed_models.as_deref();
    let model = model_to_try(&app.catalog.current(), allowed);
    // None of its models is served now: the name of one says more than none.
    let model = model.or_else(|| allowed.and_then(|allowed| allowed.first().cloned())).unwrap_or_default();
    let snippets = Snippets::of(&Call { base: page.base.clone(), model })?.named();
    let export = format!("export {KEY_VARIABLE}={}", plaintext.expose());
    // The key is made, and is shown whatever is known of the balance.
    let balance = app.office.ask(ShowBalance { account: record.account }).await;
    let is_broke = balance.is_ok_and(|balance| balance.posted <= NanoUsd::ZERO);
    render(&Made { page, plaintext, record, replaced, export, snippets, is_broke })
}
