//! Money that the operator gives, takes and gives back.

use super::{act, figure, operator, page_of, six_cents, until};
use crate::gateway::{Customer, TestApp};
use crate::helpers::{Browser, Page};

const XSS: &str = "<script>alert(1)</script>\"'&";

async fn credit(browser: &Browser, customer: &Customer, [amount, class, reason]: [&str; 3]) -> Page {
    act(browser, customer, ("credit", &[("amount", amount), ("class", class), ("reason", reason)])).await
}

async fn refund(browser: &Browser, customer: &Customer, [request, amount, reason]: [&str; 3]) -> Page {
    let fields = [("request", request), ("refund_amount", amount), ("refund_reason", reason)];
    act(browser, customer, ("refund", &fields)).await
}

#[actix_web::test]
async fn money_is_given_and_taken_exactly_and_each_form_books_once() {
    let app = TestApp::spawn().await;
    let (browser, customer) = (operator(&app).await, app.customer("5").await);

    let granted = credit(&browser, &customer, ["2.500000001", "grant", XSS]).await;
    assert_eq!((granted.status, figure(&granted, "Balance").as_str()), (200, "$7.500000001"));
    let taken = credit(&browser, &customer, ["-0.500000001", "adjustment", "a slip"]).await;
    assert_eq!(figure(&taken, "Balance"), "$7.00");

    let path = page_of(&customer);
    let page = browser.visit(&path).await;
    let (csrf, submission) = (page.csrf().unwrap(), page.value("submission").unwrap());
    let form = |amount: &'static str| {
        [
            ("csrf", csrf.clone()),
            ("submission", submission.clone()),
            ("amount", amount.to_owned()),
            ("class", "top_up".to_owned()),
            ("reason", "paid by wire".to_owned()),
        ]
    };
    let send = async |amount| {
        let fields = form(amount);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post(&format!("{path}/credit"), &fields).await
    };
    let sent = futures_util::future::join_all([send("3"), send("3"), send("3")]).await;
    assert!(sent.iter().all(|page| page.status == 303), "{sent:?}");
    assert_eq!(send("3").await.status, 303);
    assert_eq!(figure(&browser.visit(&path).await, "Balance"), "$10.00");
    let other = send("4").await;
    assert_eq!(other.status, 422);
    assert!(other.says("This form was sent before with other figures"), "{}", other.text);
    assert_eq!(figure(&browser.visit(&path).await, "Balance"), "$10.00");

    let log = browser.visit("/dashboard/operator/audit?act=account.credit&person=Boss%40example.com").await;
    assert!(log.says("&lt;script&gt;") || log.says("&#60;script&#62;"), "{}", log.text);
    assert!(!log.says("<script>alert") && log.says("paid by wire") && log.says("boss@example.com"));
    assert_eq!(log.text.matches("paid by wire").count(), 1, "once");
    assert!(browser.visit("/dashboard/operator/audit?person=nobody%40x.org").await.says("No action matches"));
    assert!(browser.visit("/dashboard/operator/audit?person=cli&act=account.create").await.says("<div>cli</div>"));
    app.assert_books_agree().await;
}

#[actix_web::test]
async fn what_cannot_be_is_told_beside_its_field_and_keeps_what_was_typed() {
    let app = TestApp::spawn().await;
    let (browser, customer) = (operator(&app).await, app.customer("5").await);
    let long = "r".repeat(501);
    for (field, typed) in [
        ("amount", ["", "grant", "r"]),
        ("amount", ["abc", "grant", "r"]),
        ("amount", ["1e3", "grant", "r"]),
        ("amount", ["0", "grant", "r"]),
        ("amount", ["-5", "grant", "r"]),
        ("amount", ["-5", "top_up", "r"]),
        ("amount", ["0.0000000001", "grant", "r"]),
        ("amount", ["99999999999999999999", "grant", "r"]),
        ("amount", ["9007199.254740991", "grant", "beyond what a balance can be"]),
        ("class", ["5", "refund", "r"]),
        ("class", ["5", "rubbish", "r"]),
        ("reason", ["5", "grant", ""]),
        ("reason", ["5", "grant", " \u{7} "]),
        ("reason", ["5", "grant", &long]),
    ] {
        let page = credit(&browser, &customer, typed).await;
        assert_eq!(page.status, 422, "{typed:?}");
        assert!(page.error(field).is_some(), "{typed:?}: {}", page.text);
        assert_eq!(page.value("amount").as_deref(), Some(typed[0]), "what was typed is kept");
    }
    let request = uuid::Uuid::now_v7().to_string();
    for (field, typed) in [
        ("request", ["rubbish", "1", "r"]),
        ("request", [request.as_str(), "1", "r"]),
        ("refund_amount", [request.as_str(), "x", "r"]),
        ("refund_amount", [request.as_str(), "-1", "r"]),
        ("refund_reason", [request.as_str(), "1", ""]),
    ] {
        let page = refund(&browser, &customer, typed).await;
        assert_eq!(page.status, 422, "{typed:?}");
        assert!(page.error(field).is_some(), "{typed:?}: {}", page.text);
    }
    assert_eq!(figure(&browser.visit(&page_of(&customer)).await, "Balance"), "$5.00");
    app.assert_books_agree().await;
}

#[actix_web::test]
async fn a_request_is_refunded_once_and_for_no_more_than_it_cost() {
    let app = TestApp::spawn().await;
    let (browser, customer, other) = (operator(&app).await, app.customer("5").await, app.customer("5").await);
    assert_eq!(app.chat(&customer, &six_cents()).await.status, 200);
    app.settled().await;
    let page = until(&browser, &page_of(&customer), "?refund=").await;
    let (_, after) = page.text.split_once("?refund=").unwrap();
    let request = after.split('#').next().unwrap().to_owned();
    assert_eq!(figure(&page, "Balance"), "$4.94");
    assert_eq!(figure(&page, "Spent today (UTC)"), "$0.06");
    let chosen = browser.visit(&format!("{}?refund={request}", page_of(&customer))).await;
    assert_eq!(chosen.value("refund_amount").as_deref(), Some("0.06"));

    let much = refund(&browser, &customer, [&request, "0.060000001", "r"]).await;
    assert_eq!(much.error("refund_amount"), Some("The request was charged $0.06, and no more."));
    let foreign = refund(&browser, &other, [&request, "0.01", "r"]).await;
    assert_eq!(foreign.error("request"), Some("This account was charged for no such request."));

    let refunded = refund(&browser, &customer, [&request, "0.05", "the answer was cut"]).await;
    assert_eq!((refunded.status, figure(&refunded, "Balance").as_str()), (200, "$4.99"));
    let again = refund(&browser, &customer, [&request, "0.05", "the answer was cut"]).await;
    assert_eq!(figure(&again, "Balance"), "$4.99", "what is sent twice is booked once");
    let more = refund(&browser, &customer, [&request, "0.01", "r"]).await;
    assert!(more.error("request").unwrap().contains("refunded before"), "{}", more.text);
    let log = browser.visit("/dashboard/operator/audit?act=account.refund").await;
    assert_eq!(log.text.matches("the answer was cut").count(), 1);
    assert_eq!(figure(&browser.visit(&page_of(&other)).await, "Balance"), "$5.00");
    app.assert_books_agree().await;
}
