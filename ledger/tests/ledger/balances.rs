//! The conformance suite of `Balances`: scripts listed once, applied to every backend.

mod agreement;
mod cluster;
mod epochs;
mod memory;
mod preflight;
mod redis;
mod script;
mod suite;

use std::sync::Arc;

use syntopen_shared::clock::ManualClock;

use self::script::Backend;

/// 2026-11-30 23:00:00 UTC: an hour before a day and a month end.
const START_MS: i64 = 1_796_079_600_000;

/// Balances under test, their clock, and the server that they are in, which lives as long as a test needs it.
struct Setup<S, B: ?Sized = dyn Backend> {
    balances: Box<B>,
    clock: Arc<ManualClock>,
    server: S,
}

/// Applies every test of the suite to the backend that `$setup` makes.
macro_rules! conformance {
    ($setup:path: $($test:ident)*) => {$(
        #[tokio::test]
        async fn $test() {
            let Setup { balances, clock, server: _server } = $setup().await;
            super::suite::$test(&*balances, &clock).await;
        }
    )*};
    ($setup:path) => {
        conformance! { $setup:
            holds_reserve_and_settle_once
            grants_between_minimum_and_half_of_what_is_available
            refuses_by_name
            free_requests_skip_funds_and_limits_but_not_status
            replays_are_answered_as_before
            a_release_overtakes_its_hold
            expiry_charges_the_last_checkpoint
            a_late_settlement_posts_the_difference
            a_charge_may_exceed_its_hold
            unknown_requests_go_by_the_book
            checkpoints_put_back_lost_holds
            limits_follow_utc_days_and_months
            credits_are_numbered
            status_goes_by_version
            a_full_journal_refuses_holds_and_never_finishes
            a_status_is_heard_before_the_record
            amounts_stop_below_two_to_the_53
        }
    };
}

pub(crate) use conformance;
