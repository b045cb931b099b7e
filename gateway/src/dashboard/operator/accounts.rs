//! Accounts, searched.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};
use syntopen_shared::wire::office::operator::accounts::{AccountRow, FindAccounts, FindByEmail, ListAccounts, Search};

use crate::app::App;
use crate::dashboard::address;
use crate::dashboard::error::PageError;
use crate::dashboard::page::{Page, Section, render};
use crate::dashboard::pager::{self, Pager};
use crate::dashboard::viewer::Operator;

const PATH: &str = "/dashboard/operator/accounts";
/// No address is longer.
const QUERY_MAX: usize = 254;
/// How a key begins, and how much of it is shown.
const KEY_PREFIX: &str = "sk-syn-";
const KEY_SHOWN: usize = 11;

#[derive(Deserialize, Serialize)]
struct Query {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    q: String,
}

/// What is looked for.
#[derive(Debug, PartialEq, Eq)]
enum Sought {
    All,
    /// Addresses that begin so.
    Email(String),
    Few(Search),
}

#[derive(Template)]
#[template(path = "operator/accounts.html")]
struct Accounts {
    page: Page,
    q: String,
    problem: Option<String>,
    rows: Vec<AccountRow>,
    pager: Pager,
}

/// The list.
pub(crate) async fn show(
    (app, request): (web::Data<App>, HttpRequest),
    Operator(signed): Operator,
) -> Result<HttpResponse, PageError> {
    let mut query: Query = address::read(&request)?;
    query.q = query.q.trim().to_owned();
    let (rows, pager, problem) = match sought(&query.q) {
        Ok(Sought::All) => {
            let place = pager::place(&request)?;
            let found = app.office.ask(ListAccounts { place }).await?;
            let pager = Pager::of((&place, &found), (PATH, &query));
            (found.rows, pager, None)
        }
        Ok(Sought::Email(prefix)) => {
            let place = pager::place(&request)?;
            let found = app.office.ask(FindByEmail { prefix, place: place.clone() }).await?;
            let pager = Pager::of((&place, &found), (PATH, &query));
            (found.rows, pager, None)
        }
        Ok(Sought::Few(search)) => (app.office.ask(FindAccounts { search }).await?, Pager::default(), None),
        Err(problem) => (Vec::new(), Pager::default(), Some(problem)),
    };
    render(&Accounts { page: Page::of(&signed, Section::Accounts, "Accounts"), q: query.q, problem, rows, pager })
}

/// What is looked for: an account's id, the beginning of a key, or that of an address.
fn sought(q: &str) -> Result<Sought, String> {
    if q.is_empty() {
        return Ok(Sought::All);
    }
    if let Ok(account) = q.parse() {
        return Ok(Sought::Few(Search::Account(account)));
    }
    if q.starts_with(KEY_PREFIX) {
        let shown: String = q.chars().take(KEY_SHOWN).filter(char::is_ascii_graphic).collect();
        if shown.len() < KEY_SHOWN {
            return Err(format!("Type at least the first {KEY_SHOWN} characters of the key."));
        }
        return Ok(Sought::Few(Search::Key(format!("{shown}…"))));
    }
    if QUERY_MAX < q.len() || q.chars().any(char::is_control) {
        return Err("This is neither an address, nor an account, nor a key.".to_owned());
    }
    Ok(Sought::Email(q.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use syntopen_shared::id::AccountId;

    use super::*;

    #[test]
    fn what_is_typed_tells_what_is_meant() {
        let account = AccountId::mint();
        assert_eq!(sought(""), Ok(Sought::All));
        assert_eq!(sought(&account.to_string()), Ok(Sought::Few(Search::Account(account))));
        for key in ["sk-syn-abcdEFGH", "sk-syn-abcd…"] {
            assert_eq!(sought(key), Ok(Sought::Few(Search::Key("sk-syn-abcd…".to_owned()))), "{key}");
        }
        assert_eq!(sought("Ada@Ex"), Ok(Sought::Email("ada@ex".to_owned())));
        for wrong in ["sk-syn-abc", "sk-syn-abc…", "a\0b", &"a".repeat(255)] {
            assert!(sought(wrong).is_err(), "{wrong:?}");
        }
    }
}
