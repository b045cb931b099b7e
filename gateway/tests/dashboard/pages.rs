//! Pages of lists, as addresses name them: by one rule for every list.

use syntopen_shared::id::KeyId;

use crate::gateway::TestApp;
use crate::helpers::Browser;

/// Every list that has pages.
const LISTS: [&str; 7] = [
    "/dashboard/keys?show=all",
    "/dashboard/usage?model=test%2Ffree",
    "/dashboard/billing?show=all",
    "/dashboard/operator/accounts?q=",
    "/dashboard/operator/audit?act=user.sign_in",
    "/dashboard/operator/invitations?done=invited",
    "/dashboard/operator/payments?show=all",
];
/// A list by address: a cursor of it may be any address.
const BY_EMAIL: &str = "/dashboard/operator/accounts?q=boss";

#[actix_rt::test]
async fn an_address_names_a_page_or_there_is_none() {
    let app = TestApp::spawn().await;
    let (operator, _) = Browser::operator(&app, "boss@example.com").await;
    let (nobody, id) = (Browser::new(&app), KeyId::mint());
    for list in LISTS {
        for page in ["", "&before=", "&after=", &format!("&before={id}"), &format!("&after={id}")] {
            let shown = operator.get(&format!("{list}{page}")).await;
            assert_eq!(shown.status, 200, "{list}{page}: {}", shown.text);
        }
        let (both, twice) = (format!("&before={id}&after={id}"), format!("&after={id}&after={id}"));
        let long = format!("&after={}", "a".repeat(400));
        for page in ["&before=x", "&after=-1", "&after=%00", "&before=%ff", "&after=boss@example.com"]
            .into_iter()
            .chain([both.as_str(), &twice, &long])
        {
            let path = format!("{list}{page}");
            let refused = operator.get(&path).await;
            assert!(refused.status == 404 && refused.says("There is no such page"), "{path}: {}", refused.text);
            let location = nobody.get(&path).await.location();
            assert!(location.is_some_and(|to| to.starts_with("/dashboard/sign-in")), "{path}: whoever asks signs in");
        }
    }
    let next = operator.get(&format!("{BY_EMAIL}&after=ada@example.com")).await;
    assert!(next.status == 200 && next.says("boss@example.com"), "{}", next.text);
    for page in ["&after=%00", "&before=a%0Ab", "&before=a&after=b"] {
        assert_eq!(operator.get(&format!("{BY_EMAIL}{page}")).await.status, 404, "{page}");
    }
}

#[actix_rt::test]
async fn an_address_that_cannot_be_read_is_told_of_on_a_page() {
    let app = TestApp::spawn().await;
    let (operator, _) = Browser::operator(&app, "boss@example.com").await;
    for path in ["models?q=a&q=b", "settings?done=a&done=b", "sign-in?next=a&next=b", "operator/ledger?done=a&done=b"] {
        let refused = operator.get(&format!("/dashboard/{path}")).await;
        let is_page = refused.status == 400 && refused.says("<h1>That did not work</h1>");
        assert!(is_page, "{path}: {} {}", refused.status, refused.text);
    }
}

#[actix_rt::test]
async fn a_page_whose_rows_are_gone_leads_to_the_first() {
    let app = TestApp::spawn().await;
    let (operator, _) = Browser::operator(&app, "boss@example.com").await;
    let none = "00000000-0000-7000-8000-000000000000";
    let page = operator.get(&format!("/dashboard/operator/audit?act=account.create&after={none}")).await;
    assert!(page.says("href=\"/dashboard/operator/audit?act=account.create\" rel=\"prev\""), "{}", page.text);
}
