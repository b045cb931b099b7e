//! The conformance suite of `Balances`: scripts listed once, applied to every backend.

mod memory;
mod script;
mod suite;

/// Applies every test of the suite to the backend that `$setup` makes.
macro_rules! conformance {
    ($setup:path: $($test:ident)*) => {$(
        #[tokio::test]
        async fn $test() {
            let (balances, clock) = $setup();
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
            ended_requests_are_forgotten_when_booked_and_old
        }
    };
}

pub(crate) use conformance;
