//! Proofs over one cluster that nothing happens to, while a key is hammered all the time.

mod administration;
mod budget;
mod changes;
mod hammer;
mod rolling;

use futures_util::future::join;

use crate::stage::Stage;

#[test]
fn replicas_are_one_gateway_with_one_ledger_and_one_window() {
    actix_rt::System::new().block_on(async {
        let stage = Stage::start().await;
        let others = async {
            administration::commands_work_unchanged(&stage).await;
            budget::exactly_as_many_succeed_as_the_balance_covers(&stage).await;
            changes::a_revoked_key_is_refused_by_every_gateway(&stage).await;
            changes::a_changed_limit_takes_effect_and_keeps_the_history(&stage).await;
            rolling::no_request_fails_while_every_service_is_restarted(&stage).await;
        };
        join(hammer::no_window_ever_holds_more_than_the_limit(&stage), others).await;
        stage.conclude().await;
    });
}
