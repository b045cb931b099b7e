//! Style sheet and scripts, served from the program under names that change with their content.

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use sha2::{Digest as _, Sha256};

use super::BASE;
use super::error::PageError;

const FOREVER: &str = "public, max-age=31536000, immutable";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const WOFF2: &str = "font/woff2";
const TEXT: &str = "text/plain; charset=utf-8";

const ASSETS: &[(&str, &str, &str)] = &[
    ("app.css", CSS, include_str!("assets/app.css")),
    ("app.js", JS, include_str!("assets/app.js")),
    ("playground.js", JS, include_str!("assets/playground.js")),
    ("charts.js", JS, include_str!("assets/charts.js")),
    ("first-steps.js", JS, include_str!("assets/first-steps.js")),
    ("icons.svg", SVG, include_str!("assets/icons.svg")),
    ("once.js", JS, include_str!("assets/once.js")),
    ("icon.svg", SVG, include_str!("assets/icon.svg")),
    ("htmx.min.js", JS, include_str!("assets/htmx.min.js")),
    ("uplot.min.js", JS, include_str!("assets/uPlot.iife.min.js")),
    ("uplot.min.css", CSS, include_str!("assets/uPlot.min.css")),
    ("print.js", JS, include_str!("assets/print.js")),
    ("licenses.txt", TEXT, include_str!("assets/LICENSES.txt")),
];
const FONTS: [(&str, &str, &[u8]); 1] = [("inter.woff2", WOFF2, include_bytes!("assets/inter.woff2"))];

/// A name for what all of them contain.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for (_, _, content) in all() {
        hash.update(content);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
});

fn all() -> impl Iterator<Item = (&'static str, &'static str, &'static [u8])> {
    ASSETS.iter().map(|(name, kind, text)| (*name, *kind, text.as_bytes())).chain(FONTS)
}

/// Where an asset is.
pub(super) fn path(name: &str) -> String {
    format!("{BASE}/assets/{}/{name}", *VERSION)
}

/// Serves one, of any version: a page that was made by another replica finds it too.
pub(crate) async fn serve(path: web::Path<(String, String)>) -> Result<HttpResponse, PageError> {
    let (_, asked) = path.into_inner();
    let found = all().find(|(name, ..)| *name == asked);
    let (_, kind, content) = std::future::ready(found).await.ok_or(PageError::NotFound)?;
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, FOREVER)];
    let mut response = HttpResponse::Ok();
    for header in headers {
        response.insert_header(header);
    }
    Ok(response.body(content))
}
