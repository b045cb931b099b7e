//! Customers whom the operator invites.

use super::server::MailServer;
use crate::gateway::TestApp;
use crate::helpers::{Browser, PASSWORD};

const INVITATIONS: &str = "/dashboard/operator/invitations";

async fn operator(app: &TestApp) -> Browser {
    Browser::operator(app, "operator@example.com").await.0
}

#[actix_rt::test]
async fn customers_are_let_in_by_invitation() {
    let mail = MailServer::start();
    let app = mail.gateway(&[("SYNTOPEN_SIGN_UP", "invited")]).await;
    let operator = operator(&app).await;
    assert!(operator.visit(INVITATIONS).await.says("Nobody is invited"));

    let page = operator.submit(INVITATIONS, &[("email", "ada@example.com")]).await;
    assert!(page.says("on its way") && page.says("ada@example.com"), "{}", page.text);
    let message = mail.message("ada@example.com").await;
    assert_eq!(message.subject(), "You are invited to Syntopen");
    let ada = Browser::new(&app);
    let page = ada.submit(&message.link(), &[("password", PASSWORD)]).await;

    assert_eq!((page.status, page.path.as_str()), (200, "/dashboard"), "{}", page.text);
    assert_eq!(ada.visit("/dashboard/settings/members").await.status, 200, "she owns an account of her own");
    assert_eq!(ada.visit(&message.link()).await.status, 404);
    let page = operator.submit(INVITATIONS, &[("email", "ada@example.com")]).await;
    assert_eq!((page.status, page.error("email").is_some()), (422, true));
    assert_eq!(ada.visit(INVITATIONS).await.status, 404, "she is no operator");
    let csrf = ada.csrf("/dashboard/settings").await;
    assert_eq!(ada.post(INVITATIONS, &[("csrf", &csrf), ("email", "eve@example.com")]).await.status, 404);
}

#[actix_rt::test]
async fn without_mail_the_link_is_shown_once_and_can_be_taken_back() {
    let app = TestApp::spawn_with(&[("SYNTOPEN_SIGN_UP", "invited")]).await;
    let operator = operator(&app).await;
    let page = operator.submit(INVITATIONS, &[("email", "ada@example.com")]).await;
    let (_, after) = page.text.split_once("/dashboard/invitation/").unwrap();
    let link = format!("/dashboard/invitation/{}", after.split('<').next().unwrap());
    assert!(!operator.visit(INVITATIONS).await.says("/dashboard/invitation/"));
    assert_eq!(Browser::new(&app).visit(&link).await.status, 200);
    let (_, after) = page.text.split_once("/operator/invitations/").unwrap();
    let withdraw = format!("{INVITATIONS}/{}/withdraw", after.split('/').next().unwrap());
    assert!(operator.submit_from(INVITATIONS, &withdraw, &[]).await.says("taken back"));
    assert_eq!(Browser::new(&app).visit(&link).await.status, 404);
    let csrf = operator.csrf(INVITATIONS).await;
    assert_eq!(operator.post(&withdraw, &[("csrf", &csrf)]).await.status, 404);
}
