//! Members of an account.

use super::server::MailServer;
use crate::gateway::TestApp;
use crate::helpers::{Browser, PASSWORD, Page};

const MEMBERS: &str = "/dashboard/settings/members";

/// A member's row of the page, by the address.
fn id(page: &Page, email: &str) -> String {
    let (before, _) = page.text.split_once(&format!("Remove…<span class=\"hide\"> {email}</span>")).unwrap();
    let (_, after) = before.rsplit_once("/dashboard/settings/members/").unwrap();
    after.split('/').next().unwrap().to_owned()
}

async fn invite(browser: &Browser, email: &str, role: &str) -> Page {
    browser.submit(MEMBERS, &[("email", email), ("role", role)]).await
}

/// The path of the link that the page shows once.
fn shown_link(page: &Page) -> String {
    let (_, after) = page.text.split_once("/dashboard/invitation/").unwrap_or_else(|| panic!("{}", page.text));
    format!("/dashboard/invitation/{}", after.split('<').next().unwrap())
}

async fn joined(app: &TestApp, owner: &Browser, (email, role): (&str, &str)) -> Browser {
    let link = shown_link(&invite(owner, email, role).await);
    let browser = Browser::new(app);
    let page = browser.submit(&link, &[("password", PASSWORD)]).await;
    assert_eq!((page.status, page.path.as_str()), (200, "/dashboard"), "{}", page.text);
    browser
}

#[actix_rt::test]
async fn a_member_joins_by_mail() {
    let mail = MailServer::start();
    let app = mail.gateway(&[]).await;
    let ada = Browser::new(&app);
    ada.submit("/dashboard/sign-up", &[("email", "ada@example.com")]).await;
    ada.submit(&mail.message("ada@example.com").await.link(), &[("password", PASSWORD)]).await;

    let page = invite(&ada, "Bob@example.com", "member").await;
    assert!(page.path.ends_with("?done=invited") && page.says("bob@example.com"), "{}", page.text);
    assert!(!page.says("/dashboard/invitation/"), "nobody but the invited sees the link");
    let first = mail.message("bob@example.com").await;
    assert_eq!(first.subject(), "You are invited to a Syntopen account");
    assert!(first.body.contains("ada@example.com invites you"), "{}", first.body);
    invite(&ada, "bob@example.com", "member").await;
    let link = mail.message("bob@example.com").await.link();
    let bob = Browser::new(&app);
    assert_eq!(bob.visit(&first.link()).await.status, 404, "another took its place");
    assert!(bob.visit(&link).await.says("ada@example.com invites you to an account, as a member"));

    let page = bob.submit(&link, &[("password", PASSWORD)]).await;

    assert_eq!((page.status, page.path.as_str()), (200, "/dashboard"), "{}", page.text);
    assert!(!page.says("not confirmed"), "the link has proven the address");
    assert_eq!(bob.visit(&link).await.status, 404, "it works once");
    let page = ada.visit(MEMBERS).await;
    assert!(page.says("bob@example.com") && !page.says("id=\"invited-title\""), "{}", page.text);
}

#[actix_rt::test]
async fn members_manage_no_members() {
    let app = TestApp::spawn().await;
    let ada = Browser::signed_up(&app, "ada@example.com").await;
    let bob = joined(&app, &ada, ("bob@example.com", "member")).await;
    let ids = ada.visit(MEMBERS).await;
    let (of_ada, of_bob) = (id(&ids, "ada@example.com"), id(&ids, "bob@example.com"));
    let csrf = bob.csrf("/dashboard/settings").await;

    assert_eq!(bob.visit(MEMBERS).await.status, 404);
    assert_eq!(bob.visit("/dashboard/settings/close-account").await.status, 404);
    let forms: [(String, Vec<(&str, &str)>); 5] = [
        (MEMBERS.to_owned(), vec![("email", "eve@example.com"), ("role", "owner")]),
        (format!("{MEMBERS}/{of_bob}/role"), vec![("role", "owner")]),
        (format!("{MEMBERS}/{of_ada}/remove"), vec![]),
        (format!("{MEMBERS}/invitations/{of_ada}/withdraw"), vec![]),
        (
            "/dashboard/settings/close-account".to_owned(),
            vec![("confirmation", "close account"), ("password", PASSWORD)],
        ),
    ];
    for (path, fields) in forms {
        let proven: Vec<_> = fields.iter().copied().chain([("csrf", csrf.as_str())]).collect();
        assert_eq!(bob.post(&path, &proven).await.status, 404, "{path}");
        assert_eq!(ada.post(&path, &fields).await.status, 403, "{path}: without a proof");
        assert_eq!(ada.post(&path, &proven).await.status, 403, "{path}: with another browser's proof");
    }
    assert_eq!(ada.visit(MEMBERS).await.status, 200);
}

#[actix_rt::test]
async fn other_accounts_have_no_members_here() {
    let app = TestApp::spawn().await;
    let ada = Browser::signed_up(&app, "ada@example.com").await;
    let eve = Browser::signed_up(&app, "eve@example.com").await;
    let page = invite(&ada, "bob@example.com", "member").await;
    let of_ada = id(&page, "ada@example.com");
    let (_, after) = page.text.split_once("/invitations/").unwrap();
    let invitation = after.split('/').next().unwrap().to_owned();

    assert!(!eve.visit(MEMBERS).await.says("ada@example.com"));
    let paths = [
        (format!("{MEMBERS}/{of_ada}/role"), ("role", "member")),
        (format!("{MEMBERS}/{of_ada}/remove"), ("x", "")),
        (format!("{MEMBERS}/invitations/{invitation}/withdraw"), ("x", "")),
        (format!("{MEMBERS}/not-an-id/remove"), ("x", "")),
    ];
    for (path, field) in paths {
        assert_eq!(eve.submit_from(MEMBERS, &path, &[field]).await.status, 404, "{path}");
    }
    let still = ada.visit(MEMBERS).await;
    assert!(still.says(&of_ada) && still.says(&invitation), "{}", still.text);
    let link = shown_link(&page);
    assert_eq!(Browser::new(&app).visit(&link).await.status, 200);
    let page = ada.submit_from(MEMBERS, &format!("{MEMBERS}/invitations/{invitation}/withdraw"), &[]).await;
    assert!(page.says("taken back"));
    assert_eq!(Browser::new(&app).visit(&link).await.status, 404);
}

#[actix_rt::test]
async fn an_account_keeps_an_owner() {
    let app = TestApp::spawn().await;
    let ada = Browser::signed_up(&app, "ada@example.com").await;
    let bob = joined(&app, &ada, ("bob@example.com", "member")).await;
    let page = ada.visit(MEMBERS).await;
    let (of_ada, of_bob) = (id(&page, "ada@example.com"), id(&page, "bob@example.com"));
    let role = |id: &str| format!("{MEMBERS}/{id}/role");
    let remove = |id: &str| format!("{MEMBERS}/{id}/remove");

    for (path, field) in [(role(&of_ada), ("role", "member")), (remove(&of_ada), ("x", ""))] {
        let page = ada.submit_from(MEMBERS, &path, &[field]).await;
        assert_eq!((page.status, page.says("needs an owner")), (422, true), "{}", page.text);
    }
    assert!(ada.submit_from(MEMBERS, &role(&of_bob), &[("role", "owner")]).await.says("role is changed"));
    assert_eq!(bob.visit(MEMBERS).await.status, 200);
    let page = ada.submit_from(MEMBERS, &role(&of_ada), &[("role", "member")]).await;
    assert_eq!((page.status, page.path.as_str()), (200, "/dashboard/settings"));
    assert_eq!(ada.visit(MEMBERS).await.status, 404);

    assert!(bob.submit_from(MEMBERS, &remove(&of_ada), &[]).await.says("removed and signed out"));

    assert!(ada.visit("/dashboard").await.path.starts_with("/dashboard/sign-in"), "the session has ended");
    assert_eq!(Browser::new(&app).sign_in("ada@example.com", PASSWORD).await.status, 422);
    let fresh = Browser::signed_up(&app, "ada@example.com").await;
    assert!(!fresh.visit(MEMBERS).await.says("bob@example.com"), "an account of her own");
}

#[actix_rt::test]
async fn nobody_is_moved_from_one_account_to_another() {
    let app = TestApp::spawn().await;
    let ada = Browser::signed_up(&app, "ada@example.com").await;
    let eve = Browser::signed_up(&app, "eve@example.com").await;

    let page = invite(&ada, "ada@example.com", "member").await;
    assert_eq!((page.status, page.error("email")), (422, Some("This is a member already.")));
    for wrong in ["", "eve", "<script>@x.example", "a@b.example\nBcc: c@d.example"] {
        let page = invite(&ada, wrong, "member").await;
        assert_eq!((page.status, page.error("email").is_some(), page.says("<script>@")), (422, true, false), "{wrong}");
    }
    let link = shown_link(&invite(&ada, "eve@example.com", "member").await);
    assert!(eve.visit(&link).await.says("has an account already"));
    let page = eve.submit(&link, &[("password", PASSWORD)]).await;
    assert_eq!((page.status, page.says("has an account already")), (422, true), "{}", page.text);
    assert!(!ada.visit(MEMBERS).await.says("Remove…<span class=\"hide\"> eve@example.com"));
}
