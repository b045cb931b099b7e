//! What becomes of messages that are not taken at once.

use super::server::MailServer;
use crate::gateway::eventually;
use crate::helpers::Browser;

#[actix_rt::test]
async fn what_is_put_off_is_sent_again() {
    let mail = MailServer::start();
    let app = mail.gateway(&[]).await;
    Browser::new(&app).submit("/dashboard/sign-up", &[("email", "later@example.com")]).await;
    assert_eq!(mail.message("later@example.com").await.subject(), "Finish your Syntopen account");
}

#[actix_rt::test]
async fn what_is_refused_is_counted_and_not_sent_again() {
    let mail = MailServer::start();
    let app = mail.gateway(&[]).await;
    let page = Browser::new(&app).submit("/dashboard/sign-up", &[("email", "refused@example.com")]).await;
    assert_eq!(page.status, 200, "who asked is not told");
    let name = "gateway_mails_total{kind=\"sign_up\",result=\"refused\"}";
    let count = eventually("the count of what was refused", || app.metric(name)).await;
    assert_eq!(count, "1");
    assert!(!mail.has_another());
}

#[actix_rt::test]
async fn what_was_handed_over_is_sent_before_the_end() {
    let mail = MailServer::start();
    let mut app = mail.gateway(&[]).await;
    let browser = Browser::new(&app);
    for email in ["a@example.com", "b@example.com", "c@example.com"] {
        browser.submit("/dashboard/sign-up", &[("email", email)]).await;
    }
    app.stop();
    for email in ["a@example.com", "b@example.com", "c@example.com"] {
        mail.message(email).await;
    }
}
