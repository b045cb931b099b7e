//! One key, hammered through all gateways.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use syntopen_chaos::audit::{exceeded, wrongly_refused};
use syntopen_chaos::clients::{Customer, FREE, Manner, Plan, Scene, Seen};
use syntopen_chaos::history::History;

use crate::stage::Stage;

const LIMIT: u32 = 60;
const CONNECTIONS: usize = 50;
/// Three windows, and a little more of the fourth.
const TIME: Duration = Duration::from_secs(183);
/// So long a connection rests after an answer, refusals included.
const REST: Duration = Duration::from_millis(200);

pub(super) async fn no_window_ever_holds_more_than_the_limit(stage: &Stage) {
    let payer = stage.payer("hammer", "1", LIMIT).await;
    let over = Rc::new(Cell::new(false));
    let scene = Scene { over: Rc::clone(&over), ..stage.scene.clone() };
    let hammering = (0..CONNECTIONS).map(|number| {
        let customer = Customer { scene: scene.clone(), payer: payer.clone() };
        let plan = move |asked| Plan::plain(format!("hammer-{number}-{asked}"), FREE, 1);
        customer.ask_on(Manner { plan, gateway: move |asked| number + asked, rest: REST })
    });
    let ending = async {
        actix_rt::time::sleep(TIME).await;
        over.set(true);
    };
    let seen: Vec<Seen> = join(join_all(hammering), ending).await.0.into_iter().flatten().collect();
    let (all, calm) = (seen.iter().collect::<Vec<_>>(), History::default());
    assert_eq!(exceeded(&all, LIMIT, &calm), None);
    assert_eq!(wrongly_refused(&all, LIMIT, &calm), None);
    let admitted = seen.iter().filter(|seen| seen.status == 200).count();
    assert!(3 * LIMIT as usize <= admitted, "{admitted} of {} were admitted", seen.len());
    assert!(seen.iter().any(|seen| seen.status == 429), "nothing was refused");
    stage.remember(seen);
}
