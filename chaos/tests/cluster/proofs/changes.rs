//! What changes at a ledger, and is heeded by every gateway.

use std::time::{Duration, Instant};

use awc::Client;
use awc::http::header::AUTHORIZATION;
use syntopen_chaos::clients::{FREE, Payer, Plan, ask, client, usd};
use syntopen_shared::wire::admin::{RevokeKey, UpdateKey};

use crate::stage::Stage;

/// Two seconds, and what a busy machine adds.
const HEEDED_MAX: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);

pub(super) async fn a_revoked_key_is_refused_by_every_gateway(stage: &Stage) {
    let (client, payer) = (client(), stage.desk.payer("revoked", usd("1"), 100_000).await);
    let gateways = 0..stage.scene.map.gateways.len();
    for gateway in gateways.clone() {
        assert_eq!(complete(stage, &client, (&payer, gateway)).await, 200);
        assert_eq!(get_key(stage, &client, (&payer, gateway)).await, 200);
    }
    stage.desk.revoke(&RevokeKey { key: payer.key }).await;
    for gateway in gateways.clone() {
        assert_eq!(complete(stage, &client, (&payer, gateway)).await, 401, "the next completion of gateway {gateway}");
    }
    for gateway in gateways {
        eventually("a GET with a revoked key is refused", async || {
            get_key(stage, &client, (&payer, gateway)).await == 401
        })
        .await;
    }
}

pub(super) async fn a_changed_limit_takes_effect_and_keeps_the_history(stage: &Stage) {
    let (client, payer) = (client(), stage.desk.payer("limited", usd("1"), 3).await);
    let gateways = stage.scene.map.gateways.len();
    let mut admitted = 0;
    while complete(stage, &client, (&payer, admitted % gateways)).await == 200 {
        admitted += 1;
    }
    assert_eq!(admitted, 3);
    stage.desk.update(&UpdateKey { rpm: Some(7), ..UpdateKey::of(payer.key) }).await;
    for gateway in 0..gateways {
        eventually("the new limit takes effect", async || complete(stage, &client, (&payer, gateway)).await == 200)
            .await;
        admitted += 1;
    }
    while complete(stage, &client, (&payer, admitted % gateways)).await == 200 {
        admitted += 1;
    }
    assert_eq!(admitted, 7, "the first three count");
}

async fn complete(stage: &Stage, client: &Client, whose: (&Payer, usize)) -> u16 {
    let plan = Plan::plain("change".to_owned(), FREE, 1);
    ask(client, &stage.scene, whose, plan).await.status
}

async fn get_key(stage: &Stage, client: &Client, (payer, gateway): (&Payer, usize)) -> u16 {
    let get = client.get(format!("http://{}/api/v1/key", stage.scene.map.gateways[gateway]));
    get.insert_header((AUTHORIZATION, format!("Bearer {}", payer.api_key))).send().await.unwrap().status().as_u16()
}

async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + HEEDED_MAX;
    while !is_so().await {
        assert!(Instant::now() < deadline, "{what}: not within {HEEDED_MAX:?}");
        actix_rt::time::sleep(POLL).await;
    }
}
