//! API keys: the list, making one, changing, rotating and revoking it.

use actix_web::web::{self, ServiceConfig};
use syntopen_shared::clock::Clock;
use syntopen_shared::id::KeyId;
use syntopen_shared::token::{Token, TokenHash};
use syntopen_shared::wire::ledger::{KeyRecord, KeyStatus};
use syntopen_shared::wire::office::keys::{KeyLine, ShowKey};

use super::error::PageError;
use super::page as resource;
use super::viewer::Signed;
use crate::app::App;

mod create;
mod edit;
mod expiry;
mod list;
mod made;
mod revoke;
mod rotate;
mod settings;

/// Where the keys are.
const KEYS: &str = "/dashboard/keys";

/// The pages.
pub(crate) fn configure(config: &mut ServiceConfig) {
    let (get, post) = (web::get, web::post);
    config
        .service(resource("/keys").route(get().to(list::show)))
        .service(resource("/keys/new").route(get().to(create::show)).route(post().to(create::submit)))
        .service(resource("/keys/{key}").route(get().to(edit::show)).route(post().to(edit::submit)))
        .service(resource("/keys/{key}/rotate").route(get().to(rotate::show)).route(post().to(rotate::submit)))
        .service(resource("/keys/{key}/revoke").route(get().to(revoke::show)).route(post().to(revoke::submit)));
}

/// The key that a path names, where the viewer's account has it.
async fn find(app: &App, signed: &Signed, path: &str) -> Result<KeyLine, PageError> {
    let key: KeyId = path.parse().map_err(|_| PageError::NotFound)?;
    Ok(app.office.ask(ShowKey { account: signed.viewer.account, key }).await?)
}

/// What a form was made with.
fn form_of(text: &str) -> Result<TokenHash, PageError> {
    let token = Token::parse(text).ok_or_else(|| PageError::bad("The form is damaged. Load the page again."))?;
    Ok(token.hash())
}

/// Whether a key works, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Active,
    Expired,
    Revoked,
}

impl State {
    fn of(record: &KeyRecord, clock: &dyn Clock) -> Self {
        match record.status {
            KeyStatus::Revoked => Self::Revoked,
            KeyStatus::Active if record.expires_ms.is_some_and(|expires| expires <= clock.unix_ms()) => Self::Expired,
            KeyStatus::Active => Self::Active,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Expired => "Expired",
            Self::Revoked => "Revoked",
        }
    }

    /// The colour of its badge.
    const fn kind(self) -> &'static str {
        match self {
            Self::Active => "good",
            Self::Expired => "warn",
            Self::Revoked => "bad",
        }
    }
}
