//! The whole life of a key.

use super::{FREE, KEYS, call, call_until, create, customer, send, shown, with};
use crate::gateway::{TestApp, eventually};

const MODEL: &str = "openai/gpt-4o-mini";

#[actix_rt::test]
async fn a_key_is_made_used_limited_rotated_and_revoked() {
    let app = TestApp::spawn().await;
    let browser = customer(&app, "ada@example.com").await;
    assert!(browser.get(KEYS).await.says("No keys yet"));

    // Made, and usable at once.
    let (key, id) = create(&browser, &FREE).await;
    let page = format!("{KEYS}/{id}");
    assert!(browser.get(&page).await.says("<dt>Last used</dt><dd>Never</dd>"));
    assert_eq!(call(&app, &key, MODEL).await.status, 200);
    app.settled().await;
    let used = eventually("the spend", || async {
        let shown = browser.get(&page).await;
        (!shown.says("<dt>Last used</dt><dd>Never</dd>")).then_some(shown)
    })
    .await;
    // 8 tokens of output at $0.60 per million, and the input that the simulator counts.
    let spent = used.text.split("<p class=\"figure\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(spent.starts_with("$0.0000") && spent != "$0.00", "{spent}");
    assert!(browser.get(KEYS).await.says(&spent));

    // A limit of two in a minute: the one before counts.
    let saved = browser.submit(&page, &with(&FREE, &[("rpm", "2"), ("expiry", "keep")])).await;
    assert!(saved.status == 200 && saved.says("Saved."), "{}", saved.text);
    call_until(&app, &key, 429).await;

    // Rotated at once: the new one has the settings of the old one, which is refused.
    let wide = browser.submit(&page, &with(&FREE, &[("rpm", "900"), ("expiry", "keep")])).await;
    assert_eq!(wide.status, 200);
    let (new_key, new_id) = shown(&send(&browser, &format!("{page}/rotate"), &[("grace", "now")]).await);
    assert_ne!((&new_key, &new_id), (&key, &id));
    // For a moment the gateway refuses it by its old limit, without asking.
    call_until(&app, &key, 401).await;
    assert_eq!(call(&app, &new_key, MODEL).await.status, 200);
    let new_page = format!("{KEYS}/{new_id}");
    assert_eq!(browser.get(&new_page).await.value("rpm").as_deref(), Some("900"));
    assert!(browser.get(&format!("{page}/rotate")).await.says("This key is revoked"));

    // Rotated with a grace: both work, until the old one is revoked.
    let (third, _) = shown(&send(&browser, &format!("{new_page}/rotate"), &[("grace", "hour")]).await);
    assert_eq!((call(&app, &new_key, MODEL).await.status, call(&app, &third, MODEL).await.status), (200, 200));
    assert!(!browser.get(&new_page).await.says("<dt>Expires</dt><dd>Never</dd>"));

    // Revoked, after the question.
    assert!(browser.get(&format!("{new_page}/revoke")).await.says("Revoke laptop?"));
    let revoked = browser.submit(&format!("{new_page}/revoke"), &[]).await;
    assert!(revoked.says("No request is accepted with this key any more"), "{}", revoked.text);
    assert_eq!(call(&app, &new_key, MODEL).await.error(), (401, "invalid_api_key".to_owned()));
    assert_eq!(call(&app, &third, MODEL).await.status, 200);

    let active = browser.get(&format!("{KEYS}?show=active")).await;
    let ended = browser.get(&format!("{KEYS}?show=revoked")).await;
    assert_eq!((active.text.matches("<tr>").count(), ended.text.matches("<tr>").count()), (2, 3));

    // Nothing but the page that answered the form has ever shown a key.
    for path in [KEYS, &page, &new_page, &format!("{KEYS}?show=revoked"), "/dashboard", "/dashboard/models"] {
        let text = browser.get(path).await.text;
        assert!([&key, &new_key, &third].iter().all(|key| !text.contains(&key[..20])), "{path}");
    }
    app.assert_books_agree().await;
}

#[actix_rt::test]
async fn limits_expiry_and_models_are_those_of_the_form() {
    let app = TestApp::spawn().await;
    let browser = customer(&app, "ada@example.com").await;

    let fields = with(&FREE, &[("models", "some"), ("model", "test/free"), ("limit_day", "0.001")]);
    let (key, id) = create(&browser, &fields).await;
    assert_eq!(call(&app, &key, MODEL).await.error(), (403, "model_not_allowed".to_owned()));
    assert_eq!(call(&app, &key, "test/free").await.status, 200);
    let page = format!("{KEYS}/{id}");
    let all = with(&FREE, &[("limit_day", "0.001"), ("expiry", "keep")]);
    assert!(browser.submit(&page, &all).await.says("Saved."));
    eventually("the model", || async { (call(&app, &key, MODEL).await.status == 200).then_some(()) }).await;
    // Eight tokens at a dollar per thousand are beyond a tenth of a cent.
    assert_eq!(call(&app, &key, "test/output-only").await.error(), (402, "insufficient_balance".to_owned()));
    let more = with(&FREE, &[("limit_day", "$0.5"), ("expiry", "30")]);
    assert!(browser.submit(&page, &more).await.says("of $0.50"));
    assert_eq!(call(&app, &key, "test/output-only").await.status, 200, "limits count with the next hold");

    // A free model leaves a trace of its use, too.
    let (free, id) = create(&browser, &FREE).await;
    assert_eq!(call(&app, &free, "test/free").await.status, 200);
    app.settled().await;
    let shown = browser.get(&format!("{KEYS}/{id}")).await;
    assert!(!shown.says("<dt>Last used</dt><dd>Never</dd>") && shown.says("$0.00"), "{}", shown.text);
}

#[actix_rt::test]
async fn the_snippets_name_a_model_that_the_key_may_use() {
    let app = TestApp::spawn().await;
    let browser = customer(&app, "ada@example.com").await.with_header("X-Forwarded-Proto", "https");

    let fields = with(&FREE, &[("models", "some"), ("model", "test/output-only"), ("model", "openai/gpt-4o-mini")]);
    let page = send(&browser, "/dashboard/keys/new", &fields).await;

    let base = app.url("/api/v1");
    for snippet in [
        format!("curl {base}/chat/completions"),
        format!("base_url=&#34;{base}&#34;"),
        format!("baseURL: &#34;{base}&#34;"),
    ] {
        assert!(page.says(&snippet), "{snippet}: {}", page.text);
    }
    assert_eq!(page.text.matches("openai/gpt-4o-mini").count(), 3, "{}", page.text);
}

#[actix_rt::test]
async fn models_are_listed_and_searched() {
    let app = TestApp::spawn().await;
    let browser = customer(&app, "ada@example.com").await;

    let all = browser.get("/dashboard/models").await;
    assert!(all.says("<code>openai/gpt-4o-mini</code>") && all.says("128,000") && all.says("16,384"), "{}", all.text);
    assert!(all.says("$0.15") && all.says("$0.075") && all.says("$0.60"));
    assert!(all.says("/dashboard/playground?model=test%2Ffree"));
    let found = browser.get("/dashboard/models?q=MINI+openai").await;
    assert!(found.says("openai/gpt-4o-mini") && !found.says("test/free"), "{}", found.text);
    let none = browser.get("/dashboard/models?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    assert!(none.says("No such model") && !none.says("<script>alert"), "{}", none.text);
}
