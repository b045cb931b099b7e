//! A balance, and more customers at once than it covers.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use syntopen_chaos::clients::{OUTPUT_ONLY, Plan, ask, client};

use crate::stage::Stage;

const CLIENTS: usize = 300;
const COVERED: usize = 117;
/// At a thousandth of a dollar each, named as the maximum and used to the last.
const TOKENS: u64 = 10;
/// What so many cost, and half of one more.
const FUNDS: &str = "1.175";

pub(super) async fn exactly_as_many_succeed_as_the_balance_covers(stage: &Stage) {
    let payer = stage.payer("budget", FUNDS, 100_000).await;
    let asking = (0..CLIENTS).map(|number| {
        let (payer, gateway) = (payer.clone(), number % stage.scene.map.gateways.len());
        async move {
            let plan = Plan::plain(format!("budget-{number}"), OUTPUT_ONLY, TOKENS);
            ask(&client(), &stage.scene, (&payer, gateway), plan).await
        }
    });
    let seen = join_all(asking).await;
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    for seen in &seen {
        *statuses.entry(seen.status).or_default() += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(200, COVERED), (402, CLIENTS - COVERED)]));
    assert!(seen.iter().filter(|seen| seen.status == 200).all(|seen| seen.told.complete));
    stage.remember(seen);
}
