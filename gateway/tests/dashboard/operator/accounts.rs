//! Accounts: found, shown, suspended and resumed; and nothing of it for anybody but operators.

use syntopen_shared::id::AccountId;
use syntopen_shared::wire::admin::CreateAccount;

use super::{ACCOUNTS, act, figure, operator, page_of, six_cents};
use crate::gateway::TestApp;
use crate::helpers::Browser;

const PAGES: [&str; 6] = [
    ACCOUNTS,
    "/dashboard/operator/upstreams",
    "/dashboard/operator/catalog",
    "/dashboard/operator/ledger",
    "/dashboard/operator/audit",
    "/dashboard/operator/accounts?q=a",
];

#[actix_web::test]
async fn accounts_are_found_by_address_by_id_and_by_key() {
    let app = TestApp::spawn().await;
    let browser = operator(&app).await;
    let customer = app.customer("5").await;
    let other = app.customer("0").await;

    let all = browser.visit(ACCOUNTS).await;
    assert!(all.says(&customer.email) && all.says(&other.email) && all.says("boss@example.com"), "{}", all.text);
    assert!(all.says("$5.00"));

    let by_email = browser.visit(&format!("{ACCOUNTS}?q={}", customer.email[..30].to_uppercase())).await;
    assert!(by_email.says(&customer.email) && !by_email.says(&other.email), "{}", by_email.text);
    let by_id = browser.visit(&format!("{ACCOUNTS}?q={}", customer.record.account)).await;
    assert!(by_id.says(&customer.email) && !by_id.says(&other.email));
    let by_key = browser.visit(&format!("{ACCOUNTS}?q={}", &customer.api_key[..11])).await;
    assert!(by_key.says(&customer.email) && !by_key.says(&other.email));
    assert!(browser.visit(&format!("{ACCOUNTS}?q=nobody")).await.says("No account matches"));
    let short = browser.visit(&format!("{ACCOUNTS}?q=sk-syn-a")).await;
    assert_eq!(short.error("q"), Some("Type at least the first 11 characters of the key."));

    for rubbish in ["?q=%00", "?q=%3Cscript%3Ealert(1)%3C/script%3E", "?q=%F0%9F%92%B8", "?q=a&after=zzz"] {
        let page = browser.visit(&format!("{ACCOUNTS}{rubbish}")).await;
        assert_eq!(page.status, 200, "{rubbish}: {}", page.text);
        assert!(!page.says("<script>alert"), "{rubbish}");
    }
    let details = browser.visit(&page_of(&customer)).await;
    assert_eq!(figure(&details, "Balance"), "$5.00");
    assert!(details.says(&customer.record.prefix) && !details.says(&customer.api_key));
}

#[actix_web::test]
async fn a_list_goes_on_and_back() {
    let app = TestApp::spawn().await;
    let browser = operator(&app).await;
    for number in 0..30 {
        let email = format!("list+{number:02}@example.com");
        app.ledger.create_account(CreateAccount { email, password: None, operator: false }).await.unwrap();
    }
    let link = |page: &crate::helpers::Page, rel: &str| {
        let (before, _) = page.text.split_once(&format!("rel=\"{rel}\""))?;
        let tag = before.rsplit_once('<')?.1.to_owned() + page.text.split_once(&format!("rel=\"{rel}\""))?.1;
        Some(tag.split("href=\"").nth(1)?.split('"').next()?.replace("&amp;", "&").replace("&#38;", "&"))
    };
    for (query, first, last) in [("?q=list%2B", "list+00@", "list+29@"), ("", "list+29@", "list+00@")] {
        let one = browser.visit(&format!("{ACCOUNTS}{query}")).await;
        assert!(one.says(first) && !one.says(last), "{query}: {}", one.text);
        let two = browser.visit(&link(&one, "next").unwrap()).await;
        assert!(!two.says(first) && two.says(last), "{query}: {}", two.text);
        assert_eq!(link(&two, "next"), None);
        let back = browser.visit(&link(&two, "prev").unwrap()).await;
        assert!(back.says(first) && !back.says(last), "{query}: {}", back.text);
        assert_eq!(link(&back, "prev"), None);
    }
}

#[actix_web::test]
async fn a_suspended_account_is_refused_until_it_is_resumed() {
    let app = TestApp::spawn().await;
    let (browser, customer) = (operator(&app).await, app.customer("5").await);
    assert_eq!(app.chat(&customer, &six_cents()).await.status, 200);

    let unsaid = act(&browser, &customer, ("suspend", &[("standing_reason", " ")])).await;
    assert_eq!(unsaid.status, 422);
    assert!(unsaid.error("standing_reason").unwrap().contains("Say why"), "{}", unsaid.text);
    assert_eq!(app.chat(&customer, &six_cents()).await.status, 200);

    let suspended = act(&browser, &customer, ("suspend", &[("standing_reason", "chargebacks")])).await;
    assert!(suspended.says("The account is suspended") && suspended.says("Let it be used again"));
    assert_eq!(app.chat(&customer, &six_cents()).await.error(), (403, "account_suspended".to_owned()));
    let again = act(&browser, &customer, ("suspend", &[("standing_reason", "chargebacks")])).await;
    assert_eq!(again.status, 200, "what is sent twice is done once");

    let resumed = act(&browser, &customer, ("resume", &[("standing_reason", "paid")])).await;
    assert!(resumed.says("The account can be used again"));
    assert_eq!(app.chat(&customer, &six_cents()).await.status, 200);
    let log = browser.visit("/dashboard/operator/audit").await;
    for words in ["account.suspend", "account.resume", "chargebacks", "boss@example.com", "127.0.0.1"] {
        assert!(log.says(words), "{words}: {}", log.text);
    }
    app.assert_books_agree().await;
}

#[actix_web::test]
async fn operators_do_not_lock_themselves_out() {
    let app = TestApp::spawn().await;
    let browser = operator(&app).await;
    let list = browser.visit(&format!("{ACCOUNTS}?q=boss")).await;
    let (_, after) = list.text.split_once(&format!("{ACCOUNTS}/")).unwrap();
    let own = format!("{ACCOUNTS}/{}", after.split('"').next().unwrap());
    let page = browser.submit_from(&own, &format!("{own}/suspend"), &[("standing_reason", "me")]).await;
    assert_eq!(page.status, 422);
    assert!(page.says("the account that you are signed in to"));
}

#[actix_web::test]
async fn customers_find_nothing_of_it() {
    let app = TestApp::spawn().await;
    let boss = operator(&app).await;
    let customer = app.customer("5").await;
    let browser = Browser::signed_up(&app, "eve@example.com").await;
    let path = page_of(&customer);
    for page in PAGES.iter().copied().chain([path.as_str()]) {
        assert_eq!(boss.visit(page).await.status, 200, "{page}");
        let found = browser.visit(page).await;
        assert_eq!(found.status, 404, "{page}");
        assert!(!found.says(&customer.email), "{page}");
        let anonymous = Browser::new(&app).get(page).await;
        assert_eq!(anonymous.status, 303, "{page}");
        assert!(anonymous.location().unwrap().starts_with("/dashboard/sign-in"), "{page}");
    }
    let csrf = browser.csrf("/dashboard").await;
    let submission = AccountId::mint().to_string();
    let credit =
        [("csrf", csrf.as_str()), ("amount", "5"), ("class", "grant"), ("reason", "r"), ("submission", &submission)];
    let standing = [("csrf", csrf.as_str()), ("standing_reason", "r")];
    let bare = [("csrf", csrf.as_str())];
    let forms: [(String, &[(&str, &str)]); 8] = [
        (format!("{path}/credit"), &credit),
        (format!("{path}/credit"), &bare),
        (format!("{path}/refund"), &bare),
        (format!("{path}/suspend"), &standing),
        (format!("{path}/suspend"), &bare),
        (format!("{path}/resume"), &standing),
        ("/dashboard/operator/ledger/reconcile".to_owned(), &bare),
        (format!("{ACCOUNTS}/rubbish/credit"), &credit),
    ];
    for (form, fields) in forms {
        assert_eq!(browser.post(&form, fields).await.status, 404, "{form}");
        assert_eq!(boss.post(&form, fields).await.status, 403, "{form}: the proof is another browser's");
        assert_eq!(boss.post(&form, &[]).await.status, 403, "{form}: there is no proof");
    }
    let balance = app.balance(&customer).await.0;
    assert_eq!(balance, "5".parse().unwrap());
    assert_eq!(app.chat(&customer, &six_cents()).await.status, 200, "and it was not suspended");

    for missing in
        [format!("{ACCOUNTS}/{}", AccountId::mint()), format!("{ACCOUNTS}/rubbish"), format!("{ACCOUNTS}/house:cash")]
    {
        assert_eq!(boss.visit(&missing).await.status, 404, "{missing}");
    }
}
