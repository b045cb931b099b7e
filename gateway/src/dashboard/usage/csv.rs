//! The list of requests as a file: read page by page while it is sent, so that it may be of any length.

use std::fmt::Write as _;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::stream;
use syntopen_shared::id::{AccountId, RequestId};
use syntopen_shared::wire::ledger::Usage;
use syntopen_shared::wire::office::paging::{Place, Slice};
use syntopen_shared::wire::office::usage::{Filter, ListRequests, REQUESTS_MAX, Request};

use super::filter::Asked;
use crate::app::App;
use crate::dashboard::address;
use crate::dashboard::error::PageError;
use crate::dashboard::format;
use crate::dashboard::viewer::Signed;

const HEAD: &str = "time,request,key,key_name,model,provider,status,charged_as,cost_usd,input_tokens,\
    cached_input_tokens,cache_write_tokens,cache_write_1h_tokens,output_tokens,reasoning_tokens,\
    input_usd_per_million,cached_input_usd_per_million,cache_write_usd_per_million,cache_write_1h_usd_per_million,\
    output_usd_per_million,figures,stream,provider_calls,first_token_ms,latency_ms\r\n";

/// A file that is being sent.
struct Export {
    app: web::Data<App>,
    account: AccountId,
    filter: Filter,
}

/// What is sent next.
enum Step {
    Head(Slice<Request, RequestId>),
    Next(RequestId),
}

/// Sends it.
pub(super) async fn export(
    (app, request): (web::Data<App>, HttpRequest),
    signed: Signed,
) -> Result<HttpResponse, PageError> {
    let filter = address::read::<Asked>(&request)?.read();
    let filter = filter
        .map_err(|_| PageError::bad("The filters of this file cannot be read. Go back to the list of requests."))?;
    let export = Export { app, account: signed.viewer.account, filter };
    // Read before anything is answered, so that a failure is still told by the status.
    let first = Step::Head(export.page(Place::First).await?);
    let parts = stream::try_unfold((export, Some(first)), |(export, step)| async move {
        let Some(step) = step else { return Ok(None) };
        let (mut text, page) = match step {
            Step::Head(page) => (HEAD.to_owned(), page),
            Step::Next(last) => (String::new(), export.page(Place::After(last)).await?),
        };
        page.rows.iter().for_each(|request| push(&mut text, request));
        let next = page.after.map(Step::Next);
        Ok::<_, PageError>(Some((Bytes::from(text), (export, next))))
    });
    Ok(HttpResponse::build(StatusCode::OK)
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"usage.csv\""))
        .streaming(Box::pin(parts)))
}

impl Export {
    /// Waits for its turn. Whoever leaves meanwhile keeps it as long as the book is read.
    async fn page(&self, place: Place<RequestId>) -> Result<Slice<Request, RequestId>, PageError> {
        let turn = Arc::clone(&self.app.exports).acquire_owned().await.map_err(|_| PageError::Unavailable)?;
        let (app, account, filter) = (self.app.clone(), self.account, self.filter.clone());
        let reading = actix_rt::spawn(async move {
            let page = app.office.ask(ListRequests { account, filter, place, limit: REQUESTS_MAX }).await;
            drop(turn);
            page
        });
        Ok(reading.await.map_err(|_| PageError::Internal)??)
    }
}

/// Adds a line.
fn push(text: &mut String, request: &Request) {
    let Usage { tokens, prices, .. } = &request.usage;
    let usage = &request.usage;
    let counts =
        [tokens.input, tokens.cached_input, tokens.cache_write, tokens.cache_write_1h, tokens.output, tokens.reasoning];
    let prices = [prices.input, prices.cached_input, prices.cache_write, prices.cache_write_1h, prices.output];
    let ended = match request.ended {
        syntopen_shared::wire::office::usage::Ended::Settled => "settled",
        syntopen_shared::wire::office::usage::Ended::Released => "released",
        syntopen_shared::wire::office::usage::Ended::Expired => "expired",
    };
    let mut cells = vec![format::rfc3339(usage.started_ms), request.id.to_string(), request.key.to_string()];
    cells.extend([&*request.key_name, &*usage.model, &*usage.provider].map(cell));
    cells.extend([usage.outcome.as_str(), ended].map(str::to_owned));
    cells.push(usage.cost.to_decimal());
    cells.extend(counts.map(|count| count.to_string()));
    cells.extend(prices.map(|price| price.usd_per_million()));
    cells.push(usage.source.map_or_else(String::new, |source| source.as_str().to_owned()));
    cells.extend([usage.stream.to_string(), usage.attempts.to_string()]);
    cells.push(usage.first_byte_ms.map_or_else(String::new, |ms| ms.to_string()));
    cells.push(usage.duration_ms.to_string());
    // A string takes everything.
    let _written = write!(text, "{}\r\n", cells.join(","));
}

/// A text that people chose. What a spreadsheet would take for a formula is marked as a text.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let marked = if is_formula { format!("'{text}") } else { text.to_owned() };
    format!("\"{}\"", marked.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_texts() {
        for (text, shown) in [
            ("my key", "\"my key\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("-1", "\"'-1\""),
            ("+1", "\"'+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("a,b\r\nc", "\"a,b\r\nc\""),
        ] {
            assert_eq!(cell(text), shown);
        }
    }
}
