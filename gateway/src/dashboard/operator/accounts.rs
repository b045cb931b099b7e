//! Accounts, searched.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};
use syntopen_shared::wire::office::operator::accounts::{AccountRow, FindAccounts, Search};

use super::pager::{Cursors, Pager};
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::page::{Page, Section, render};
use crate::dashboard::viewer::Operator;

const PATH: &str = "/dashboard/operator/accounts";
/// No address is longer.
const QUERY_MAX: usize = 254;
/// How a key begins, and how much of it is shown.
const KEY_PREFIX: &str = "sk-syn-";
const KEY_SHOWN: usize = 11;

#[derive(Deserialize)]
pub(crate) struct Query {
    #[serde(default)]
    q: String,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Serialize)]
struct Filter<'a> {
    q: &'a str,
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
    app: web::Data<App>,
    Operator(signed): Operator,
    query: web::Query<Query>,
) -> Result<HttpResponse, PageError> {
    let Query { q, before, after } = query.into_inner();
    let q = q.trim().to_owned();
    let (found, problem) = match search(&q) {
        Ok(search) => {
            let find = FindAccounts { search, place: Cursors::new(before, after).place() };
            (app.office.ask(find).await?, None)
        }
        Err(problem) => (Default::default(), Some(problem)),
    };
    let pager = Pager::of(&found, PATH, &Filter { q: &q });
    render(&Accounts { page: Page::of(&signed, Section::Accounts, "Accounts"), q, problem, rows: found.rows, pager })
}

/// What is looked for: an account's id, the beginning of a key, or that of an address.
fn search(q: &str) -> Result<Search, String> {
    if q.is_empty() {
        return Ok(Search::All);
    }
    if let Ok(account) = q.parse() {
        return Ok(Search::Account(account));
    }
    if q.starts_with(KEY_PREFIX) {
        let shown: String = q.chars().take(KEY_SHOWN).filter(char::is_ascii_graphic).collect();
        if shown.len() < KEY_SHOWN {
            return Err(format!("Type at least the first {KEY_SHOWN} characters of the key."));
        }
        return Ok(Search::Key(format!("{shown}…")));
    }
    if QUERY_MAX < q.len() || q.chars().any(char::is_control) {
        return Err("This is neither an address, nor an account, nor a key.".to_owned());
    }
    Ok(Search::Email(q.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use syntopen_shared::id::AccountId;

    use super::*;

    #[test]
    fn what_is_typed_tells_what_is_meant() {
        let account = AccountId::mint();
        assert_eq!(search(""), Ok(Search::All));
        assert_eq!(search(&account.to_string()), Ok(Search::Account(account)));
        assert_eq!(search("sk-syn-abcdEFGH"), Ok(Search::Key("sk-syn-abcd…".to_owned())));
        assert_eq!(search("sk-syn-abcd…"), Ok(Search::Key("sk-syn-abcd…".to_owned())));
        assert_eq!(search("Ada@Ex"), Ok(Search::Email("ada@ex".to_owned())));
        for wrong in ["sk-syn-abc", "sk-syn-abc…", "a\0b", &"a".repeat(255)] {
            assert!(search(wrong).is_err(), "{wrong:?}");
        }
    }
}
