//! Whatever is asked, the answer is a page that says what is wrong.

use super::{Shopper, buy};
use crate::gateway::TestApp;

#[actix_rt::test]
async fn rubbish_is_refused_with_a_page() {
    let app = TestApp::spawn().await;
    let ada = Shopper::new(&app, "ada").await;
    let cases = [
        ("/dashboard/usage?key=1", 422),
        ("/dashboard/usage?key=%00", 422),
        ("/dashboard/usage?model=%00", 422),
        ("/dashboard/usage?outcome=%27%20OR%201%3D1", 422),
        ("/dashboard/usage?from=2026-02-30", 422),
        ("/dashboard/usage?from=99999999999-01-01", 422),
        ("/dashboard/usage?from=2026-11-24&to=2026-11-23", 422),
        ("/dashboard/usage?after=x", 404),
        ("/dashboard/usage?before=-1", 404),
        ("/dashboard/usage?key=a&key=b", 400),
        ("/dashboard/usage?%ff=%fe&from=%ff", 422),
        ("/dashboard/usage?unknown=1", 200),
        ("/dashboard/usage?from=-9999-01-01", 200),
        ("/dashboard/usage?from=9999-12-31&to=9999-12-31", 200),
        ("/dashboard/usage.csv?from=x", 400),
        ("/dashboard/usage.csv?from=9999-12-31", 200),
        ("/dashboard?days=31", 400),
        ("/dashboard?days=-7", 400),
        ("/dashboard/usage/daily.json?days=1000000000000", 400),
        ("/dashboard/usage/daily.json?days=", 200),
        ("/dashboard/usage/nothing", 404),
        ("/dashboard/usage/00000000-0000-0000-0000-000000000000", 404),
        ("/dashboard/usage/%2e%2e%2fetc", 404),
    ];
    for (path, status) in cases {
        let page = ada.browser.get(path).await;
        assert_eq!(page.status, status, "{path}: {}", page.text);
        let says_why = page.says("class=\"error\"") || page.says("role=\"alert\"") || page.says("<h1>");
        assert!(status == 200 || says_why, "{path}: {}", page.text);
    }
    let long = format!("/dashboard/usage?model={}", "m".repeat(300));
    let page = ada.browser.get(&long).await;
    assert_eq!((page.status, page.error("model")), (422, Some("There is no such model.")));
}

#[actix_rt::test]
async fn names_are_texts_on_every_page() {
    const NAME: &str = "<script>alert(1)</script>\"'><img src=x>";
    let app = TestApp::spawn().await;
    let ada = Shopper::new(&app, "ada").await;
    let key = ada.with_key(&app, NAME).await;
    buy(&app, &key, ("openai/gpt-4o-mini", 2)).await;
    let id = ada.booked(&app).await[0].id;

    let typed = "/dashboard/usage?model=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&from=%22%3E%3Cscript%3E&key=%3Cimg%3E";
    for path in ["/dashboard", "/dashboard/usage", &format!("/dashboard/usage/{id}"), typed] {
        let page = ada.browser.get(path).await;
        assert!(!page.says("<script>alert") && !page.says("<img src=x") && !page.says("\"><script"), "{}", page.text);
    }
    assert!(ada.browser.get("/dashboard/usage").await.says("&#60;script&#62;alert(1)"));
}
