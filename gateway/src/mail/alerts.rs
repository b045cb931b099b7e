//! Tells the owners of accounts whose balance is low.

use std::sync::Arc;

use futures_util::future::join_all;
use syntopen_shared::wire::office::alerts::{ClaimAlerts, ConfirmAlert, DueAlert};

use super::post::Sent;
use super::{Letter, Mail, Recipient};
use crate::app::App;

/// How many alerts are claimed at once: all of them must be sent before their claims lapse.
const CLAIMED_MAX: u32 = 20;

/// Looks again and again for alerts that are due, until the gateway ends.
pub(crate) async fn watch(app: Arc<App>) {
    let Some(mail) = &app.mail else { return };
    let mut shutdown = std::pin::pin!(app.shutdown.requested());
    loop {
        let pause = actix_rt::time::sleep(mail.settings.alert_every);
        tokio::select! {
            () = &mut shutdown => return,
            () = pause => {}
        }
        // A ledger that is away now is asked again: what is due stays due.
        let Ok(due) = app.office.ask(ClaimAlerts { limit: CLAIMED_MAX }).await else { continue };
        join_all(due.iter().map(|alert| tell(&app, mail, alert))).await;
    }
}

async fn tell(app: &App, mail: &Mail, alert: &DueAlert) {
    let letters = alert.owners.iter().filter_map(|owner| Recipient::parse(owner)).map(|owner| async move {
        let billing = format!("{}/dashboard/billing", mail.public_url());
        let letter = Letter::LowBalance { balance: alert.balance, below: alert.below, billing };
        mail.deliver(&owner, &letter).await
    });
    // One whose message is late is told again with all others when the claim has lapsed.
    if join_all(letters).await.contains(&Sent::TooLate) {
        return;
    }
    let confirm = ConfirmAlert { account: alert.account, claimed_ms: alert.claimed_ms };
    if app.office.ask(confirm).await.is_err() {
        tracing::warn!(account = %alert.account, "an alert was sent, but not confirmed: it is sent again");
    }
}
