//! Other accounts' keys, and forms of other pages.

use syntopen_shared::id::KeyId;

use super::{FREE, KEYS, call, create, customer, with};
use crate::gateway::TestApp;
use crate::helpers::Browser;

#[actix_rt::test]
async fn another_accounts_key_is_not_there() {
    let app = TestApp::spawn().await;
    let (ada, eve) = (customer(&app, "ada@example.com").await, customer(&app, "eve@example.com").await);
    let (key, id) = create(&ada, &FREE).await;
    let csrf = eve.csrf("/dashboard/keys/new").await;
    let form = eve.get("/dashboard/keys/new").await.value("form").unwrap();
    let fields = with(&FREE, &[("csrf", &csrf), ("form", &form), ("rpm", "1"), ("grace", "now")]);

    for id in [id.as_str(), &KeyId::mint().to_string(), "rubbish", "%00", "..%2f..", "'%20OR%201=1"] {
        for tail in ["", "/rotate", "/revoke"] {
            let path = format!("{KEYS}/{id}{tail}");
            let (got, sent) = (eve.get(&path).await, eve.post(&path, &fields).await);
            assert_eq!((got.status, sent.status), (404, 404), "{path}");
            assert!(!got.says("laptop") && !sent.says("laptop"), "{path}");
        }
    }
    for place in ["before", "after"] {
        let page = eve.get(&format!("{KEYS}?{place}={id}")).await;
        assert!(page.status == 200 && !page.says("laptop"), "{place}: {}", page.text);
    }
    assert_eq!(call(&app, &key, "openai/gpt-4o-mini").await.status, 200);
    assert_eq!(ada.get(&format!("{KEYS}/{id}")).await.value("rpm").as_deref(), Some("1000"));

    // Nobody at all is sent to sign in, and sends nothing.
    let nobody = Browser::new(&app);
    for path in [KEYS.to_owned(), format!("{KEYS}/new"), format!("{KEYS}/{id}"), "/dashboard/models".to_owned()] {
        assert!(nobody.get(&path).await.location().unwrap().starts_with("/dashboard/sign-in"), "{path}");
    }
}

#[actix_rt::test]
async fn forms_of_others_are_refused() {
    let app = TestApp::spawn().await;
    let (ada, eve) = (customer(&app, "ada@example.com").await, customer(&app, "eve@example.com").await);
    let (key, id) = create(&ada, &FREE).await;
    let foreign = eve.csrf("/dashboard/keys/new").await;
    let form = ada.get("/dashboard/keys/new").await.value("form").unwrap();

    for path in ["new".to_owned(), id.clone(), format!("{id}/rotate"), format!("{id}/revoke")] {
        let path = format!("{KEYS}/{path}");
        let fields = with(&FREE, &[("form", &form), ("grace", "now")]);
        assert_eq!(ada.post(&path, &fields).await.status, 403, "{path}");
        assert_eq!(ada.post(&path, &with(&fields, &[("csrf", &foreign)])).await.status, 403, "{path}");
    }
    assert_eq!(call(&app, &key, "openai/gpt-4o-mini").await.status, 200);
    assert_eq!(ada.get(KEYS).await.text.matches("<tr>").count(), 2);
}
