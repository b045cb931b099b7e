//! What gateways tell the ledgers of themselves.

use serde_json::json;
use syntopen_ledger::office::Answers as _;
use syntopen_shared::wire::office::operator::gateways::{BreakerState, Gateways, LookAtGateways};

use super::Services;
use crate::helpers::{eventually, request, with};

#[actix_web::test]
async fn all_gateways_over_one_ledger_are_seen_with_their_own_breakers() {
    let services = Services::start(2, 1).await;
    let at_once = [("SYNTOPEN_BREAKER_FAILURES", "1"), ("SYNTOPEN_BREAKER_OPEN_SECONDS", "3600")];
    let (well, ill) = (services.gateway().await, services.gateway_with(&at_once).await);
    let customer = well.customer("5").await;
    assert_eq!(well.chat(&customer, &request("test/free", 5)).await.status, 200);
    let failing = with(request("test/free", 5), json!({"simulator": {"fault": {"status": 500}}}));
    assert_ne!(ill.chat(&customer, &failing).await.status, 200);

    let both = eventually("both gateways", || async {
        let Gateways { seen, .. } = services.book.answer(LookAtGateways {}).await.unwrap();
        let calls = seen.iter().flat_map(|seen| &seen.report.upstreams).map(|upstream| upstream.calls).sum::<i64>();
        Some(seen).filter(|seen| seen.len() == 2 && calls == 2)
    })
    .await;

    let of = |app: &crate::helpers::TestApp| {
        let gateway = app.app.identity.gateway;
        let seen = both.iter().find(|seen| seen.report.gateway == gateway).unwrap();
        let upstream = &seen.report.upstreams[0];
        (upstream.upstream.as_str(), upstream.state, upstream.calls, upstream.failed)
    };
    assert_eq!(of(&well), ("simulator", BreakerState::Closed, 1, 0));
    assert_eq!(of(&ill), ("simulator", BreakerState::Open, 1, 1));
}
