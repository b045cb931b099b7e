//! Telling owners that the balance is low.

use syntopen_shared::wire::admin::{CreditAccount, CreditClass, ShowAccount};
use syntopen_shared::wire::office::By;
use syntopen_shared::wire::office::alerts::SetAlert;

use super::server::MailServer;
use crate::gateway::eventually;

#[actix_rt::test]
async fn owners_are_told_once_until_the_balance_was_above_again() {
    let mail = MailServer::start();
    let app = mail.gateway(&[("SYNTOPEN_ALERT_SECONDS", "1")]).await;
    let customer = app.customer("5").await;
    let account = customer.record.account;
    let user = app.ledger.show_account(ShowAccount { email: customer.email.clone() }).await.unwrap().user;
    let by = By { user, address: "127.0.0.1".to_owned() };
    app.app.office.ask(SetAlert { account, by, below: Some("10".parse().unwrap()) }).await.unwrap();

    let message = mail.message(&customer.email).await;
    assert_eq!(message.subject(), "Your Syntopen balance is low");
    assert!(message.body.contains("is $5.00,") && message.body.contains("the $10.00 "), "{}", message.body);
    assert_eq!(message.link(), "/dashboard/billing");

    app.credit(&customer.email, "6".parse().unwrap()).await;
    let (email, amount) = (customer.email.clone(), "-3".parse().unwrap());
    let taken = CreditAccount { email, amount, class: CreditClass::Adjustment, reference: None };
    app.ledger.credit_account(taken).await.unwrap();
    let message = mail.message(&customer.email).await;
    assert!(message.body.contains("is $8.00,"), "{}", message.body);
    assert!(!mail.has_another());
    let sent = "gateway_mails_total{kind=\"low_balance\",result=\"sent\"}";
    eventually("two alerts", || async { app.metric(sent).await.filter(|count| count == "2") }).await;
}
