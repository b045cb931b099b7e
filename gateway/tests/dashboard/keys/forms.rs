//! What a form may say, and what is said of it.

use super::{FREE, KEYS, create, customer, send, with};
use crate::gateway::TestApp;

#[actix_rt::test]
async fn rubbish_is_refused_beside_its_field_and_kept() {
    let app = TestApp::spawn().await;
    let browser = customer(&app, "ada@example.com").await;
    let (_, id) = create(&browser, &FREE).await;
    let edit = format!("{KEYS}/{id}");
    let long = "x".repeat(101);

    for (field, value, wrong) in [
        ("name", "", "name"),
        ("name", "  ", "name"),
        ("name", "a\u{7}b", "name"),
        ("name", long.as_str(), "name"),
        ("rpm", "", "rpm"),
        ("rpm", "-1", "rpm"),
        ("rpm", "1.5", "rpm"),
        ("rpm", "1000001", "rpm"),
        ("rpm", "99999999999999999999", "rpm"),
        ("limit_day", "five", "limit_day"),
        ("limit_month", "-1", "limit_month"),
        ("limit_total", "0.0000000001", "limit_total"),
        ("limit_total", "1e3", "limit_total"),
        ("limit_total", "99999999999999999999", "limit_total"),
        ("expiry", "tomorrow", "expiry"),
        ("expiry", "date", "expiry_date"),
        ("models", "none", "models"),
        ("models", "some", "models"),
    ] {
        for path in ["/dashboard/keys/new", edit.as_str()] {
            let csrf = browser.csrf(path).await;
            let form = browser.get(path).await.value("form").unwrap_or_default();
            let fields = with(&with(&FREE, &[("csrf", &csrf), ("form", &form)]), &[(field, value)]);
            let page = browser.post(path, &fields).await;
            assert_eq!(page.status, 422, "{path} {field}={value}: {}", page.text);
            assert!(page.error(wrong).is_some(), "{path} {field}={value}: {}", page.text);
            if !matches!(field, "expiry" | "models") {
                let kept = page.value(field).unwrap();
                assert!(kept == value || value.contains('\u{7}'), "{path} {field}={value}: {kept}");
            }
        }
    }
    for date in ["2020-01-01", "2026-02-30", "rubbish", "<b>", "99999-12-31"] {
        let page =
            send(&browser, "/dashboard/keys/new", &with(&FREE, &[("expiry", "date"), ("expiry_date", date)])).await;
        assert_eq!(page.status, 422, "{date}");
        assert!(page.error("expiry").or(page.error("expiry_date")).is_some(), "{date}: {}", page.text);
    }
    let rotate = format!("{edit}/rotate");
    let page = send(&browser, &rotate, &[("grace", "year")]).await;
    assert!(page.status == 422 && page.error("grace").is_some(), "{}", page.text);
    assert_eq!(browser.get(KEYS).await.text.matches("<tr>").count(), 2, "nothing was made of all that");
}

#[actix_rt::test]
async fn a_form_that_is_sent_twice_makes_one_key() {
    let app = TestApp::spawn().await;
    let browser = customer(&app, "ada@example.com").await;
    let new = "/dashboard/keys/new";
    let page = browser.get(new).await;
    let (csrf, form) = (page.csrf().unwrap(), page.value("form").unwrap());
    let fields = with(&FREE, &[("csrf", &csrf), ("form", &form)]);

    let (one, other) = futures_util::join!(browser.post(new, &fields), browser.post(new, &fields));
    let again = browser.post(new, &fields).await;

    let keys = |page: &crate::helpers::Page| page.text.contains("sk-syn-");
    assert!(keys(&one) != keys(&other) && !keys(&again), "shown once");
    assert_eq!([one.status, other.status].iter().filter(|status| **status == 303).count(), 1);
    let led = browser.follow(again).await;
    assert!(led.status == 200 && led.says("That form was sent before"), "{}", led.text);
    assert_eq!(browser.get(KEYS).await.text.matches("<tr>").count(), 2);

    // The same for a rotation.
    let rotate = format!("{}/rotate", led.path.split('?').next().unwrap());
    let page = browser.get(&rotate).await;
    let (csrf, form) = (page.csrf().unwrap(), page.value("form").unwrap());
    let fields = [("csrf", csrf.as_str()), ("form", form.as_str()), ("grace", "day")];
    assert_eq!([browser.post(&rotate, &fields).await.status, browser.post(&rotate, &fields).await.status], [200, 303]);
    assert_eq!(browser.get(KEYS).await.text.matches("<tr>").count(), 3);

    // A form that was never made makes nothing.
    let forged = with(&FREE, &[("csrf", &csrf), ("form", "short")]);
    assert_eq!(browser.post(new, &forged).await.status, 400);
}

#[actix_rt::test]
async fn names_are_shown_as_they_are_and_do_nothing() {
    let app = TestApp::spawn().await;
    let browser = customer(&app, "ada@example.com").await;
    let name = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";
    let page = send(&browser, "/dashboard/keys/new", &with(&FREE, &[("name", name)])).await;
    let (_, id) = super::shown(&page);

    let mut pages = vec![page];
    for path in [KEYS.to_owned(), format!("{KEYS}/{id}"), format!("{KEYS}/{id}/rotate"), format!("{KEYS}/{id}/revoke")]
    {
        pages.push(browser.get(&path).await);
    }
    for page in &pages {
        assert_eq!(page.status, 200);
        assert!(!page.says("<script>alert") && !page.says("<img src=x"), "{}: {}", page.path, page.text);
        assert!(page.says("&#60;script&#62;alert(1)"), "{}: {}", page.path, page.text);
    }
    // In every field of a form that comes back.
    let all: Vec<_> =
        ["name", "rpm", "limit_day", "limit_month", "limit_total", "expiry", "expiry_date", "models", "model"]
            .map(|field| (field, "\"><script>alert(3)</script>"))
            .to_vec();
    let page = send(&browser, "/dashboard/keys/new", &all).await;
    assert!(page.status == 422 && !page.says("<script>alert"), "{}", page.text);
}
