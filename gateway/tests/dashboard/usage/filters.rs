//! Filters, pages and the file: each request is found where it belongs, once.

use std::collections::BTreeMap;

use syntopen_shared::id::RequestId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::office::usage::Request;

use super::{Shopper, buy, ids, link, shop};
use crate::gateway::TestApp;

/// All pages from here on, by the links in them: pages, and the ids in their order.
async fn walk(shopper: &Shopper, (path, words): (&str, &str)) -> (usize, Vec<RequestId>) {
    let (mut next, mut pages, mut found) = (Some(path.to_owned()), 0, Vec::new());
    while let Some(path) = next {
        let page = shopper.browser.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        found.extend(ids(&page.text));
        next = link(&page.text, words);
        pages += 1;
    }
    (pages, found)
}

#[actix_rt::test]
async fn every_request_is_on_one_page_in_both_directions() {
    let app = TestApp::spawn().await;
    let ada = Shopper::new(&app, "ada").await;
    for _ in 0..13 {
        let ten = (0..10).map(|_| buy(&app, &ada.customer, ("test/free", 1)));
        futures_util::future::join_all(ten).await;
    }
    let all: Vec<_> = ada.booked(&app).await.iter().map(|request| request.id).collect();
    assert_eq!(all.len(), 130);

    let (pages, older) = walk(&ada, ("/dashboard/usage", "Older")).await;
    assert_eq!((pages, &older), (3, &all));

    let from_the_oldest = format!("/dashboard/usage?before={}", all[129]);
    let (_, newer) = walk(&ada, (&from_the_oldest, "Newer")).await;
    let pages_newest_first: Vec<_> = [&all[79..129], &all[29..79], &all[..29]].concat();
    assert_eq!(newer, pages_newest_first);
}

#[actix_rt::test]
async fn filters_find_what_they_say() {
    let app = TestApp::spawn().await;
    let ada = Shopper::new(&app, "ada").await;
    shop(&app, &ada.customer).await;
    let second = ada.with_key(&app, "second key").await;
    buy(&app, &second, ("openai/gpt-4o-mini", 2)).await;
    buy(&app, &second, ("test/free", 2)).await;
    let booked = ada.booked(&app).await;
    let today = &ada.browser.get("/dashboard/usage/daily.json?days=7").await.text;
    let today = today.split("\"days\":[").nth(1).unwrap().split(']').next().unwrap();
    let today = today.rsplit('"').nth(1).unwrap().to_owned();

    let key = second.record.key;
    let is_of_second = |request: &&Request| request.key == key;
    let is_mini = |request: &&Request| &*request.usage.model == "openai/gpt-4o-mini";
    let ended = |word: &'static str| move |request: &&Request| request.usage.outcome.as_str() == word;
    type Test<'a> = Box<dyn Fn(&&Request) -> bool + 'a>;
    let cases: Vec<(String, Test<'_>)> = vec![
        (format!("key={key}"), Box::new(is_of_second)),
        ("model=openai%2Fgpt-4o-mini".to_owned(), Box::new(is_mini)),
        (format!("key={key}&model=openai%2Fgpt-4o-mini"), Box::new(move |r| is_of_second(r) && is_mini(r))),
        ("outcome=completed".to_owned(), Box::new(ended("completed"))),
        ("outcome=disconnected".to_owned(), Box::new(ended("disconnected"))),
        (format!("key={key}&outcome=completed&model="), Box::new(is_of_second)),
        (format!("key={key}&outcome=aborted"), Box::new(|_| false)),
        (format!("from={today}&to={today}"), Box::new(|_| true)),
        (format!("from={today}"), Box::new(|_| true)),
        ("to=2020-01-01".to_owned(), Box::new(|_| false)),
        ("from=2999-01-01".to_owned(), Box::new(|_| false)),
    ];
    for (query, is_wanted) in cases {
        let wanted: Vec<_> = booked.iter().filter(|request| is_wanted(request)).map(|request| request.id).collect();
        let page = ada.browser.get(&format!("/dashboard/usage?{query}")).await;
        assert_eq!((page.status, ids(&page.text)), (200, wanted.clone()), "{query}");
        let csv = ada.browser.get(&format!("/dashboard/usage.csv?{query}")).await;
        assert_eq!(csv.text.lines().count(), wanted.len() + 1, "{query}");
    }
}

#[actix_rt::test]
async fn the_file_has_every_request_and_exact_money() {
    let app = TestApp::spawn().await;
    let ada = Shopper::new(&app, "ada").await;
    let formula = ada.with_key(&app, "=cmd|'/c calc'!A1, \"quoted\"").await;
    shop(&app, &formula).await;
    // More than one page of the book.
    for _ in 0..21 {
        let some = (0..50).map(|_| buy(&app, &ada.customer, ("test/free", 1)));
        futures_util::future::join_all(some).await;
    }
    app.assert_books_agree().await;

    let file = ada.browser.get("/dashboard/usage.csv").await;

    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    let mut lines = parse(&file.text).into_iter();
    let head = lines.next().unwrap();
    let rows: Vec<BTreeMap<_, _>> = lines.map(|cells| head.iter().cloned().zip(cells).collect()).collect();
    let (shown, _) = (1_050 + 6, ());
    assert_eq!(rows.len(), shown);
    let (_, all) = walk(&ada, ("/dashboard/usage", "Older")).await;
    assert_eq!(rows.iter().map(|row| row["request"].parse().unwrap()).collect::<Vec<RequestId>>(), all);
    let sum: NanoUsd = rows.iter().map(|row| row["cost_usd"].parse::<NanoUsd>().unwrap()).sum();
    let (balance, _) = app.balance(&ada.customer).await;
    assert_eq!(sum.nanos(), 5 * super::USD - balance.nanos());
    let name = &rows.iter().find(|row| row["model"] == "openai/gpt-4o-mini").unwrap()["key_name"];
    assert_eq!(name, "'=cmd|'/c calc'!A1, \"quoted\"");
}

/// Reads a file as RFC 4180 has it.
fn parse(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut is_quoted, mut chars) = (false, text.chars().peekable());
    while let Some(char) = chars.next() {
        match (char, is_quoted) {
            ('"', true) if chars.peek() == Some(&'"') => cell.extend(chars.next()),
            ('"', _) => is_quoted = !is_quoted,
            (',', false) => row.push(std::mem::take(&mut cell)),
            ('\r', false) => {}
            ('\n', false) => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            (char, _) => cell.push(char),
        }
    }
    assert!(row.is_empty() && cell.is_empty(), "the last line has an end");
    rows
}
