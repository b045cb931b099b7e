//! Every service is ended and started again, one after the other, while streams run.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use syntopen_chaos::clients::{Customer, Manner, OUTPUT_ONLY, Plan, Scene, Seen};
use syntopen_chaos::cluster::{GATEWAYS, LEDGERS, LIMITERS, Part};

use crate::stage::Stage;

const CONNECTIONS: usize = 12;
const TOKENS: u64 = 30;
const TOKEN_MS: u64 = 30;
const REST: Duration = Duration::from_millis(20);

pub(super) async fn no_request_fails_while_every_service_is_restarted(stage: &Stage) {
    let payer = stage.payer("rolling", "1000", 100_000).await;
    let over = Rc::new(Cell::new(false));
    // As a load balancer does, nobody is sent to a gateway that is about to end; whoever is there, or under way, may
    // stay.
    let leaving = Rc::new(Cell::new(None));
    let scene = Scene { over: Rc::clone(&over), ..stage.scene.clone() };
    let streaming = (0..CONNECTIONS).map(|number| {
        let customer = Customer { scene: scene.clone(), payer: payer.clone() };
        let plan =
            move |asked| Plan::plain(format!("rolling-{number}-{asked}"), OUTPUT_ONLY, TOKENS).streamed(TOKEN_MS);
        let leaving = Rc::clone(&leaving);
        let gateway = move |asked: usize| {
            let gateway = (number + asked) % GATEWAYS;
            if leaving.get() == Some(gateway) { (gateway + 1) % GATEWAYS } else { gateway }
        };
        customer.ask_on(Manner { plan, gateway, rest: REST })
    });
    let restarting = async {
        for part in (0..LEDGERS).map(Part::Ledger).chain((0..LIMITERS).map(Part::Limiter)) {
            stage.restart(part).await;
        }
        for number in 0..GATEWAYS {
            leaving.set(Some(number));
            stage.restart(Part::Gateway(number)).await;
            leaving.set(None);
        }
        over.set(true);
    };
    let seen: Vec<Seen> = join(join_all(streaming), restarting).await.0.into_iter().flatten().collect();
    let failed: Vec<_> = seen.iter().filter(|seen| !seen.told.complete).collect();
    assert!(failed.is_empty(), "{} of {} failed: {failed:#?}", failed.len(), seen.len());
    assert!(CONNECTIONS < seen.len());
    stage.remember(seen);
}
