//! Whatever is sent, the answer is never a fault of ours.

mod slow;

use std::sync::atomic::{AtomicU32, Ordering};

use crate::cluster::Cluster;
use crate::gateway::TestApp;
use crate::helpers::{Browser, PASSWORD};

/// What no field expects.
const VALUES: [&str; 20] = [
    "",
    "\0",
    "ada\0@example.com",
    "\u{fffd}\u{202e}\u{feff}",
    "1e9",
    "-0",
    "NaN",
    "-Infinity",
    "１２",
    "0x10",
    "99999999999999999999999999999999999999",
    "-9223372036854775809",
    "0.0000000001",
    "9999-12-31",
    "+275760-09-13",
    "2026-02-30",
    "00000000-0000-0000-0000-000000000000",
    "'; DROP TABLE users; --",
    "<script>alert(1)</script>",
    "\r\nSet-Cookie: a=b",
];

/// The forms of customers, with fields that would do.
const FORMS: [(&str, &[(&str, &str)]); 9] = [
    ("/dashboard/sign-in", &[("email", "eve@example.com"), ("password", PASSWORD), ("next", "/dashboard")]),
    ("/dashboard/sign-up", &[("email", "eve@example"), ("password", "short")]),
    ("/dashboard/settings/password", &[("current", "wrong password"), ("new", PASSWORD), ("repeated", PASSWORD)]),
    ("/dashboard/settings/second-factor/confirm", &[("code", "000000")]),
    ("/dashboard/settings/members", &[("email", "nobody"), ("role", "member")]),
    (
        KEY,
        &[
            ("name", "first"),
            ("rpm", "60"),
            ("limit_day", "1"),
            ("limit_month", "1"),
            ("limit_total", "1"),
            ("expiry", "date"),
            ("expiry_date", "2027-01-31"),
            ("models", "some"),
            ("model", "a/b"),
        ],
    ),
    ("/dashboard/billing/alert", &[("alert_below", "5")]),
    ("/dashboard/billing/top-up", &[("amount", "25")]),
    ("/dashboard/playground", &[("model", "test/free"), ("system", "s"), ("temperature", "1"), ("max_tokens", "1")]),
];

/// The same of operators, about an account.
const OF_OPERATORS: [(&str, &[(&str, &str)]); 6] = [
    ("/credit", &[("amount", "1"), ("class", "grant"), ("reason", "why"), ("submission", "")]),
    ("/refund", &[("request", ""), ("refund_amount", "1"), ("refund_reason", "why")]),
    ("/suspend", &[("standing_reason", "")]),
    ("/dashboard/operator/invitations", &[("email", "nobody")]),
    ("/dashboard/operator/payments/00000000-0000-0000-0000-000000000000/assign", &[("email", "nobody")]),
    ("/dashboard/operator/payments/00000000-0000-0000-0000-000000000000/dismiss", &[("reason", "why")]),
];

/// What stands behind the `?` of pages.
const QUERIES: [(&str, &[&str]); 13] = [
    ("/dashboard", &["days"]),
    ("/dashboard/usage", &["key", "model", "outcome", "from", "to", "older", "newer"]),
    ("/dashboard/usage.csv", &["key", "model", "from", "to"]),
    ("/dashboard/keys", &["show", "before", "after"]),
    ("/dashboard/billing", &["show", "before", "after"]),
    ("/dashboard/models", &["q"]),
    ("/dashboard/playground", &["model"]),
    ("/dashboard/sign-in", &["next", "late", "failed"]),
    ("/dashboard/operator/accounts", &["q", "before", "after"]),
    ("/dashboard/operator/audit", &["act", "person", "before", "after"]),
    ("/dashboard/operator/payments", &["show", "before", "after"]),
    ("/dashboard/operator/invitations", &["before", "done"]),
    ("/dashboard/settings", &["done"]),
];

/// Paths that go on with something.
const PATHS: [&str; 10] = [
    "/dashboard/usage/",
    "/dashboard/keys/",
    "/dashboard/billing/transfers/",
    "/dashboard/billing/payments/",
    "/dashboard/invitation/",
    "/dashboard/reset-password/",
    "/dashboard/done/",
    "/dashboard/operator/accounts/",
    "/dashboard/operator/payments/",
    "/dashboard/assets/x/",
];

/// Stands for the page of a key.
const KEY: &str = "/dashboard/keys/";
const PROXIED: (&str, &str) = ("SYNTOPEN_TRUSTED_PROXIES", "127.0.0.1");

#[actix_rt::test]
async fn rubbish_is_no_fault_of_ours() {
    attack(&TestApp::spawn_with(&[PROXIED]).await).await;
}

#[actix_rt::test]
async fn nor_is_it_where_the_book_is_in_postgres() {
    let cluster = Cluster::start(&[PROXIED]).await;
    attack(&cluster.gateways[0]).await;
}

async fn attack(app: &TestApp) {
    let (operator, _) = Browser::operator(app, "boss@example.com").await;
    let customer = Browser::signed_up(app, "ada@example.com").await;
    let accounts = operator.get("/dashboard/operator/accounts?q=ada@example.com").await;
    let (_, account) = accounts.text.split_once("href=\"/dashboard/operator/accounts/").unwrap();
    let account = account.split('"').next().unwrap();
    let long = "ä".repeat(10_000);
    let values: Vec<&str> = VALUES.iter().copied().chain([long.as_str()]).collect();

    for (path, names) in QUERIES {
        let browser = if path.contains("operator") { &operator } else { &customer };
        for (name, value) in names.iter().flat_map(|name| values.iter().map(move |value| (name, value))) {
            let query = serde_html_form::to_string([(name, value)]).unwrap();
            let page = browser.get(&format!("{path}?{}", query.get(..6_000).unwrap_or(&query))).await;
            assert!(page.status < 500, "{path} {name}={value:.40}: {} {}", page.status, page.text);
        }
        assert!(browser.get(&format!("{path}?{0}=%ff%fe&{0}=1&=&&%", names[0])).await.status < 500, "{path}");
    }
    for (path, end) in
        PATHS.iter().flat_map(|path| ["%00", "%ff", "%0d%0aA:b", "..%2f..", "%", "1"].map(|end| (path, end)))
    {
        let browser = if path.contains("operator") { &operator } else { &customer };
        let page = browser.get(&format!("{path}{end}")).await;
        assert!((400..500).contains(&page.status), "{path}{end}: {} {}", page.status, page.text);
    }
    let csrf = customer.csrf("/dashboard/settings").await;
    let key = key(&customer).await;
    for (path, fields) in FORMS {
        let path = if path == KEY { &key } else { path };
        send(&customer, (path, fields), (&csrf, &values)).await;
    }
    let csrf = operator.csrf("/dashboard/settings").await;
    for (path, fields) in OF_OPERATORS {
        let whole = if path.starts_with("/dashboard") {
            path.to_owned()
        } else {
            format!("/dashboard/operator/accounts/{account}{path}")
        };
        send(&operator, (&whole, fields), (&csrf, &values)).await;
    }
    bytes(&customer, &customer.csrf("/dashboard/settings").await).await;
    assert_eq!(customer.get("/dashboard").await.status, 200, "it goes on");
}

/// The page of a key that the customer makes.
async fn key(customer: &Browser) -> String {
    let new = format!("{KEY}new");
    let form = customer.get(&new).await.value("form").unwrap();
    let fields = [("form", form.as_str()), ("name", "first"), ("rpm", "60"), ("expiry", "never"), ("models", "all")];
    assert_eq!(customer.submit(&new, &fields).await.status, 200);
    let list = customer.get("/dashboard/keys").await;
    let begins = format!("href=\"{KEY}");
    let mut ids = list.text.split(&begins).skip(1).filter_map(|rest| rest.split(['"', '/']).next());
    format!("{KEY}{}", ids.find(|id| id.len() == 36).unwrap())
}

/// Each field in turn has each value.
async fn send(browser: &Browser, (path, fields): (&str, &[(&str, &str)]), (csrf, values): (&str, &[&str])) {
    for (place, value) in (0..fields.len()).flat_map(|place| values.iter().map(move |value| (place, *value))) {
        let (address, email) = somebody();
        let mut sent: Vec<_> = fields.to_vec();
        sent.iter_mut().filter(|(name, _)| *name == "email").for_each(|field| field.1 = &email);
        sent[place].1 = value;
        sent.push(("csrf", csrf));
        // Nobody has tried so much that he is not heard any more.
        browser.set_header("x-forwarded-for", &address);
        let page = browser.post(path, &sent).await;
        assert!(page.status < 500, "{path} {}={value:.40}: {} {}", fields[place].0, page.status, page.text);
        let has_header = page.header("set-cookie").is_some_and(|cookie| cookie.starts_with("a=b"));
        assert!(!has_header && !page.says("<script>alert(1)"), "{path} {}={value:.40}", fields[place].0);
    }
}

/// An address in the network, and one for mail, that nobody else has.
fn somebody() -> (String, String) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    (std::net::Ipv4Addr::from_bits(0x0a00_0000 + count).to_string(), format!("somebody-{count}@example.com"))
}

/// Bodies that are no forms.
async fn bytes(browser: &Browser, csrf: &str) {
    const FORM: &str = "application/x-www-form-urlencoded";
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let proven = |rest: &str| format!("csrf={csrf}&{rest}").into_bytes();
    for (path, kind, body, expected) in [
        ("/dashboard/sign-in", FORM, vec![0xff; 1_000], 403),
        ("/dashboard/sign-in", FORM, proven("email=%ff%00&password=%c3%28"), 422),
        ("/dashboard/sign-in", FORM, proven(&format!("csrf={csrf}&email=a&password=b")), 403),
        ("/dashboard/sign-in", FORM, proven("email=a&email=b&password=c"), 400),
        ("/dashboard/sign-in", FORM, proven(&format!("email={}", "a".repeat(300_000))), 400),
        ("/dashboard/sign-in", "application/json", deep.clone().into_bytes(), 403),
        ("/dashboard/sign-in", "multipart/form-data; boundary=x", b"--x\r\n\r\n--x--".to_vec(), 403),
        ("/dashboard/playground/completions", "application/json", deep.clone().into_bytes(), 403),
        ("/webhooks/stripe", "application/json", deep.into_bytes(), 404),
    ] {
        let page = browser.post_bytes(path, (kind, body)).await;
        assert_eq!(page.status, expected, "{path} {kind}: {}", page.text);
    }
}
